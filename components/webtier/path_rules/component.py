"""The component: checked rules as Ingress objects, or as HTTPRoutes of a Gateway."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from webtier.path_rules.checks.all_checks import check_rules
from webtier.path_rules.gateway.objects import make_http_routes
from webtier.path_rules.ingress.objects import IngressObjects
from webtier.path_rules.rules.hosts import HostSettings
from webtier.path_rules.rules.model import Backend, PathRule, RuleSet
from webtier.path_rules.rules.routing import GatewayRouting, IngressRouting
from webtier.shared.labels import recommended_labels
from webtier.shared.problems import WrongSettingsError

RESOURCE_TYPE = "webtier:index:PathRules"

GATEWAY_RESOURCE_TYPE = "webtier:index:HttpRoutes"
"""With a Gateway: what stacks were deployed with when these rules had a component of their own."""


@dataclass
class PathRulesArgs:
    """What `PathRules` are made from.

    `backends` are the web services of the stack by name; each rule's `backend`, its canary's and `default_backend`
    must be among them. The objects are in `namespace`, as the backends' Services are.
    """

    namespace: pulumi.Input[str]
    ingress_class: pulumi.Input[str] | None
    """The class of the Ingress objects; None with a Gateway."""
    rules: Sequence[PathRule]
    default_backend: str
    backends: Mapping[str, Backend]
    hosts: Mapping[str, HostSettings] = field(default_factory=dict[str, HostSettings])
    """What holds for whole hosts, by their names."""
    after: Sequence[pulumi.Resource] = field(default_factory=list[pulumi.Resource])
    """What must be ready before an Ingress is sent: the controller and its admission webhook."""
    routing: IngressRouting | GatewayRouting = field(default_factory=lambda: IngressRouting(kind="ingress"))
    """What the rules become: Ingress objects of `ingress_class`, or HTTPRoutes of a Gateway."""


class PathRules(pulumi.ComponentResource):
    """A set of rules, as Ingress objects or as HTTPRoutes.

    What the user wrote is the inputs of a component: one for each rule with an object of its own, and one for all rules
    of a host that share one. So a preview shows a changed rule as it was written, and nothing of the others.

    WrongSettingsError, listing all, when rules are wrong, or when HTTPRoutes can't express them. ValueError without a
    class for Ingress objects. An API server that has no HTTPRoutes of v1.5 or newer fails the deployment; whether a
    Gateway has taken them over is not awaited.
    """

    object_names: pulumi.Output[Sequence[str]]
    """The names of the Ingress objects, each known once the controller has taken it over, or of the HTTPRoutes."""

    def __init__(self, name: str, args: PathRulesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        rules = RuleSet.of(args.rules, args.hosts, args.default_backend, args.routing)
        problems = check_rules(rules, {service: list(backend.ports) for service, backend in args.backends.items()})
        if problems:
            raise WrongSettingsError(f"the path rules '{name}' are wrong", problems)
        labels = recommended_labels("path-rules", name)
        if rules.gateway is not None:
            super().__init__(GATEWAY_RESOURCE_TYPE, name, None, opts)
            names = make_http_routes(
                name, self, rules, rules.gateway, namespace=args.namespace, backends=args.backends, labels=labels
            )
            self.object_names = pulumi.Output.from_input(names)
            self.register_outputs({"route_names": self.object_names})
            return
        if args.ingress_class is None:
            raise ValueError(f"the path rules '{name}' need an ingress_class for their Ingress objects")
        super().__init__(RESOURCE_TYPE, name, None, opts)
        ingresses = IngressObjects(name, self, args.namespace, args.ingress_class, args.backends, labels, args.after)
        self.object_names = ingresses.make(rules)
        self.register_outputs({"ingress_names": self.object_names})
