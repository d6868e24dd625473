"""Whether rules can be said in HTTPRoutes: what Gateway API's standard channel has no words for, or leaves open."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from webtier.path_rules.regexes.path_sets import Budget, Paths, overlap
from webtier.path_rules.registry.all_options import HOSTS, RULES
from webtier.path_rules.registry.option import Host, HttpRoute, RefusedByGateway, Root
from webtier.path_rules.registry.registry import Given
from webtier.path_rules.rules.model import RuleSet
from webtier.path_rules.rules.routing import GatewayRouting
from webtier.shared.problems import Problem


def http_route_problems(rules: RuleSet, gateway: GatewayRouting) -> Iterator[Problem]:
    """What HTTPRoutes can't say, or would say otherwise on some Gateways."""
    for position, rule in rules.rules.items():
        yield from _problems(RULES.given(rule, ("routes", position)), rule, gateway)
    budget = Budget()
    for host in rules.host_names:
        yield from _open_orders(rules, host, budget)
    for name, settings in rules.hosts.items():
        yield from _problems(HOSTS.given(settings, ("hosts", name)), Host(name, settings), gateway)


def _problems(fields: Iterable[Given[Root]], root: Root, gateway: GatewayRouting) -> Iterator[Problem]:
    for each in fields:
        match each.option.http_route:
            case RefusedByGateway(why, allowed) if each.is_set:
                message = f"{why}; allowed: {allowed or _WITHOUT.format(option=each.place[-1])}"
                yield Problem(each.place, message, has_value=False)
            case HttpRoute(problems=problems) if problems is not None:
                found = problems(each.value, root, gateway)
                yield from (replace(problem, place=(*each.place, *problem.place)) for problem in found)
            case _:
                pass


_WITHOUT = (
    "no '{option}' here (the Gateway's implementation may have a policy of its own for it), or routing of the kind "
    "'ingress'"
)


def _open_orders(rules: RuleSet, host: str | None, budget: Budget) -> Iterator[Problem]:
    """Regexes of one host that have a path in common: which comes first no two Gateways need to agree on."""
    before: dict[int, Paths] = {}
    for position, rule in rules.ordered(host):
        if rule.match != "regex":
            continue
        paths = Paths(rule.path)
        earlier = next((each for each, others in before.items() if overlap(paths, others, budget)), None)
        before[position] = paths
        if earlier is not None:
            message = (
                f"some path is both its own and that of routes[{earlier}] (the regex '{rules.rules[earlier].path}'), "
                "and Gateway API leaves open which of two regexes comes first; allowed: regexes without a path in "
                "common, such as of different first segments"
            )
            yield Problem(("routes", position, "path"), message, rule.path)
