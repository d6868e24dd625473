"""A stack of a controller of its own, web services and path rules, which a test changes from one `up` to the next."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi

from devcluster.plan import NODES
from environment.cluster import make_namespace
from tests.cluster.harness.stacks.program_stack import ProgramStack, inline_stack, provider
from tests.cluster.harness.tier import Tier
from webtier.ingress_nginx import IngressNginx, IngressNginxArgs, IngressNginxSettings
from webtier.path_rules import Backend, HostSettings, PathRule, PathRules, PathRulesArgs, RuleSet
from webtier.service_exposure.ports import tcp_ports
from webtier.web_service import WebService, WebServiceArgs, WebServiceSettings

WEB_IMAGE = "webtier.local/nginx:debian-12"
CONTROLLER_IMAGE = "webtier.local/ingress-nginx-controller:debian-12"


class RulesStack(ProgramStack):
    """What is set here is deployed by the next `up`."""

    def __init__(self, tier: Tier, folder: Path, name: str, http_port: int) -> None:
        self.name = name
        self.namespace, self._ingress_namespace = f"{name}-test", f"{name}-ingress"
        stack = inline_stack(tier, name, folder, name, self._program)
        super().__init__(tier, stack, self.namespace, self._ingress_namespace, ingress_classes=[name])
        self.services = dict[str, WebServiceSettings]()
        self.rules: Sequence[PathRule] = ()
        self.hosts: Mapping[str, HostSettings] = {}
        self.default_backend = ""
        self.controller: Mapping[str, Any] = {}
        self.url = f"http://{NODES[0].address}:{http_port}"
        self._port = http_port

    @property
    def rule_set(self) -> RuleSet:
        return RuleSet.of(self.rules, self.hosts, self.default_backend)

    def recorded(self) -> dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]]:
        """The inputs and the outputs in the state of all objects of the namespace, by kind and name."""
        return {
            (each["outputs"]["kind"], each["outputs"]["metadata"]["name"]): (each["inputs"], each["outputs"])
            for each in self.resources()
            if each["type"].startswith("kubernetes:") and each["outputs"]["metadata"].get("namespace") == self.namespace
        }

    def _program(self) -> None:
        cluster = provider(self.tier)
        into = pulumi.ResourceOptions(providers=[cluster])
        namespace = make_namespace(self.namespace, holds_data=False, provider=cluster).metadata.name
        ingress_namespace = make_namespace(self._ingress_namespace, holds_data=False, provider=cluster).metadata.name
        services = {
            name: WebService(name, WebServiceArgs(settings, namespace), into)
            for name, settings in self.services.items()
        }
        controller = IngressNginx(
            self.name,
            IngressNginxArgs(self._controller_settings(), ingress_namespace, NODES[0].address, namespace),
            into,
        )
        args = PathRulesArgs(
            namespace=namespace,
            ingress_class=controller.class_name,
            rules=self.rules,
            default_backend=self.default_backend,
            backends={
                name: Backend(service.service_name, tcp_ports(self.services[name].ports))
                for name, service in services.items()
            },
            hosts=self.hosts,
            after=controller.ready,
        )
        PathRules("rules", args, into)

    def _controller_settings(self) -> IngressNginxSettings:
        given: dict[str, Any] = {
            "image": CONTROLLER_IMAGE,
            "replicas": 1,
            "namespace": self._ingress_namespace,
            "class_name": self.name,
            "controller_value": f"k8s.io/{self.name}",
            "http_node_port": self._port,
            # One that Kubernetes chooses may be what another test asks for.
            "https_node_port": self._port + 200,
            "external_traffic_policy": "Local",
            "metrics": {"enabled": False},
        }
        return IngressNginxSettings.model_validate(given | dict(self.controller))
