"""A second controller on the running cluster, which serves one namespace and knows of no other."""

import json
import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pulumi
import pytest
from cryptography import x509

from components.ingress_nginx import IngressNginx, IngressNginxArgs, IngressNginxSettings
from components.ingress_nginx.alerts import controller_alerts
from components.path_rules import Backend, PathRule, PathRules, PathRulesArgs
from components.service_exposure.ports import tcp_ports
from components.web_service import WebService, WebServiceArgs, WebServiceSettings
from devcluster.plan import NODES
from environment.cluster import make_namespace
from tests.cluster.second_stack import SecondStack, inline_stack, provider, remove_controller
from tests.cluster.steady_requests import SteadyRequests
from tests.cluster.tier import Tier, eventually

OWN, WATCHED, OTHER = "controller-ingress", "controller-watched", "controller-other"
CLASS = "controller-test"
NODE = NODES[0]
HTTP_PORT, HTTPS_PORT = 31260, 31261
HOST = "shop.controller.example"
ACCOUNT = f"system:serviceaccount:{OWN}:ingress-nginx"
SNIPPET = {"nginx.ingress.kubernetes.io/configuration-snippet": "return 200;"}
SECONDS = 60

Right = tuple[str, str, str]
"""A verb, a resource and a namespace, "" for all."""

_PAGE = WebServiceSettings.model_validate(
    {
        "image": "webtier.local/nginx:debian-12",
        "replicas": 1,
        "rollout": {"drain_seconds": 1, "grace_seconds": 5},
        "files": {
            "/etc/nginx/conf.d/default.conf": "server { listen 8080; location / { return 200 page; } }",
        },
    }
)


class ControllerStack(SecondStack):
    """A controller, the namespace that it watches with a page in it, and another namespace."""

    def __init__(self, tier: Tier, folder: Path) -> None:
        super().__init__(tier, inline_stack(tier, "test", folder, "controller", self._program))
        self.settings: dict[str, Any] = {
            "image": "webtier.local/ingress-nginx-controller:debian-12",
            "replicas": 1,
            "namespace": OWN,
            "class_name": CLASS,
            "controller_value": "webtier.example/controller-test",
            "http_node_port": HTTP_PORT,
            "https_node_port": HTTPS_PORT,
            "default_certificate": {"kind": "generated", "names": ["*.controller.example"]},
            "grace_seconds": 20,
            "shutdown_delay_seconds": 5,
            "resources": {"requests": {"cpu": "10m", "memory": "96Mi"}, "limits": {"memory": "384Mi"}},
        }

    def _program(self) -> None:
        cluster = provider(self.tier)
        options = pulumi.ResourceOptions(providers=[cluster])
        own, watched, _ = (
            make_namespace(name, holds_data=False, provider=cluster).metadata.name for name in (OWN, WATCHED, OTHER)
        )
        settings = IngressNginxSettings.model_validate(self.settings)
        ingress = IngressNginx(
            "ingress-nginx", IngressNginxArgs(settings, own, NODE.address, watched_namespace=watched), options
        )
        page = WebService("page", WebServiceArgs(_PAGE, watched), options)
        rules = [PathRule.model_validate({"path": "/page", "host": host, "backend": "page"}) for host in (None, HOST)]
        backends = {"page": Backend(page.service_name, tcp_ports(_PAGE.ports))}
        PathRules(
            "routes",
            PathRulesArgs(watched, ingress.class_name, rules, "page", backends, after=ingress.ready),
            options,
        )
        pulumi.export("url", ingress.http_url)
        pulumi.export("ca", ingress.default_ca)

    def get(self, path: str, host: str | None = None) -> httpx.Response:
        return httpx.get(self.outputs["url"] + path, headers={"Host": host} if host else None, timeout=10)

    def handshake(self, name: str | None) -> x509.Certificate:
        """The certificate for this name, None for no name at all. SSLError when the CA of the outputs is not its."""
        trusting = ssl.create_default_context(cadata=self.outputs["ca"])
        trusting.check_hostname = False
        with (
            socket.create_connection((NODE.address, HTTPS_PORT), timeout=10) as plain,
            trusting.wrap_socket(plain, server_hostname=name) as connection,
        ):
            presented = connection.getpeercert(binary_form=True)
        assert presented
        return x509.load_der_x509_certificate(presented)

    def pods(self) -> set[str]:
        return {pod["metadata"]["name"] for pod in self.tier.items("pods", "-n", OWN)}

    def metrics(self) -> str:
        service = "ingress-nginx-controller-metrics:metrics"
        return self.tier.kubectl("get", "--raw", f"/api/v1/namespaces/{OWN}/services/{service}/proxy/metrics")

    def allowed(self, *asked: Right) -> set[Right]:
        """Which of these the controller's account has, asked for as `kubectl auth can-i --as` does, but all at once."""
        reviews = [
            {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SubjectAccessReview",
                "spec": {
                    "user": ACCOUNT,
                    "groups": ["system:serviceaccounts", f"system:serviceaccounts:{OWN}", "system:authenticated"],
                    "resourceAttributes": {
                        "verb": verb,
                        "group": "networking.k8s.io" if resource.startswith("ingress") else "",
                        "resource": resource,
                        "namespace": namespace,
                    },
                },
            }
            for verb, resource, namespace in asked
        ]
        listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": reviews})
        shown = self.tier.kubectl("create", "-f", "-", "-o", 'jsonpath={.status.allowed}{"\\n"}', input=listed)
        return {right for right, answer in zip(asked, shown.split(), strict=True) if answer == "true"}

    def create_ingress(
        self, namespace: str, host: str, annotations: dict[str, str] | None = None, class_name: str = CLASS, *words: str
    ) -> str:
        """By hand, as somebody else would, and called as its host. What kubectl says when it is refused, or nothing."""
        port = {"service": {"name": "page", "port": {"number": 80}}}
        ingress = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": host, "namespace": namespace, "annotations": annotations or {}},
            "spec": {
                "ingressClassName": class_name,
                "rules": [
                    {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": port}]}},
                ],
            },
        }
        done = self.tier.run("kubectl", "create", "-f", "-", *words, input=json.dumps(ingress))
        return done.stderr if done.returncode else ""


@pytest.fixture(scope="module")
def stack(tier: Tier, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControllerStack]:
    _remove_leftovers(tier)
    with ControllerStack(tier, tmp_path_factory.mktemp("controller")).deployed() as made:
        yield made
    _remove_leftovers(tier)


def _remove_leftovers(tier: Tier) -> None:
    """What a run that was cut off has left."""
    remove_controller(tier, OWN, CLASS)
    tier.kubectl("delete", "namespace", OWN, WATCHED, OTHER, "--ignore-not-found", "--timeout=110s")


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
    return json.loads(tier.kubectl("get", "ingress", name, "-n", namespace, "-o", "json"))["status"]["loadBalancer"]


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
    with SteadyRequests(f"{NODE.address}:{HTTP_PORT}", "/page") as requests:
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

    # One that is there can be deleted, which takes a last change of its finalizers, and of nothing else.
    going = ("ingress", "going.example", "-n", WATCHED)
    stack.tier.kubectl("delete", *going, "--wait=false")
    changed = json.dumps({"metadata": {"annotations": SNIPPET}})
    done = stack.tier.run("kubectl", "patch", *going, "--type=merge", f"--patch={changed}")
    assert "failed calling webhook" in done.stderr
    stack.tier.kubectl("patch", *going, "--type=merge", '--patch={"metadata": {"finalizers": null}}')
    assert stack.tier.kubectl("get", *going, "--ignore-not-found") == ""


def _differs(found: int, old: int) -> None:
    assert found != old


def _are_others(found: set[str], before: set[str]) -> None:
    assert found
    assert found.isdisjoint(before)
