"""`IngressNginx`: the controller, what it may do, its webhook, and what waits for what."""

import base64
import datetime
from typing import Any

import pulumi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from pulumi.runtime import MockResourceArgs
from pulumi_kubernetes.core.v1.outputs import LoadBalancerIngress, LoadBalancerStatus, ServiceStatus
from pulumi_kubernetes.networking.v1 import Ingress
from pydantic import ValidationError

from tests.unit.harness import recording as recording_module
from tests.unit.harness.recording import run_recorded
from tests.unit.webtier.ingress_nginx.controller_objects import (
    CLASS,
    CONFIG_MAP,
    CONTROLLER,
    DEPLOYMENT,
    POLICY,
    SECRET,
    SERVICE,
    WEBHOOK,
    container,
    outputs,
    pod,
    record,
    webhooks,
)
from webtier.ingress_nginx import IngressNginx, IngressNginxArgs, IngressNginxSettings
from webtier.ingress_nginx.admission.webhook_certificate import make_webhook_certificate
from webtier.ingress_nginx.component import _url  # pyright: ignore[reportPrivateUsage]
from webtier.service_exposure.addresses import balancer_address


def test_controller_fits_the_restricted_standard() -> None:
    recording = record()
    assert container(recording)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        # The one capability that the standard allows: the official image does not start without it.
        "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": False,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    security = pod(recording)["securityContext"]
    assert (security["runAsUser"], security["runAsNonRoot"]) == (101, True)
    assert security["sysctls"] == [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]


def test_controller_takes_its_class_configuration_and_certificate() -> None:
    arguments = container(record(class_name="inner", controller_value="example.com/inner"))["args"]
    assert arguments[0] == "/nginx-ingress-controller"
    assert "--ingress-class=inner" in arguments
    assert "--controller-class=example.com/inner" in arguments
    assert "--configmap=$(POD_NAMESPACE)/ingress-nginx-controller" in arguments
    assert "--validating-webhook=:8443" in arguments
    assert "--enable-annotation-validation=true" in arguments
    assert "--watch-ingress-without-class=false" in arguments


@pytest.mark.parametrize(
    ("address", "service_type", "flag"),
    [
        ("10.0.0.1", "NodePort", "--publish-status-address=10.0.0.1"),
        (None, "NodePort", "--publish-service=$(POD_NAMESPACE)/ingress-nginx-controller"),
        ("10.0.0.1", "LoadBalancer", "--publish-service=$(POD_NAMESPACE)/ingress-nginx-controller"),
    ],
)
def test_an_address_is_always_published_since_pulumi_waits_for_it(
    address: str | None, service_type: str, flag: str
) -> None:
    arguments = container(record(address, service_type=service_type))["args"]
    assert [argument for argument in arguments if argument.startswith("--publish-")] == [flag]


def test_leaving_controller_serves_on_and_is_not_killed_before_it_is_done() -> None:
    recording = record(grace_seconds=60, drain_seconds=10)
    assert container(recording)["lifecycle"]["preStop"]["exec"]["command"] == ["/wait-shutdown"]
    assert "--shutdown-grace-period=10" in container(recording)["args"]
    assert pod(recording)["terminationGracePeriodSeconds"] == 60
    config = recording.one(CONFIG_MAP, CONTROLLER).inputs["data"]
    assert config["worker-shutdown-timeout"] == "45s"
    strategy = recording.one(DEPLOYMENT, CONTROLLER).inputs["spec"]["strategy"]
    assert strategy["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_default_grace_is_upstreams() -> None:
    assert pod(record())["terminationGracePeriodSeconds"] == 300


def test_probes_begin_late_enough_for_the_first_configuration() -> None:
    # With one second a roll of the controller answered 9 of 700 requests with 503.
    for kind in ("readinessProbe", "livenessProbe"):
        probe = container(record())[kind]
        assert probe["initialDelaySeconds"] == 10
        assert probe["httpGet"] == {"path": "/healthz", "port": 10254}


def test_configuration_is_strict_and_takes_further_keys() -> None:
    config = record(config={"use-gzip": "true"}).one(CONFIG_MAP, CONTROLLER).inputs["data"]
    assert config["allow-snippet-annotations"] == "false"
    assert config["strict-validate-path-type"] == "true"
    assert config["annotations-risk-level"] == "Medium"
    external = record(allow_external_auth=True).one(CONFIG_MAP, CONTROLLER).inputs["data"]
    assert external["annotations-risk-level"] == "High"
    assert config["allow-cross-namespace-resources"] == "false"
    assert config["use-gzip"] == "true"


@pytest.mark.parametrize("key", ["server-snippet", "allow-snippet-annotations", "worker-shutdown-timeout", "Use_Gzip"])
def test_configuration_that_would_weaken_it_is_refused(key: str) -> None:
    with pytest.raises(ValidationError, match="allowed"):
        IngressNginxSettings(config={key: "true"})


def test_service_has_the_two_node_ports() -> None:
    service = record().one(SERVICE, CONTROLLER).inputs["spec"]
    assert service["type"] == "NodePort"
    assert {port["name"]: (port["port"], port["nodePort"]) for port in service["ports"]} == {
        "http": (80, 31234),
        "https": (443, 31235),
    }
    selector = record().one(DEPLOYMENT, CONTROLLER).inputs["spec"]["selector"]["matchLabels"]
    assert service["selector"] == selector


def test_ports_may_be_left_to_the_cluster() -> None:
    service = record(service_type="LoadBalancer", http_node_port=None, https_node_port=None).one(SERVICE, CONTROLLER)
    assert service.inputs["spec"]["type"] == "LoadBalancer"
    told = {"load_balancer_class": "a.example/b", "source_ranges": ["10.0.0.0/8"], "annotations": {"a.example/c": "d"}}
    service = record(service_type="LoadBalancer", load_balancer=told, http_node_port=None, https_node_port=None).one(
        SERVICE, CONTROLLER
    )
    assert service.inputs["spec"]["loadBalancerClass"] == "a.example/b"
    assert service.inputs["spec"]["loadBalancerSourceRanges"] == ["10.0.0.0/8"]
    assert service.inputs["metadata"]["annotations"]["a.example/c"] == "d"
    assert all("nodePort" not in port for port in service.inputs["spec"]["ports"])


def test_class_is_tied_to_the_controller_and_default_only_on_request() -> None:
    ingress_class = record(class_name="inner", controller_value="example.com/inner").one(CLASS, "inner").inputs
    assert ingress_class["metadata"]["name"] == "inner"
    assert ingress_class["spec"]["controller"] == "example.com/inner"
    assert "annotations" not in ingress_class["metadata"]
    default = record(default_class=True).one(CLASS, "nginx").inputs["metadata"]["annotations"]
    assert default == {"ingressclass.kubernetes.io/is-default-class": "true"}


def test_election_lease_may_be_changed_and_no_other() -> None:
    recording = record()
    rules = recording.one("kubernetes:rbac.authorization.k8s.io/v1:Role", "ingress-nginx").inputs["rules"]
    leases = [rule for rule in rules if rule["resources"] == ["leases"] and "update" in rule["verbs"]]
    assert [rule["resourceNames"] for rule in leases] == [["ingress-nginx-leader"]]
    assert "--election-id=ingress-nginx-leader" in container(recording)["args"]


def test_no_role_has_a_wildcard_or_writes_more_than_status_events_and_its_lease() -> None:
    recording = record()
    writes = set[str]()
    for kind in ("Role", "ClusterRole"):
        for role in recording.of_type(f"kubernetes:rbac.authorization.k8s.io/v1:{kind}"):
            for rule in role.inputs["rules"]:
                assert "*" not in (*rule["verbs"], *rule["resources"], *rule["apiGroups"])
                if set(rule["verbs"]) - {"get", "list", "watch"}:
                    writes.update(rule["resources"])
    assert writes == {"events", "ingresses/status", "leases"}


def test_bindings_name_the_controllers_account() -> None:
    recording = record()
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        [binding] = recording.of_type(f"kubernetes:rbac.authorization.k8s.io/v1:{kind}")
        assert binding.inputs["subjects"] == [
            {"kind": "ServiceAccount", "name": "ingress-nginx", "namespace": "ingress-nginx"}
        ]
    assert pod(recording)["serviceAccountName"] == "ingress-nginx"


def test_objects_outside_of_namespaces_are_named_after_the_controllers_namespace() -> None:
    recording = record(namespace="edge")
    names = {
        resource.inputs["metadata"]["name"]
        for kind in ("rbac.authorization.k8s.io/v1:ClusterRole", "rbac.authorization.k8s.io/v1:ClusterRoleBinding")
        for resource in recording.of_type(f"kubernetes:{kind}")
    }
    assert names == {"edge-controller"}
    assert recording.one(WEBHOOK, "ingress-nginx-admission").inputs["metadata"]["name"] == "edge-admission"


@pytest.mark.parametrize(("replicas", "budgets"), [(1, 0), (2, 1)])
def test_two_or_more_controllers_have_a_disruption_budget(replicas: int, budgets: int) -> None:
    assert len(record(replicas=replicas).of_type("kubernetes:policy/v1:PodDisruptionBudget")) == budgets


# --- the webhook ---


@pytest.mark.parametrize(("position", "failure_policy"), [(0, "Fail"), (1, "Ignore")])
def test_webhook_refuses_when_it_can_not_ask_but_only_its_own_ingresses(position: int, failure_policy: str) -> None:
    asked = webhooks(record(class_name="inner"))[position]
    assert asked["failurePolicy"] == failure_policy
    assert asked["rules"] == [
        {
            "apiGroups": ["networking.k8s.io"],
            "apiVersions": ["v1"],
            "operations": ["CREATE", "UPDATE"],
            "resources": ["ingresses", "ingresses/status"],
        }
    ]
    by_name = {each["name"]: each["expression"] for each in asked["matchConditions"]}
    assert "object.spec.ingressClassName == 'inner'" in by_name["class"]
    assert by_name["class"].startswith("!(") == (failure_policy == "Ignore")
    assert "object.spec != oldObject.spec" in by_name["changed"]
    assert asked["clientConfig"]["service"] == {
        "name": "ingress-nginx-controller-admission",
        "namespace": "ingress-nginx",
        "path": "/networking/v1/ingresses",
        "port": 443,
    }


@pytest.mark.parametrize("default_class", [True, False])
def test_an_ingress_without_a_class_must_be_tested_where_such_are_served(default_class: bool) -> None:
    first, _ = webhooks(record(class_name="inner", default_class=default_class))
    by_name = {each["name"]: each["expression"] for each in first["matchConditions"]}
    assert by_name["class"].endswith(f" == 'inner' : {str(default_class).lower()})")


def test_an_ingress_that_is_being_deleted_is_guarded_unless_that_is_switched_off() -> None:
    recording = record(class_name="inner", namespace="edge", watched="shop")
    policy = recording.one(POLICY, "ingress-nginx-admission").inputs
    assert policy["metadata"]["name"] == "edge-admission"
    assert policy["spec"]["matchConstraints"]["namespaceSelector"] == {
        "matchLabels": {"kubernetes.io/metadata.name": "shop"}
    }
    (condition,) = policy["spec"]["matchConditions"]
    (first, *_) = webhooks(recording)
    assert condition["expression"] == first["matchConditions"][0]["expression"]
    binding = recording.one(f"{POLICY}Binding", "ingress-nginx-admission").inputs["spec"]
    assert (binding["policyName"], binding["validationActions"]) == ("edge-admission", ["Deny"])
    assert record(deletion_guard=False).of_type(POLICY) == []


def test_webhook_service_reaches_the_controllers_webhook_port() -> None:
    recording = record()
    service = recording.one(SERVICE, "ingress-nginx-controller-admission").inputs["spec"]
    assert service["selector"] == recording.one(SERVICE, CONTROLLER).inputs["spec"]["selector"]
    assert service["ports"][0]["targetPort"] == "webhook"
    assert {"name": "webhook", "containerPort": 8443} in container(recording)["ports"]


def test_certificate_in_the_secret_is_the_webhook_services_and_signed_by_the_ca() -> None:
    data = record(namespace="edge").one(SECRET, "ingress-nginx-admission").inputs["data"]
    ca = x509.load_pem_x509_certificate(base64.b64decode(data["ca"]))
    leaf = x509.load_pem_x509_certificate(base64.b64decode(data["cert"]))
    leaf.verify_directly_issued_by(ca)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [
        "ingress-nginx-controller-admission.edge.svc",
        "ingress-nginx-controller-admission.edge.svc.cluster.local",
    ]


def test_certificate_lasts_ten_years_on_p256() -> None:
    made = make_webhook_certificate(["a.b.svc"])
    leaf = x509.load_pem_x509_certificate(made["cert"])
    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert leaf.not_valid_after_utc - datetime.datetime.now(datetime.UTC) > datetime.timedelta(days=3650)
    assert leaf.not_valid_before_utc < datetime.datetime.now(datetime.UTC)
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_private_key_is_a_secret_and_the_public_ca_is_none() -> None:
    recording = record()
    assert "data" in recording.one(SECRET, "ingress-nginx-admission").secret_inputs
    assert recording.one(WEBHOOK, "ingress-nginx-admission").secret_inputs == frozenset()
    assert recording.one(DEPLOYMENT, CONTROLLER).secret_inputs == frozenset()


def test_first_certificate_is_kept() -> None:
    options = record().one(SECRET, "ingress-nginx-admission").options
    assert list(options.ignoreChanges) == ["data"]


def test_webhooks_ca_is_the_one_that_the_cluster_has(monkeypatch: pytest.MonkeyPatch) -> None:
    # What this run made is not what the state keeps: the pair must match after any interruption.
    kept = base64.b64encode(b"the CA of the first run").decode()
    answer = recording_module._StubMocks.new_resource  # pyright: ignore[reportPrivateUsage]

    def answer_with_the_kept_one(self: Any, args: MockResourceArgs) -> Any:
        identity, state = answer(self, args)
        return identity, {**state, "data": {"ca": kept}} if args.typ == SECRET else state

    monkeypatch.setattr(recording_module._StubMocks, "new_resource", answer_with_the_kept_one)  # pyright: ignore[reportPrivateUsage]
    assert {each["clientConfig"]["caBundle"] for each in webhooks(record())} == {kept}


def test_webhook_trusts_the_ca_of_the_secret() -> None:
    recording = record()
    data = recording.one(SECRET, "ingress-nginx-admission").inputs["data"]
    assert {each["clientConfig"]["caBundle"] for each in webhooks(recording)} == {data["ca"]}
    # The engine knows of the dependency, so a replaced Secret is followed by the webhook.
    secret_urn = recording.one(SECRET, "ingress-nginx-admission").urn
    assert secret_urn in recording.one(WEBHOOK, "ingress-nginx-admission").options.dependencies


def test_another_certificate_rolls_the_controller_and_never_deletes_it_first() -> None:
    recording = record()
    secret = recording.one(SECRET, "ingress-nginx-admission")
    # With a name of our own, a replacement would delete the old Secret first, and the controller with it.
    assert "name" not in secret.inputs["metadata"]
    assert not secret.options.deleteBeforeReplace
    [volume] = pod(recording)["volumes"]
    assert volume["secret"]["secretName"] == "ingress-nginx-admission-auto"
    assert secret.urn in recording.one(DEPLOYMENT, CONTROLLER).options.dependencies


# --- order ---


def test_controller_starts_once_it_may_read_and_the_webhook_comes_after_it() -> None:
    recording = record()
    bindings = {
        resource.urn
        for kind in ("RoleBinding", "ClusterRoleBinding")
        for resource in recording.of_type(f"kubernetes:rbac.authorization.k8s.io/v1:{kind}")
    }
    controller = recording.one(DEPLOYMENT, CONTROLLER)
    assert bindings <= set(controller.options.dependencies)
    assert controller.urn in recording.one(WEBHOOK, "ingress-nginx-admission").options.dependencies


def test_ready_names_all_that_an_ingress_must_wait_for() -> None:
    def program() -> None:
        args = IngressNginxArgs(IngressNginxSettings(), "ingress-nginx")
        controller = IngressNginx("ingress-nginx", args)
        Ingress("late", opts=pulumi.ResourceOptions(depends_on=list(controller.ready)))

    recording = run_recorded(program)
    needed = {
        recording.one(DEPLOYMENT, CONTROLLER).urn,
        recording.one(WEBHOOK, "ingress-nginx-admission").urn,
        recording.one(CLASS, "nginx").urn,
    }
    late = recording.one("kubernetes:networking.k8s.io/v1:Ingress", "late")
    assert needed <= set(late.options.dependencies)


# --- addresses ---


@pytest.mark.parametrize(
    ("address", "url"), [("10.0.0.1", "http://10.0.0.1:31234"), ("fd00::1", "http://[fd00::1]:31234"), (None, None)]
)
def test_url_is_the_nodes(address: str | None, url: str | None) -> None:
    assert outputs(record(address)).get("http_url") == url


def test_address_of_a_load_balancer_comes_from_its_status() -> None:
    def status(*entries: LoadBalancerIngress) -> ServiceStatus:
        return ServiceStatus(load_balancer=LoadBalancerStatus(ingress=entries))

    assert balancer_address(status(LoadBalancerIngress(ip="203.0.113.7"))) == "203.0.113.7"
    assert balancer_address(status(LoadBalancerIngress(hostname="lb.example.com"))) == "lb.example.com"
    assert balancer_address(status()) is None
    assert balancer_address(None) is None


def test_url_leaves_out_its_schemes_own_port() -> None:
    endpoints = {"http": "lb.example.com:80", "https": "203.0.113.7:443"}
    assert _url("https", endpoints, ":443") == "https://203.0.113.7"
    assert _url("http", endpoints, ":80") == "http://lb.example.com"
    assert _url("http", {}, ":80") is None
