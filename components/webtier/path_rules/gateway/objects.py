"""The HTTPRoutes of checked rules."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from webtier.path_rules.gateway.api_types import API_VERSION, KIND, fields_of
from webtier.path_rules.gateway.render import CompiledRoute, compile_routes
from webtier.path_rules.ingress.rule_component import RuleComponent, described_rule
from webtier.path_rules.rules.model import Backend, RuleSet
from webtier.path_rules.rules.routing import GatewayRouting


@dataclass(frozen=True)
class HttpRouteObjects:
    """Makes the objects of the rules `name` below `parent`, in the namespace of the Services of `backends`."""

    name: str
    parent: pulumi.Resource
    namespace: pulumi.Input[str]
    gateway: GatewayRouting
    backends: Mapping[str, Backend]
    labels: Mapping[str, str]

    def make(self, rules: RuleSet) -> list[str]:
        """The names of the HTTPRoutes. Whether a Gateway has taken them over is not awaited."""
        made: dict[str, tuple[RuleComponent, CustomResource]] = {}
        # A host's route for all paths first: until it is there, the host's other requests reach the rules of others.
        routes = compile_routes(self.name, rules, self.gateway, self.backends)
        for route in sorted(routes, key=lambda route: route.name != route.root):
            rule = made[route.primary][0] if route.primary in made else self._rule(rules, route)
            made[route.name] = rule, self._route(route, rule, made[route.root][1] if route.root in made else None)
        return list(made)

    def _rule(self, rules: RuleSet, route: CompiledRoute) -> RuleComponent:
        written = described_rule(rules, route.host, route.rule, with_host_settings=route.primary == route.root)
        return RuleComponent(route.primary, written, pulumi.ResourceOptions(parent=self.parent))

    def _route(self, route: CompiledRoute, rule: RuleComponent, before: CustomResource | None) -> CustomResource:
        return CustomResource(
            route.name,
            api_version=API_VERSION,
            kind=KIND,
            metadata=ObjectMetaArgs(name=route.name, namespace=self.namespace, labels=self.labels),
            spec=fields_of(route.spec),
            opts=pulumi.ResourceOptions(
                parent=rule,
                depends_on=[] if before is None else [before],
                custom_timeouts=pulumi.CustomTimeouts(create="5m", update="5m", delete="3m"),
            ),
        )
