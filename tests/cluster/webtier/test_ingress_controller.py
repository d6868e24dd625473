"""A second controller on the running cluster, which serves one namespace and knows of no other."""

import json
import re
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509

from tests.cluster.harness.request_load import NewConnections
from tests.cluster.harness.stacks.controller_stack import (
    ACCOUNT,
    CLASS,
    CONTROLLER_VALUE,
    HOST,
    HTTP_PORT,
    HTTPS_PORT,
    NODE,
    OTHER,
    OWN,
    SECONDS,
    SIBLING,
    SNIPPET,
    WATCHED,
    ControllerStack,
)
from tests.cluster.harness.tier import Tier, eventually
from webtier.ingress_nginx import IngressNginxSettings
from webtier.ingress_nginx.admission.served_ingresses import CLASS_ANNOTATION
from webtier.ingress_nginx.alerts import controller_alerts


@pytest.fixture(scope="module")
def stack(tier: Tier, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControllerStack]:
    with ControllerStack(tier, tmp_path_factory.mktemp("controller")).deployed() as made:
        yield made


def test_an_ingress_of_the_watched_namespace_is_served_and_gets_the_nodes_address(stack: ControllerStack) -> None:
    def is_served() -> None:
        assert stack.get("/page").text == stack.get("/page", HOST).text == "page"

    eventually(is_served, SECONDS)
    ingresses = stack.tier.items("ingresses", "-n", WATCHED)
    assert len(ingresses) >= 2
    for ingress in ingresses:
        assert ingress["status"]["loadBalancer"] == {"ingress": [{"ip": NODE.address}]}


def test_one_of_its_class_in_another_namespace_is_not_served(stack: ControllerStack) -> None:
    assert stack.create_ingress(OTHER, "other.example") == ""
    assert stack.create_ingress(WATCHED, "mine.example") == ""
    # The later one tells that the controller has had the time for the earlier.
    eventually(lambda: _has_the_address(stack.tier, "mine.example"), SECONDS)
    assert _status(stack.tier, OTHER, "other.example") == {}
    # There is no such Service in that namespace: served, it would answer 503, and not as the default backend does.
    assert stack.get("/", "other.example").text == "page"
    # The address was written by the leader, which need not be the one that is asked here.
    eventually(lambda: _names(stack, "mine.example"), SECONDS)
    assert "other.example" not in _configuration(stack)
    stack.tier.kubectl("delete", "ingress", "mine.example", "-n", WATCHED)


def _configuration(stack: ControllerStack) -> str:
    return stack.tier.kubectl("exec", "-n", OWN, min(stack.pods()), "--", "cat", "/etc/nginx/nginx.conf")


def _names(stack: ControllerStack, host: str) -> None:
    assert host in _configuration(stack)


def _status(tier: Tier, namespace: str, name: str) -> dict[str, Any]:
    return tier.one("ingress", name, "-n", namespace)["status"]["loadBalancer"]


def _has_the_address(tier: Tier, name: str) -> None:
    assert _status(tier, WATCHED, name) == {"ingress": [{"ip": NODE.address}]}


def test_it_can_read_nothing_of_other_namespaces(stack: ControllerStack) -> None:
    secrets = [
        (verb, "secrets", namespace)
        for verb in ("get", "list", "watch")
        for namespace in (WATCHED, OTHER, OWN, "default", "kube-system", "")
    ]
    others = [("list", what, OTHER) for what in ("ingresses", "services", "configmaps", "pods")]
    cluster = [("list", what, "") for what in ("nodes", "namespaces", "ingressclasses")]
    assert stack.allowed(*secrets, *others, *cluster) == {
        ("list", "secrets", WATCHED),
        ("watch", "secrets", WATCHED),
        ("list", "ingressclasses", ""),
    }
    # As a person would ask.
    asked = ("kubectl", "auth", "can-i", "list", "secrets", "-n", OTHER, f"--as={ACCOUNT}")
    assert stack.tier.run(*asked).stdout.strip() == "no"


def test_its_log_tells_of_nothing_that_it_would_need(stack: ControllerStack) -> None:
    log = stack.tier.kubectl("logs", "-n", OWN, min(stack.pods()))
    refused = [line for line in log.splitlines() if "forbidden" in line.lower()]
    # It asks for its node's zone, and does without.
    assert [line for line in refused if "Unable to get NODE information" not in line] == []


def test_its_webhook_refuses_snippets_of_its_class_and_lets_other_classes_be(stack: ControllerStack) -> None:
    dry = "--dry-run=server"
    refusal = stack.create_ingress(WATCHED, "a.example", SNIPPET, CLASS, dry)
    assert "admission webhook" in refusal
    assert "Snippet directives are disabled" in refusal
    assert stack.create_ingress(WATCHED, "a.example", SNIPPET, "somebody-elses", dry) == ""


def test_nobody_gets_around_its_webhook(stack: ControllerStack) -> None:
    """By each way in which an Ingress can come to be served, one that the controller refuses is refused."""
    own, others = {CLASS_ANNOTATION: CLASS}, {CLASS_ANNOTATION: "somebody-elses"}
    refusal = "Snippet directives are disabled"

    assert refusal in stack.create_ingress(WATCHED, "by-annotation.example", own | SNIPPET, None)

    for name, class_name, annotations in (("a.example", None, others), ("b.example", "somebody-elses", {})):
        # An Ingress of another class, with what the controller would refuse: none of its business.
        assert stack.create_ingress(WATCHED, name, annotations | SNIPPET, class_name) == ""
        becomes_own = {"metadata": {"annotations": own}, "spec": {"ingressClassName": None}}
        assert refusal in _patch(stack, name, becomes_own)
        if class_name is None:
            # Who writes the status writes the annotations too.
            assert refusal in _patch(stack, name, becomes_own, "--subresource=status")
    assert _patch(stack, "a.example", {"metadata": {"annotations": {"example.com/note": "x"}}}) == ""

    _create_class(stack, SIBLING)
    eventually(lambda: _is_refused(stack.create_ingress(WATCHED, "c.example", SNIPPET, SIBLING), refusal), SECONDS)
    _delete_class(stack, SIBLING)

    going = {"metadata": {"finalizers": ["example.com/held"]}}
    assert stack.create_ingress(WATCHED, "d.example") == ""
    assert _patch(stack, "d.example", going) == ""
    stack.tier.kubectl("delete", "ingress", "d.example", "-n", WATCHED, "--wait=false")
    for words in ((), ("--subresource=status",)):
        assert "is being deleted" in _patch(stack, "d.example", {"metadata": {"annotations": SNIPPET}}, *words)
    assert "is being deleted" in _patch(stack, "d.example", {"spec": {"rules": None, "defaultBackend": _PAGE_BACKEND}})
    assert _patch(stack, "d.example", {"metadata": {"finalizers": None}}) == ""

    # A later one is loaded, and none of the above.
    assert stack.create_ingress(WATCHED, "later.example") == ""
    eventually(lambda: _names(stack, "later.example"), SECONDS)
    assert not re.search(r"server_name (a|b|c|d|by-annotation)\.example", _configuration(stack))
    stack.tier.kubectl("delete", "ingress", "a.example", "b.example", "later.example", "-n", WATCHED)


_PAGE_BACKEND = {"service": {"name": "page", "port": {"number": 80}}}


def _patch(stack: ControllerStack, name: str, change: dict[str, Any], *words: str) -> str:
    """What kubectl says when it is refused, or nothing."""
    asked = ("kubectl", "patch", "ingress", name, "-n", WATCHED, "--type=merge", f"--patch={json.dumps(change)}")
    done = stack.tier.run(*asked, *words)
    return done.stderr if done.returncode else ""


def _is_refused(said: str, refusal: str) -> None:
    """A webhook's configuration, and a class, are known to API server and controller a moment later."""
    assert refusal in said


def _create_class(stack: ControllerStack, name: str) -> None:
    """Another IngressClass that names this controller."""
    made = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": name},
        "spec": {"controller": CONTROLLER_VALUE},
    }
    stack.tier.apply(made)


def _delete_class(stack: ControllerStack, name: str) -> None:
    stack.tier.kubectl("delete", "ingressclass", name, "--ignore-not-found")


@pytest.mark.parametrize("name", ["nobody.example", "deep.below.controller.example", None])
def test_a_host_without_a_certificate_is_shown_the_default_one(stack: ControllerStack, name: str | None) -> None:
    presented = stack.handshake(name)
    names = presented.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["*.controller.example"]


def test_a_client_that_trusts_the_ca_takes_it_for_the_hosts_it_names(stack: ControllerStack) -> None:
    trusting = ssl.create_default_context(cadata=stack.outputs["ca"])
    with (
        socket.create_connection((NODE.address, HTTPS_PORT), timeout=10) as plain,
        trusting.wrap_socket(plain, server_hostname=HOST) as connection,
    ):
        assert connection.version() in ("TLSv1.2", "TLSv1.3")


def test_its_metrics_are_those_of_the_alerts_and_count_rules_without_a_host(stack: ControllerStack) -> None:
    stack.get("/page")

    def are_there() -> None:
        found = stack.metrics()
        assert re.search(r"^nginx_ingress_controller_config_last_reload_successful{.*} 1$", found, re.MULTILINE)
        for alert in controller_alerts("ingress-nginx-controller", OWN, IngressNginxSettings()):
            for metric in re.findall(r"nginx_ingress_controller_\w+", alert.expression):
                assert re.search(rf"^{metric}{{", found, re.MULTILINE), (alert.name, metric)
        assert re.search(
            r'^nginx_ingress_controller_ssl_expire_time_seconds{.*secret_name="ingress-nginx-default-certificate"',
            found,
            re.MULTILINE,
        )
        served = {
            ingress["metadata"]["name"]
            for ingress in stack.tier.items("ingresses", "-n", WATCHED)
            if "host" not in ingress["spec"]["rules"][0]
        }
        counted = set(
            re.findall(r'^nginx_ingress_controller_requests{.*ingress="([^"]+)".*status="200"', found, re.MULTILINE)
        )
        assert served & counted

    eventually(are_there, SECONDS)


def test_a_changed_configuration_rolls_it_without_a_failed_request_and_a_new_certificate_needs_no_roll(
    stack: ControllerStack,
) -> None:
    before, old = stack.pods(), stack.handshake(None).serial_number
    stack.settings["default_certificate"] = {**stack.settings["default_certificate"], "generation": 2}
    stack.up()
    eventually(lambda: _differs(stack.handshake(None).serial_number, old), SECONDS)
    assert stack.pods() == before
    stack.settings["config"] = {"server-tokens": "true"}
    with NewConnections(f"{NODE.address}:{HTTP_PORT}", "/page") as requests:
        stack.up()
        eventually(lambda: _are_others(stack.pods(), before), SECONDS)
    assert requests.failed == [], f"{len(requests.failed)} of {requests.sent}"
    assert requests.sent > 100
    assert stack.get("/page").headers["server"].startswith("nginx/")


def test_its_outage_keeps_nobody_from_deleting_ingresses_nor_from_changing_those_of_others(
    stack: ControllerStack,
) -> None:
    assert stack.create_ingress(WATCHED, "going.example") == ""
    held = '{"metadata": {"finalizers": ["example.com/held"]}}'
    stack.tier.kubectl("patch", "ingress", "going.example", "-n", WATCHED, "--type=merge", f"--patch={held}")
    stack.tier.kubectl("scale", "deployment", "ingress-nginx-controller", "-n", OWN, "--replicas=0")

    def is_away() -> None:
        refusal = stack.create_ingress(WATCHED, "b.example", {}, CLASS, "--dry-run=server")
        assert "failed calling webhook" in refusal

    eventually(is_away, SECONDS)
    assert stack.create_ingress(OTHER, "b.example") == ""
    assert stack.create_ingress(WATCHED, "b.example", {}, "somebody-elses") == ""

    # One that is there can be deleted, which takes a last change of its finalizers.
    going = ("ingress", "going.example", "-n", WATCHED)
    stack.tier.kubectl("delete", *going, "--wait=false")
    stack.tier.kubectl("patch", *going, "--type=merge", '--patch={"metadata": {"finalizers": null}}')
    assert stack.tier.kubectl("get", *going, "--ignore-not-found") == ""


def _differs(found: int, old: int) -> None:
    assert found != old


def _are_others(found: set[str], before: set[str]) -> None:
    assert found
    assert found.isdisjoint(before)
