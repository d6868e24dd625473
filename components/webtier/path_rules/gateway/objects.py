"""The HTTPRoutes of checked rules."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from webtier.path_rules.gateway.api_types import API_VERSION, KIND, fields_of
from webtier.path_rules.gateway.render import compile_routes
from webtier.path_rules.ingress.rule_component import RuleComponent, described_rule
from webtier.path_rules.rules.model import Backend, RuleSet
from webtier.path_rules.rules.routing import GatewayRouting


def make_http_routes(
    name: str,
    parent: pulumi.Resource,
    rules: RuleSet,
    gateway: GatewayRouting,
    *,
    namespace: pulumi.Input[str],
    backends: Mapping[str, Backend],
    labels: Mapping[str, str],
) -> list[str]:
    """The names of the HTTPRoutes of the rules `name`, which are made below `parent`.

    They are in the namespace of the Services of `backends`. Whether a Gateway has taken them over is not awaited.
    """
    components: dict[str, RuleComponent] = {}
    made: dict[str, CustomResource] = {}
    # A host's route for all paths first: until it is there, the host's other requests reach the rules of others.
    routes = compile_routes(name, rules, gateway, backends)
    for route in sorted(routes, key=lambda route: route.name != route.root):
        if route.primary not in components:
            written = described_rule(rules, route.host, route.rule, with_host_settings=route.primary == route.root)
            opts = pulumi.ResourceOptions(parent=parent)
            components[route.primary] = RuleComponent(route.primary, written, opts)
        made[route.name] = CustomResource(
            route.name,
            api_version=API_VERSION,
            kind=KIND,
            metadata=ObjectMetaArgs(name=route.name, namespace=namespace, labels=labels),
            spec=fields_of(route.spec),
            opts=pulumi.ResourceOptions(
                parent=components[route.primary],
                depends_on=[made[route.root]] if route.root in made else [],
                custom_timeouts=pulumi.CustomTimeouts(create="5m", update="5m", delete="3m"),
            ),
        )
    return list(made)
