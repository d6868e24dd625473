"""`IngressNginx` for one namespace, its default certificate and its metrics."""

import base64
import json
from typing import Any

import pytest
import yaml
from cryptography import x509
from pydantic import ValidationError

from tests.unit.harness.recording import Recording
from tests.unit.webtier.ingress_nginx.controller_objects import (
    CLASS,
    CONFIG_MAP,
    CONTROLLER,
    DEPLOYMENT,
    SECRET,
    SERVICE,
    container,
    outputs,
    record,
    webhooks,
)
from webtier.ingress_nginx import IngressNginxSettings
from webtier.ingress_nginx.alerts import controller_alerts

RBAC = "kubernetes:rbac.authorization.k8s.io/v1"
SERVICE_MONITOR = "kubernetes:monitoring.coreos.com/v1:ServiceMonitor"
PROMETHEUS_RULE = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
NAMESPACE_LABEL = "kubernetes.io/metadata.name"


def flags(recording: Recording, name: str) -> list[str]:
    return [flag for flag in container(recording)["args"] if flag.startswith(f"--{name}=")]


def rights(recording: Recording, kind: str, name: str) -> set[tuple[str, str]]:
    rules = recording.one(f"{RBAC}:{kind}", name).inputs["rules"]
    return {(resource, verb) for rule in rules for resource in rule["resources"] for verb in rule["verbs"]}


# --- one namespace ---


def test_all_namespaces_are_watched_unless_one_is_named() -> None:
    recording = record()
    assert flags(recording, "watch-namespace") == []
    assert ("secrets", "list") in rights(recording, "ClusterRole", "ingress-nginx")
    assert not any("namespaceSelector" in each for each in webhooks(recording))
    assert [role.name for role in recording.of_type(f"{RBAC}:Role")] == ["ingress-nginx"]


def test_a_watched_namespace_is_the_only_one_whose_secrets_can_be_read() -> None:
    recording = record(watched="shop")
    assert flags(recording, "watch-namespace") == ["--watch-namespace=shop"]
    readers = {
        role.inputs["metadata"].get("namespace")
        for kind in ("Role", "ClusterRole")
        for role in recording.of_type(f"{RBAC}:{kind}")
        if any("secrets" in rule["resources"] for rule in role.inputs["rules"])
    }
    assert readers == {"shop"}
    binding = recording.one(f"{RBAC}:RoleBinding", "ingress-nginx-watched").inputs
    assert binding["metadata"]["namespace"] == "shop"
    assert binding["roleRef"] == {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "Role",
        "name": recording.one(f"{RBAC}:Role", "ingress-nginx-watched").inputs["metadata"]["name"],
    }
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "ingress-nginx", "namespace": "ingress-nginx"}]


def test_outside_of_namespaces_it_sees_classes_and_nothing_else() -> None:
    assert rights(record(watched="shop"), "ClusterRole", "ingress-nginx") == {
        ("ingressclasses", "list"),
        ("ingressclasses", "watch"),
    }


def test_in_its_own_namespace_it_reads_what_is_its_own() -> None:
    for recording in (record(), record(watched="shop")):
        rules = recording.one(f"{RBAC}:Role", "ingress-nginx").inputs["rules"]
        by_name = {tuple(rule["resources"]): rule["resourceNames"] for rule in rules if "resourceNames" in rule}
        assert by_name == {("configmaps", "services"): [CONTROLLER], ("leases",): ["ingress-nginx-leader"]}
        unnamed = {rule["resources"][0]: rule["verbs"] for rule in rules if "resourceNames" not in rule}
        assert unnamed == {"pods": ["get", "list"], "leases": ["create"]}


def test_the_webhook_is_asked_about_the_watched_namespace_alone() -> None:
    for each in webhooks(record(watched="shop")):
        assert each["namespaceSelector"] == {"matchLabels": {NAMESPACE_LABEL: "shop"}}


def test_the_controller_starts_once_all_its_bindings_are_there() -> None:
    recording = record(watched="shop")
    bindings = {
        each.urn for kind in ("RoleBinding", "ClusterRoleBinding") for each in recording.of_type(f"{RBAC}:{kind}")
    }
    assert len(bindings) == 3
    assert bindings <= set(recording.one(DEPLOYMENT, CONTROLLER).options.dependencies)


def test_other_namespaces_ingresses_never_get_the_class_of_a_controller_that_does_not_serve_them() -> None:
    recording = record(watched="shop", default_class=True)
    assert "annotations" not in recording.one(CLASS, "nginx").inputs["metadata"]
    assert flags(recording, "watch-ingress-without-class") == ["--watch-ingress-without-class=true"]


def template_annotations(recording: Recording) -> dict[str, str]:
    return recording.one(DEPLOYMENT, CONTROLLER).inputs["spec"]["template"]["metadata"].get("annotations", {})


def test_a_configuration_that_it_does_not_follow_rolls_it() -> None:
    config = {"use-gzip": "true"}
    assert template_annotations(record(watched="shop")) == template_annotations(record(watched="shop"))
    assert template_annotations(record(watched="shop")) != template_annotations(record(watched="shop", config=config))
    # One that watches all namespaces follows its own too.
    assert template_annotations(record()) == template_annotations(record(config=config))


# --- the default certificate ---

GENERATED = {"kind": "generated", "names": ["shop.example", "*.shop.example"]}


def leaf(recording: Recording) -> x509.Certificate:
    data = recording.one(SECRET, "ingress-nginx-default-certificate").inputs["data"]
    return x509.load_pem_x509_certificate(base64.b64decode(data["tls.crt"]))


def test_by_default_each_controller_makes_its_own() -> None:
    recording = record()
    assert flags(recording, "default-ssl-certificate") == []
    assert outputs(recording).get("default_ca") is None


@pytest.mark.parametrize(("watched", "namespace"), [("shop", "shop"), (None, "ingress-nginx")])
def test_a_secret_is_named_where_the_controller_can_read_it(watched: str | None, namespace: str) -> None:
    recording = record(watched=watched, default_certificate={"kind": "secret", "name": "wildcard-tls"})
    assert flags(recording, "default-ssl-certificate") == [f"--default-ssl-certificate={namespace}/wildcard-tls"]
    assert [secret.name for secret in recording.of_type(SECRET)] == ["ingress-nginx-admission"]


@pytest.mark.parametrize(("watched", "namespace"), [("shop", "shop"), (None, "ingress-nginx")])
def test_a_generated_one_is_for_the_names_and_signed_by_the_ca_of_the_output(
    watched: str | None, namespace: str
) -> None:
    recording = record(watched=watched, default_certificate=GENERATED)
    secret = recording.one(SECRET, "ingress-nginx-default-certificate")
    assert (secret.inputs["type"], secret.inputs["metadata"]["namespace"]) == ("kubernetes.io/tls", namespace)
    assert flags(recording, "default-ssl-certificate") == [
        f"--default-ssl-certificate={namespace}/ingress-nginx-default-certificate"
    ]
    names = leaf(recording).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["shop.example", "*.shop.example"]
    ca = x509.load_pem_x509_certificate(outputs(recording)["default_ca"].encode())
    leaf(recording).verify_directly_issued_by(ca)
    # A CA in the Secret would be one for clients' certificates.
    assert set(secret.inputs["data"]) == {"tls.crt", "tls.key"}


def test_keys_are_secret_and_the_cas_is_where_the_controller_does_not_read() -> None:
    recording = record(watched="shop", default_certificate=GENERATED)
    authority = recording.one(SECRET, "ingress-nginx-ca")
    assert authority.inputs["metadata"]["namespace"] == "ingress-nginx"
    assert list(authority.options.ignoreChanges) == ["data"]
    for secret in (authority, recording.one(SECRET, "ingress-nginx-default-certificate")):
        assert "data" in secret.secret_inputs
        assert base64.b64decode(secret.inputs["data"]["tls.key"]).startswith(b"-----BEGIN PRIVATE KEY-----")
    assert recording.one(DEPLOYMENT, CONTROLLER).secret_inputs == frozenset()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kind": "generated", "names": []}, "at least 1 item"),
        ({"kind": "generated", "names": ["a b"]}, "allowed: "),
        ({"kind": "generated", "names": ["a.example"], "generation": 0}, "greater than or equal to 1"),
        ({"kind": "secret", "name": "Shop_TLS"}, "allowed: "),
        ({"kind": "secret", "name": "tls", "names": ["a.example"]}, "Extra inputs"),
    ],
)
def test_a_certificate_that_can_not_be_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        IngressNginxSettings.model_validate({"default_certificate": wrong})


# --- metrics ---


def test_requests_are_counted_for_rules_without_a_host_too() -> None:
    recording = record()
    assert flags(recording, "enable-metrics") == ["--enable-metrics=true"]
    assert flags(recording, "metrics-per-host") == ["--metrics-per-host=false"]


def test_prometheus_finds_each_controller() -> None:
    recording = record()
    service = recording.one(SERVICE, f"{CONTROLLER}-metrics").inputs["spec"]
    assert (service["clusterIP"], service["publishNotReadyAddresses"]) == ("None", True)
    assert [(port["port"], port["targetPort"]) for port in service["ports"]] == [(10254, "metrics")]
    assert {"name": "metrics", "containerPort": 10254} in container(recording)["ports"]
    template = recording.one(DEPLOYMENT, CONTROLLER).inputs["spec"]["template"]
    assert service["selector"].items() <= template["metadata"]["labels"].items()
    assert template_annotations(recording) == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "10254",
        "prometheus.io/path": "/metrics",
    }


def test_rules_are_given_to_the_operator_or_laid_down_for_a_plain_prometheus() -> None:
    operator = {"enabled": True, "labels": {"release": "kps"}, "interval_seconds": 15}
    with_operator, plain = record(metrics={"prometheus_operator": operator}), record()
    monitor = with_operator.one(SERVICE_MONITOR, f"{CONTROLLER}-metrics").inputs
    assert monitor["metadata"]["labels"]["release"] == "kps"
    assert monitor["spec"]["namespaceSelector"] == {"matchNames": ["ingress-nginx"]}
    picked = [
        service.inputs["metadata"]["name"]
        for service in with_operator.of_type(SERVICE)
        if monitor["spec"]["selector"]["matchLabels"].items() <= service.inputs["metadata"]["labels"].items()
    ]
    assert picked == [f"{CONTROLLER}-metrics"]
    rule = with_operator.one(PROMETHEUS_RULE, f"{CONTROLLER}-alerts").inputs
    rules = yaml.safe_load(plain.one(CONFIG_MAP, f"{CONTROLLER}-alerts").inputs["data"]["alerts.yaml"])
    assert rules == rule["spec"]
    assert [each["alert"] for each in rules["groups"][0]["rules"]] == [
        alert.name for alert in controller_alerts(CONTROLLER, "ingress-nginx", IngressNginxSettings())
    ]
    assert [config.name for config in with_operator.of_type(CONFIG_MAP)] == [CONTROLLER]
    assert plain.of_type(SERVICE_MONITOR) == plain.of_type(PROMETHEUS_RULE) == []


def test_without_metrics_there_is_nothing_of_them() -> None:
    recording = record(metrics={"enabled": False, "prometheus_operator": {"enabled": True}})
    assert flags(recording, "enable-metrics") == ["--enable-metrics=false"]
    assert template_annotations(recording) == {}
    names = {resource.name for resource in recording.resources}
    assert not {name for name in names if name.endswith(("-metrics", "-alerts"))}
    assert "prometheus" not in json.dumps([resource.inputs for resource in recording.resources])


# --- retired ---


def test_a_retired_controller_is_warned_of_in_one_line_until_it_is_accepted() -> None:
    [warning] = record().warnings
    assert "upstream ended ingress-nginx in March 2026" in warning
    assert "\n" not in warning
    assert record(accept_retired=True).warnings == []
