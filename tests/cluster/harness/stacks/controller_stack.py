"""A stack of a second controller on the running cluster, which serves one namespace and knows of no other."""

import json
import socket
import ssl
from pathlib import Path
from typing import Any

import httpx
import pulumi
from cryptography import x509

from devcluster.plan import NODES
from environment.cluster import make_namespace
from tests.cluster.harness.stacks.program_stack import ProgramStack, inline_stack, provider
from tests.cluster.harness.tier import Tier
from webtier.ingress_nginx import IngressNginx, IngressNginxArgs, IngressNginxSettings
from webtier.path_rules import Backend, PathRule, PathRules, PathRulesArgs
from webtier.service_exposure.ports import tcp_ports
from webtier.web_service import WebService, WebServiceArgs, WebServiceSettings

OWN, WATCHED, OTHER = "controller-ingress", "controller-watched", "controller-other"
CLASS = "controller-test"
SIBLING = "controller-test-sibling"
"""A class of somebody else's that names the same controller."""
CONTROLLER_VALUE = "webtier.example/controller-test"
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


class ControllerStack(ProgramStack):
    """A controller, the namespace that it watches with a page in it, and another namespace."""

    def __init__(self, tier: Tier, folder: Path) -> None:
        stack = inline_stack(tier, "test", folder, "controller", self._program)
        super().__init__(tier, stack, OWN, WATCHED, OTHER, ingress_classes=[CLASS, SIBLING])
        self.settings: dict[str, Any] = {
            "image": "webtier.local/ingress-nginx-controller:debian-12",
            "replicas": 1,
            "namespace": OWN,
            "class_name": CLASS,
            "controller_value": CONTROLLER_VALUE,
            "http_node_port": HTTP_PORT,
            "https_node_port": HTTPS_PORT,
            "default_certificate": {"kind": "generated", "names": ["*.controller.example"]},
            "grace_seconds": 20,
            "drain_seconds": 5,
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
        self,
        namespace: str,
        host: str,
        annotations: dict[str, str] | None = None,
        class_name: str | None = CLASS,
        *words: str,
    ) -> str:
        """By hand, as somebody else would, and called as its host. What kubectl says when it is refused, or nothing."""
        port = {"service": {"name": "page", "port": {"number": 80}}}
        ingress = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": host, "namespace": namespace, "annotations": annotations or {}},
            "spec": {
                **({"ingressClassName": class_name} if class_name else {}),
                "rules": [
                    {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": port}]}},
                ],
            },
        }
        done = self.tier.run("kubectl", "create", "-f", "-", *words, input=json.dumps(ingress))
        return done.stderr if done.returncode else ""
