"""Whether canaries and cookies do what their rules say, and nothing to other rules.

ingress-nginx keeps what it knows of a canary with the canary's Service, and the list of canaries with the Service
that they stand beside: so two rules that share a Service share these, whether they say so or not. The same holds for
the cookies of session affinity.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from webtier.path_rules.regexes.syntax import RegexError, parse_pattern
from webtier.path_rules.rules.model import PathRule, RuleSet
from webtier.path_rules.rules.options import HeaderCanary, ServiceRef, WeightCanary
from webtier.shared.problems import Problem


def canary_problems(rules: RuleSet) -> Iterator[Problem]:
    """Canaries that contradict themselves."""
    for position, rule in rules.rules.items():
        place, canary = ("routes", position, "canary"), rule.canary
        if isinstance(canary, WeightCanary) and canary.weight > canary.total:
            message = f"more than its total; allowed: a whole number from 0 to {canary.total}"
            yield Problem((*place, "weight"), message, canary.weight)
        if not isinstance(canary, HeaderCanary) or canary.pattern is None:
            continue
        if canary.value is not None:
            message = "'value' is set too, and would be the only one that counts; allowed: one of the two"
            yield Problem((*place, "pattern"), message, canary.pattern)
        try:
            parse_pattern(canary.pattern)
        except RegexError as error:
            yield Problem((*place, "pattern"), str(error), canary.pattern)


def shared_service_problems(rules: RuleSet, backends: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    """Canaries and session affinity that to ingress-nginx would reach rules which do not have them."""
    yield from _canaries_that_are_backends(rules)
    yield from _different_canaries_of_one_service(rules)
    yield from _shared_backends(rules, backends)
    yield from _shared_cookies(rules)


def _canaries_that_are_backends(rules: RuleSet) -> Iterator[Problem]:
    primaries = {rule.backend.service: f"routes[{number}]" for number, rule in rules.rules.items() if rule.backend}
    if rules.default_backend is not None:
        primaries.setdefault(rules.default_backend, "default_backend")
    for position, rule in rules.rules.items():
        if rule.canary is None or rule.canary.backend.service not in primaries:
            continue
        service = rule.canary.backend.service
        own = rule.backend is not None and rule.backend.service == service
        whose = "this rule itself" if own else primaries[service]
        message = (
            f"{whose} has it as its own backend, and the controller would then drop the canary; allowed: a web service "
            "that is no rule's own backend"
        )
        yield Problem(("routes", position, "canary", "backend"), message, service)


def _different_canaries_of_one_service(rules: RuleSet) -> Iterator[Problem]:
    first: dict[ServiceRef, int] = {}
    for position, rule in rules.rules.items():
        if rule.canary is None:
            continue
        earlier = first.setdefault(rule.canary.backend, position)
        if rules.rules[earlier].canary != rule.canary:
            message = (
                f"it is the canary of routes[{earlier}] too, but chosen differently there, and the controller knows "
                "one choice for a Service; allowed: the same canary in both, or another web service here"
            )
            yield Problem(("routes", position, "canary", "backend"), message, rule.canary.backend.service)


def _shared_backends(rules: RuleSet, backends: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    sharing: dict[ServiceRef, list[int]] = defaultdict(list)
    for position, rule in rules.rules.items():
        if rule.backend is not None and (rule.canary is not None or rule.affinity is not None):
            port = rule.backend.port or next(iter(backends.get(rule.backend.service, ())), None)
            sharing[ServiceRef(service=rule.backend.service, port=port)].append(position)
    for service, positions in sharing.items():
        for position in positions[1:]:
            field = _difference(rules.rules[positions[0]], rules.rules[position])
            if field is None:
                continue
            message = (
                f"not as in routes[{positions[0]}], which also goes to {service.service}, and the controller knows one "
                f"{field} for a Service and port; allowed: the same in both, no 'canary' and no 'affinity' in one of "
                "them, or another web service"
            )
            yield Problem(("routes", position, field), message, has_value=False)


def _difference(one: PathRule, other: PathRule) -> str | None:
    if one.canary != other.canary:
        return "canary"
    return "affinity" if one.affinity != other.affinity else None


def _shared_cookies(rules: RuleSet) -> Iterator[Problem]:
    first: dict[tuple[str | None, str], tuple[int, str]] = {}
    for position, rule in rules.rules.items():
        if rule.affinity is None or rule.backend is None:
            continue
        cookie = rule.affinity.cookie_for(rule.backend.service)
        earlier, service = first.setdefault((rule.host, cookie), (position, rule.backend.service))
        if service != rule.backend.service:
            message = (
                f"routes[{earlier}] has this cookie on the same host for {service}, and one cookie can't remember the "
                "pods of two web services; allowed: another name, or none for one by the web service"
            )
            yield Problem(("routes", position, "affinity", "cookie"), message, cookie)
