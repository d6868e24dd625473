"""The stack that the suite asks: a controller of its own, echo servers, and all rules of all chapters at once."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.core.v1 import Secret
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from typing_extensions import override

from devcluster.plan import NODES
from environment.cluster import make_namespace
from tests.cluster.conformance.case import Chapter
from tests.cluster.conformance.harness.asking import Controller
from tests.cluster.conformance.harness.services import service_settings
from tests.cluster.conformance.hosts import CERTIFICATES, HOSTS
from tests.cluster.conformance.options import AUTH, FILE, MAP, OPTIONS
from tests.cluster.conformance.paths import PATHS
from tests.cluster.conformance.traffic import CANARIES, COOKIES, CORS, REDIRECTS
from tests.cluster.conformance.trap import TRAP, make_raw_trap
from tests.cluster.harness.stacks.program_stack import ProgramStack, inline_stack, provider
from tests.cluster.harness.tier import Tier, eventually
from webtier.ingress_nginx import IngressNginx, IngressNginxArgs, IngressNginxSettings
from webtier.path_rules import Backend, HostSettings, PathRule, PathRules, PathRulesArgs, RuleSet
from webtier.service_exposure.ports import tcp_ports
from webtier.shared.certificates import issue, make_authority
from webtier.web_service import WebService, WebServiceArgs

NAMESPACE = "conformance"
INGRESS_NAMESPACE = "conformance-ingress"
CLASS = "conformance"
IMAGE = "webtier.local/ingress-nginx-controller:debian-12"
HTTP_PORT, HTTPS_PORT = 31250, 31251
DEFAULT_BACKEND = "home"

CHAPTERS: Mapping[str, Chapter] = {
    "Paths": PATHS,
    "Canaries": CANARIES,
    "Cookies": COOKIES,
    "Redirects": REDIRECTS,
    "CORS": CORS,
    "Options": OPTIONS,
    "Authentication": AUTH,
    "Hosts": HOSTS,
    "The trap": TRAP,
}

ROLLING = "rolling.example"
_ANNA = "$apr1$conform1$eFYZNpRC/GGV8HBHlPCWf."
_BERT = "$apr1$conform2$gWxGJ7kNBUPd0s57/9CgR1"


def all_rules() -> list[PathRule]:
    """Those of all chapters."""
    return [rule for chapter in CHAPTERS.values() for rule in chapter.path_rules]


def all_hosts() -> dict[str, HostSettings]:
    """Those of all chapters."""
    return {host: settings for chapter in CHAPTERS.values() for host, settings in chapter.host_settings.items()}


def rule_set() -> RuleSet:
    """All chapters as one."""
    return RuleSet.of(all_rules(), all_hosts(), DEFAULT_BACKEND)


def ports_of_services() -> dict[str, Sequence[str]]:
    """The names of each web service's ports, the first being its default."""
    return {name: list(tcp_ports(settings.ports)) for name, settings in service_settings().items()}


class ConformanceStack(ProgramStack):
    """The stack as it is deployed. `rolling` is the rule for the host ROLLING, which tests change; `more` others."""

    def __init__(self, tier: Tier, folder: Path) -> None:
        stack = inline_stack(tier, "test", folder, "conformance", self._program)
        super().__init__(tier, stack, NAMESPACE, INGRESS_NAMESPACE, ingress_classes=[CLASS])
        self.rolling: dict[str, Any] = {"backend": "rolling-v1"}
        self.more: list[dict[str, Any]] = []
        self.traffic_policy = "Local"
        self._authority = make_authority("conformance")

    @override
    def up(self, **options: Any) -> Mapping[str, int]:
        # More than the controller's webhook can look at in time: `PathRules` has to hold them back.
        return super().up(parallel=32, **options)

    @cached_property
    def controller(self) -> Controller:
        """At the node that it runs on at first: with the traffic policy `Local` no other one answers."""
        (pod,) = self.tier.items("pods", "-n", INGRESS_NAMESPACE)
        return Controller(pod["status"]["hostIP"], HTTP_PORT, HTTPS_PORT)

    def wait(self) -> None:
        """Until the controller has loaded every rule: an Ingress gets its address before that."""
        eventually(self._check_last_rules, 60)

    def _check_last_rules(self) -> None:
        for case in (chapter.cases[0] for chapter in CHAPTERS.values()):
            assert self.controller.ask(case.ask).status == case.status, case

    def _program(self) -> None:
        cluster = provider(self.tier)
        into = pulumi.ResourceOptions(providers=[cluster])
        namespace = make_namespace(NAMESPACE, holds_data=False, provider=cluster).metadata.name
        ingress_namespace = make_namespace(INGRESS_NAMESPACE, holds_data=False, provider=cluster).metadata.name
        settings = service_settings()
        services = {
            name: WebService(name, WebServiceArgs(service, namespace), into) for name, service in settings.items()
        }
        backends = {
            name: Backend(service.service_name, tcp_ports(settings[name].ports)) for name, service in services.items()
        }
        secrets = self._secrets(namespace, cluster)
        ingress = IngressNginx(
            "conformance",
            IngressNginxArgs(self._controller_settings(), ingress_namespace, NODES[0].address),
            into,
        )
        rolling = {"host": ROLLING, "path": "/", **self.rolling}
        rules = [*all_rules(), *(PathRule.model_validate(rule) for rule in (rolling, *self.more))]
        PathRules(
            "rules",
            PathRulesArgs(
                namespace=namespace,
                ingress_class=ingress.class_name,
                rules=rules,
                default_backend=DEFAULT_BACKEND,
                backends=backends,
                hosts=all_hosts(),
                after=[*ingress.ready, *secrets],
            ),
            into,
        )
        make_raw_trap(namespace, ingress.class_name, ingress.ready, cluster)

    def _controller_settings(self) -> IngressNginxSettings:
        return IngressNginxSettings.model_validate(
            {
                "image": IMAGE,
                "replicas": 1,
                "namespace": INGRESS_NAMESPACE,
                "class_name": CLASS,
                "controller_value": f"k8s.io/{CLASS}",
                "http_node_port": HTTP_PORT,
                "https_node_port": HTTPS_PORT,
                "external_traffic_policy": self.traffic_policy,
                "allow_external_auth": True,
            }
        )

    def _secrets(self, namespace: pulumi.Input[str], cluster: kubernetes.Provider) -> list[Secret]:
        files = {
            FILE: ("Opaque", {"auth": f"anna:{_ANNA}\n"}),
            MAP: ("Opaque", {"anna": _ANNA, "bert": _BERT}),
        }
        for name, host in CERTIFICATES.items():
            pair = issue(self._authority, host, [host])
            data = {"tls.crt": pair.certificate.decode(), "tls.key": pair.key.decode()}
            files[name] = ("kubernetes.io/tls", data)
        return [
            Secret(
                name,
                metadata=ObjectMetaArgs(name=name, namespace=namespace),
                type=kind,
                string_data=pulumi.Output.secret(data),
                opts=pulumi.ResourceOptions(provider=cluster),
            )
            for name, (kind, data) in files.items()
        ]
