"""The component: checked rules as HTTPRoutes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from webtier.path_rules.checks.all_checks import check_rules
from webtier.path_rules.gateway.api_types import API_VERSION, KIND, fields_of
from webtier.path_rules.gateway.render import CompiledRoute, compile_routes
from webtier.path_rules.ingress.rule_component import RuleComponent, described_rule
from webtier.path_rules.rules.hosts import HostSettings
from webtier.path_rules.rules.model import Backend, PathRule, RuleSet
from webtier.path_rules.rules.routing import GatewayRouting
from webtier.shared.labels import recommended_labels
from webtier.shared.problems import WrongSettingsError

RESOURCE_TYPE = "webtier:index:HttpRoutes"


@dataclass
class HttpRoutesArgs:
    """What `HttpRoutes` are made from, as `PathRulesArgs`, but for a Gateway in the place of an ingress class.

    The routes are in `namespace`, as the Services of `backends` are.
    """

    namespace: pulumi.Input[str]
    gateway: GatewayRouting
    rules: Sequence[PathRule]
    default_backend: str
    backends: Mapping[str, Backend]
    hosts: Mapping[str, HostSettings] = field(default_factory=dict[str, HostSettings])
    """What holds for whole hosts, by their names."""


class HttpRoutes(pulumi.ComponentResource):
    """HTTPRoutes for a set of rules. WrongSettingsError, listing all, when rules are wrong or can't be said in them.

    Each rule is a component of its own, whose inputs are what the user wrote. An API server that has no HTTPRoutes of
    v1.5 or newer fails the deployment; whether a Gateway has taken them over is not awaited.
    """

    route_names: pulumi.Output[Sequence[str]]
    """The HTTPRoutes' names."""

    def __init__(self, name: str, args: HttpRoutesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        rules = RuleSet(
            dict(enumerate(args.rules)),
            args.hosts,
            args.default_backend,
            deep_wildcards=args.gateway.deep_wildcards,
            www_keeps_slash=args.gateway.www_keeps_slash,
        )
        ports = {service: list(backend.ports) for service, backend in args.backends.items()}
        problems = check_rules(rules, ports, args.gateway)
        if problems:
            raise WrongSettingsError(f"the path rules '{name}' are wrong", problems)
        super().__init__(RESOURCE_TYPE, name, None, opts)
        self._namespace = args.namespace
        self._labels = recommended_labels("path-rules", name)
        made: dict[str, tuple[RuleComponent, CustomResource]] = {}
        # A host's route for all paths first: until it is there, the host's other requests reach the rules of others.
        routes = compile_routes(name, rules, args.gateway, args.backends)
        for route in sorted(routes, key=lambda route: route.name != route.root):
            rule = made[route.primary][0] if route.primary in made else self._rule(rules, route)
            made[route.name] = rule, self._route(route, rule, made[route.root][1] if route.root in made else None)
        self.route_names = pulumi.Output.from_input(list(made))
        self.register_outputs({"route_names": self.route_names})

    def _rule(self, rules: RuleSet, route: CompiledRoute) -> RuleComponent:
        written = described_rule(rules, route.host, route.rule, with_host_settings=route.primary == route.root)
        return RuleComponent(route.primary, written, pulumi.ResourceOptions(parent=self))

    def _route(self, route: CompiledRoute, rule: RuleComponent, before: CustomResource | None) -> CustomResource:
        return CustomResource(
            route.name,
            api_version=API_VERSION,
            kind=KIND,
            metadata=ObjectMetaArgs(name=route.name, namespace=self._namespace, labels=self._labels),
            spec=fields_of(route.spec),
            opts=pulumi.ResourceOptions(
                parent=rule,
                depends_on=[] if before is None else [before],
                custom_timeouts=pulumi.CustomTimeouts(create="5m", update="5m", delete="3m"),
            ),
        )
