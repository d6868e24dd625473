"""The component: checked rules as Ingress objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

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
    IngressTLSArgs,
    ServiceBackendPortArgs,
)

from components.path_rules.checks import check_rules
from components.path_rules.hosts import HostSettings
from components.path_rules.model import Backend, PathRule, RuleSet
from components.path_rules.options import ServiceRef
from components.path_rules.render_ingress import CompiledIngress, compile_rules
from components.shared.labels import recommended_labels
from components.shared.problems import WrongSettingsError

RESOURCE_TYPE = "webtier:index:PathRules"


@dataclass
class PathRulesArgs:
    """What `PathRules` are made from.

    `backends` are the web services of the stack by name; each rule's `backend`, its canary's and `default_backend`
    must be among them.
    """

    namespace: pulumi.Input[str]
    ingress_class: pulumi.Input[str]
    rules: Sequence[PathRule]
    default_backend: str
    backends: Mapping[str, Backend]
    hosts: Mapping[str, HostSettings] = field(default_factory=dict[str, HostSettings])
    """What holds for whole hosts, by their names."""
    after: Sequence[pulumi.Resource] = field(default_factory=list[pulumi.Resource])
    """What must be ready before an Ingress is sent: the controller and its admission webhook."""


class PathRules(pulumi.ComponentResource):
    """Ingress objects for a set of rules. WrongSettingsError, listing all, when rules are wrong.

    The rules are inputs of the component itself, so that a preview shows a changed one as the user wrote it.
    """

    ingress_names: pulumi.Output[Sequence[str]]
    """The Ingress objects' names, each known once the controller has taken it over."""

    def __init__(self, name: str, args: PathRulesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        rules = RuleSet(dict(enumerate(args.rules)), args.hosts, args.default_backend)
        problems = check_rules(rules, {service: list(backend.ports) for service, backend in args.backends.items()})
        if problems:
            raise WrongSettingsError(f"the path rules '{name}' are wrong", problems)
        super().__init__(RESOURCE_TYPE, name, described(rules), opts)
        self._args = args
        self._name = name
        self._labels = recommended_labels("path-rules", name)
        made: dict[str, Ingress] = {}
        # The object for `/` first: it brings what holds for the whole host.
        for compiled in sorted(compile_rules(name, rules), key=lambda compiled: compiled.name != compiled.root):
            before = compiled.primary or (compiled.root if compiled.name != compiled.root else None)
            made[compiled.name] = self._ingress(compiled, [] if before is None else [made[before]])
        self.ingress_names = pulumi.Output.all(*(ingress.metadata.name for ingress in made.values()))
        self.register_outputs({"ingress_names": self.ingress_names})

    def _ingress(self, compiled: CompiledIngress, before: Sequence[Ingress]) -> Ingress:
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
                tls=compiled.tls and [IngressTLSArgs(hosts=compiled.tls.hosts, secret_name=compiled.tls.secret)],
                rules=[
                    IngressRuleArgs(
                        host=compiled.host,
                        http=HTTPIngressRuleValueArgs(
                            paths=[
                                HTTPIngressPathArgs(
                                    path=compiled.path.path,
                                    path_type=compiled.path.path_type,
                                    backend=self._backend(compiled.backend, compiled.by_port_name),
                                )
                            ]
                        ),
                    )
                ],
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[*self._args.after, *before],
                # Two objects with the same host and path are refused by the webhook.
                delete_before_replace=True,
                aliases=self._former_names(compiled),
                custom_timeouts=pulumi.CustomTimeouts(create="5m", update="5m", delete="3m"),
            ),
        )

    def _former_names(self, compiled: CompiledIngress) -> list[pulumi.Alias]:
        """The object that had a host's `/` when all rules of a host without options shared one."""
        if compiled.name != compiled.root:
            return []
        return [pulumi.Alias(name=f"{self._name}-{f'{compiled.host}-' if compiled.host else ''}plain")]

    def _backend(self, reference: ServiceRef, by_port_name: bool) -> IngressBackendArgs:
        backend = self._args.backends[reference.service]
        port_name = reference.port or next(iter(backend.ports))
        port = (
            ServiceBackendPortArgs(name=port_name)
            if by_port_name
            else ServiceBackendPortArgs(number=backend.ports[port_name])
        )
        return IngressBackendArgs(service=IngressServiceBackendArgs(name=backend.service_name, port=port))


def described(rules: RuleSet) -> dict[str, Any]:
    """The rules by host and path as users write them, without what has its default."""
    return {
        "rules": {f"{rule.host or ''}{rule.path}": _written(rule) for rule in rules.rules.values()},
        "hosts": {host: settings.model_dump(exclude_defaults=True) for host, settings in rules.hosts.items()},
        "default_backend": rules.default_backend,
    }


def _written(rule: PathRule) -> dict[str, Any]:
    fields = rule.model_dump(exclude_defaults=True, exclude={"host", "path"}, by_alias=True)
    return {key: _short(value) for key, value in fields.items()}


def _short(value: Any) -> Any:
    """`{service: user-v1}` as `user-v1`, at any depth."""
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    return fields["service"] if list(fields) == ["service"] else {key: _short(below) for key, below in fields.items()}
