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
    IngressTLSArgs,
    ServiceBackendPortArgs,
)

from webtier.path_rules.checks.all_checks import check_rules
from webtier.path_rules.ingress.annotations import DEFAULT_BACKEND
from webtier.path_rules.ingress.known_backends import keep_backends_known
from webtier.path_rules.ingress.render import CompiledIngress, compile_rules
from webtier.path_rules.ingress.rule_component import RuleComponent, described
from webtier.path_rules.rules.hosts import HostSettings
from webtier.path_rules.rules.model import Backend, PathRule, RuleSet
from webtier.path_rules.rules.options import ServiceRef
from webtier.shared.labels import recommended_labels
from webtier.shared.problems import WrongSettingsError
from webtier.shared.waiting import SKIP_AWAIT

RESOURCE_TYPE = "webtier:index:PathRules"

_TIMEOUTS = pulumi.CustomTimeouts(create="5m", update="5m", delete="3m")

AT_ONCE = 8
"""How many Ingress objects are sent at a time. For each the controller's webhook writes and tests a whole nginx
configuration: with 32 at a time on two busy processors, 14 had no answer within 15 seconds.
"""


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

    What the user wrote is the inputs of a component: one for each rule with an object of its own, and one for all rules
    of a host that share one. So a preview shows a changed rule as it was written, and nothing of the others.
    """

    ingress_names: pulumi.Output[Sequence[str]]
    """The Ingress objects' names, each known once the controller has taken it over."""

    def __init__(self, name: str, args: PathRulesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        rules = RuleSet(dict(enumerate(args.rules)), args.hosts, args.default_backend)
        problems = check_rules(rules, {service: list(backend.ports) for service, backend in args.backends.items()})
        if problems:
            raise WrongSettingsError(f"the path rules '{name}' are wrong", problems)
        super().__init__(RESOURCE_TYPE, name, None, opts)
        self._args = args
        self._name = name
        self._labels = recommended_labels("path-rules", name)
        made: dict[str, Ingress] = {}
        components: dict[str, RuleComponent] = {}
        for compiled in compile_rules(name, rules):
            before = [*made.values()][-AT_ONCE : -AT_ONCE + 1]
            before += [made[other] for other in compiled.after]
            parent = components.get(compiled.primary or "")
            if parent is None:
                parent = RuleComponent(compiled.name, described(rules, compiled), pulumi.ResourceOptions(parent=self))
                components[compiled.name] = parent
            made[compiled.name] = self._ingress(compiled, parent, before)
        ingresses = [*made.values()]
        keep_backends_known(
            name,
            rules,
            args.backends,
            namespace=args.namespace,
            ingress_class=args.ingress_class,
            labels=self._labels,
            after=[*args.after, *ingresses],
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True, custom_timeouts=_TIMEOUTS),
        )
        self.ingress_names = pulumi.Output.all(*(ingress.metadata.name for ingress in ingresses))
        self.register_outputs({"ingress_names": self.ingress_names})

    def _ingress(self, compiled: CompiledIngress, rule: RuleComponent, before: Sequence[Ingress]) -> Ingress:
        return Ingress(
            compiled.name,
            metadata=ObjectMetaArgs(
                name=compiled.name,
                namespace=self._args.namespace,
                labels=self._labels,
                annotations=self._annotations(compiled),
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
                                    path=each.path.path,
                                    path_type=each.path.path_type,
                                    backend=self._backend(each.backend, compiled.by_port_name),
                                )
                                for each in compiled.paths
                            ]
                        ),
                    )
                ],
            ),
            opts=pulumi.ResourceOptions(
                parent=rule,
                depends_on=[*self._args.after, *before],
                # Two objects with the same host and path are refused by the webhook.
                delete_before_replace=True,
                aliases=self._former_names(compiled),
                custom_timeouts=_TIMEOUTS,
            ),
        )

    def _annotations(self, compiled: CompiledIngress) -> dict[str, pulumi.Input[str]]:
        found: dict[str, pulumi.Input[str]] = {**compiled.annotations, **SKIP_AWAIT}
        if compiled.error_pages is not None:
            # By its output, so that it is there first: the controller reads an annotation when the Ingress comes, and
            # does not look again when the Service does.
            found[DEFAULT_BACKEND] = self._args.backends[compiled.error_pages].service_name
        return found

    def _former_names(self, compiled: CompiledIngress) -> list[pulumi.Alias]:
        """The object that had a host's `/` when all rules of a host without options shared one."""
        if compiled.name != compiled.root:
            return []
        former = f"{self._name}-{f'{compiled.host}-' if compiled.host else ''}plain"
        return [pulumi.Alias(name=former, parent=self)]

    def _backend(self, reference: ServiceRef, by_port_name: bool) -> IngressBackendArgs:
        backend = self._args.backends[reference.service]
        port_name = reference.port or next(iter(backend.ports))
        port = (
            ServiceBackendPortArgs(name=port_name)
            if by_port_name
            else ServiceBackendPortArgs(number=backend.ports[port_name])
        )
        return IngressBackendArgs(service=IngressServiceBackendArgs(name=backend.service_name, port=port))
