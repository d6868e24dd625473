"""The Ingress objects of checked rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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

from webtier.path_rules.ingress.annotations import DEFAULT_BACKEND
from webtier.path_rules.ingress.known_backends import ANNOTATIONS, known_paths
from webtier.path_rules.ingress.paths import CompiledPath
from webtier.path_rules.ingress.render import CompiledIngress, compile_rules
from webtier.path_rules.ingress.rule_component import RuleComponent, described
from webtier.path_rules.rules.model import Backend, RuleSet
from webtier.shared.waiting import SKIP_AWAIT

AT_ONCE = 8
"""How many Ingress objects are sent at a time. For each the controller's webhook writes and tests a whole nginx
configuration: with 32 at a time on two busy processors, 14 had no answer within 15 seconds.
"""


@dataclass(frozen=True)
class IngressObjects:
    """Makes the objects of the rules `name` below `parent`. `after` has to be ready before any of them is sent."""

    name: str
    parent: pulumi.Resource
    namespace: pulumi.Input[str]
    ingress_class: pulumi.Input[str]
    backends: Mapping[str, Backend]
    labels: Mapping[str, str]
    after: Sequence[pulumi.Resource]

    def make(self, rules: RuleSet) -> pulumi.Output[Sequence[str]]:
        """The names of the Ingress objects, each known once the controller has taken it over."""
        made: dict[str, Ingress] = {}
        components: dict[str, RuleComponent] = {}
        for compiled in compile_rules(self.name, rules):
            before = [*made.values()][-AT_ONCE : -AT_ONCE + 1]
            before += [made[other] for other in compiled.after]
            rule = components.get(compiled.primary or "")
            if rule is None:
                opts = pulumi.ResourceOptions(parent=self.parent)
                rule = RuleComponent(compiled.name, described(rules, compiled), opts)
                components[compiled.name] = rule
            made[compiled.name] = self._ingress(compiled, rule, before)
        ingresses = [*made.values()]
        self._object(
            f"{self.name}-known-backends",
            # A name that no DNS has, and no other rules do.
            pulumi.Output.format("{0}.{1}.invalid", self.name, self.namespace),
            [self._path(path, by_name) for path, by_name in known_paths(rules, self.backends)],
            ANNOTATIONS,
            # It forgets a web service, and begins to know one that was a canary, after all others.
            pulumi.ResourceOptions(parent=self.parent, depends_on=ingresses),
        )
        return pulumi.Output.all(*(ingress.metadata.name for ingress in ingresses))

    def _ingress(self, compiled: CompiledIngress, rule: RuleComponent, before: Sequence[Ingress]) -> Ingress:
        annotations: dict[str, pulumi.Input[str]] = {**compiled.annotations}
        if compiled.error_pages is not None:
            # By its output, so that it is there first: the controller reads an annotation when the Ingress comes, and
            # does not look again when the Service does.
            annotations[DEFAULT_BACKEND] = self.backends[compiled.error_pages].service_name
        return self._object(
            compiled.name,
            compiled.host,
            [self._path(each, compiled.by_port_name) for each in compiled.paths],
            annotations,
            pulumi.ResourceOptions(parent=rule, depends_on=[*before], aliases=self._former_names(compiled)),
            compiled.tls and [compiled.tls],
        )

    def _object(
        self,
        name: str,
        host: pulumi.Input[str] | None,
        paths: Sequence[HTTPIngressPathArgs],
        annotations: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions,
        tls: Sequence[IngressTLSArgs] | None = None,
    ) -> Ingress:
        own = pulumi.ResourceOptions(
            depends_on=[*self.after],
            # Two objects with the same host and path are refused by the webhook.
            delete_before_replace=True,
            custom_timeouts=pulumi.CustomTimeouts(create="5m", update="5m", delete="3m"),
        )
        return Ingress(
            name,
            metadata=ObjectMetaArgs(
                name=name, namespace=self.namespace, labels=self.labels, annotations={**annotations, **SKIP_AWAIT}
            ),
            spec=IngressSpecArgs(
                ingress_class_name=self.ingress_class,
                tls=tls,
                rules=[IngressRuleArgs(host=host, http=HTTPIngressRuleValueArgs(paths=paths))],
            ),
            opts=pulumi.ResourceOptions.merge(own, opts),
        )

    def _former_names(self, compiled: CompiledIngress) -> list[pulumi.Alias]:
        """The object that had a host's `/` when all rules of a host without options shared one."""
        if compiled.name != compiled.root:
            return []
        former = f"{self.name}-{f'{compiled.host}-' if compiled.host else ''}plain"
        return [pulumi.Alias(name=former, parent=self.parent)]

    def _path(self, each: CompiledPath, by_port_name: bool) -> HTTPIngressPathArgs:
        backend = self.backends[each.backend.service]
        port_name = each.backend.port or next(iter(backend.ports))
        port = (
            ServiceBackendPortArgs(name=port_name)
            if by_port_name
            else ServiceBackendPortArgs(number=backend.ports[port_name])
        )
        service = IngressServiceBackendArgs(name=backend.service_name, port=port)
        return HTTPIngressPathArgs(
            path=each.path, path_type=each.path_type, backend=IngressBackendArgs(service=service)
        )
