"""The component: checked rules as Ingress objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.networking.v1 import (
    HTTPIngressPathArgs,
    HTTPIngressRuleValueArgs,
    Ingress,
    IngressBackendArgs,
    IngressRuleArgs,
    IngressServiceBackendArgs,
    IngressSpecArgs,
    ServiceBackendPortArgs,
)

from components.path_rules.checks import check_rules
from components.path_rules.model import Backend, PathRule
from components.path_rules.render_ingress import CompiledIngress, compile_rules
from components.shared.labels import recommended_labels
from components.shared.problems import WrongSettingsError

RESOURCE_TYPE = "webtier:index:PathRules"


@dataclass
class PathRulesArgs:
    """What `PathRules` are made from.

    `backends` are the web services of the stack by name; each rule's `backend` and
    `default_backend` must be one of them.
    """

    namespace: pulumi.Input[str]
    ingress_class: pulumi.Input[str]
    rules: Sequence[PathRule]
    default_backend: str
    backends: Mapping[str, Backend]
    after: Sequence[pulumi.Resource] = field(default_factory=list[pulumi.Resource])
    """What must be ready before an Ingress is sent: the controller and its admission webhook."""


class PathRules(pulumi.ComponentResource):
    """Ingress objects for a set of rules. WrongSettingsError, listing all, when rules are wrong."""

    ingress_names: pulumi.Output[Sequence[str]]
    """The Ingress objects' names, each known once the controller has taken it over."""

    def __init__(self, name: str, args: PathRulesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        problems = check_rules(dict(enumerate(args.rules)), args.default_backend, args.backends)
        if problems:
            raise WrongSettingsError(f"the path rules '{name}' are wrong", problems)
        super().__init__(RESOURCE_TYPE, name, None, opts)
        self._args = args
        self._labels = recommended_labels("path-rules", name)
        ingresses = [self._ingress(compiled) for compiled in compile_rules(name, args.rules, args.default_backend)]
        self.ingress_names = pulumi.Output.all(*(ingress.metadata.name for ingress in ingresses))
        self.register_outputs({"ingress_names": self.ingress_names})

    def _ingress(self, compiled: CompiledIngress) -> Ingress:
        return Ingress(
            compiled.name,
            metadata=ObjectMetaArgs(
                name=compiled.name,
                namespace=self._args.namespace,
                labels=self._labels,
                annotations=compiled.annotations or None,
            ),
            spec=IngressSpecArgs(
                ingress_class_name=self._args.ingress_class,
                rules=[
                    IngressRuleArgs(
                        host=compiled.host,
                        http=HTTPIngressRuleValueArgs(
                            paths=[
                                HTTPIngressPathArgs(
                                    path=path.path,
                                    path_type=path.path_type,
                                    backend=self._backend(path.backend),
                                )
                                for path in compiled.paths
                            ]
                        ),
                    )
                ],
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(self._args.after),
                # Two objects with the same host and path are refused by the webhook.
                delete_before_replace=True,
                custom_timeouts=pulumi.CustomTimeouts(create="5m", update="5m", delete="3m"),
            ),
        )

    def _backend(self, name: str) -> IngressBackendArgs:
        backend = self._args.backends[name]
        return IngressBackendArgs(
            service=IngressServiceBackendArgs(
                name=backend.service_name, port=ServiceBackendPortArgs(number=backend.port)
            )
        )
