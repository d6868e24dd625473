"""Canaries. What they say is said of an Ingress of their own: no other annotations have an effect there."""

from collections.abc import Iterator

from webtier.path_rules.registry.option import ITS_FIELDS_HAVE, HttpRoute, Option
from webtier.path_rules.registry.registry import OptionsOfModels
from webtier.path_rules.rules.model import PathRule
from webtier.path_rules.rules.options import Canary, CookieCanary, HeaderCanary, ServiceRef, WeightCanary
from webtier.path_rules.rules.routing import GatewayRouting
from webtier.shared.problems import Problem


def _choice(canary: Canary) -> str:
    match canary:
        case WeightCanary():
            return f"{canary.weight} of {canary.total}"
        case HeaderCanary(pattern=str(pattern)):
            chosen = f"header {canary.header} with {pattern}"
        case HeaderCanary():
            chosen = f"header {canary.header}: {canary.value or 'always'}"
        case CookieCanary():
            chosen = f"cookie {canary.cookie}=always"
    return chosen if canary.weight == 0 else f"{chosen}, else {canary.weight} of 100"


def _backend_problems(backend: ServiceRef, rule: PathRule, _: GatewayRouting) -> Iterator[Problem]:
    if backend == rule.backend:
        message = "this rule itself has it as its backend; allowed: another web service"
        yield Problem((), message, backend.service)


_WEIGHTS = HttpRoute[PathRule]("rules[].backendRefs[].weight")
_HEADERS = HttpRoute[PathRule]("rules[].matches[].headers")

_BACKEND = Option[PathRule](
    annotations={"canary": True},
    http_route=HttpRoute("rules[].backendRefs", problems=_backend_problems),
    services="named",
    words="shown",
)
_WEIGHT = Option[PathRule](annotations="canary-weight", http_route=_WEIGHTS, words="shown")

OPTIONS: OptionsOfModels[PathRule] = {
    PathRule: {
        "canary": Option(
            annotations=ITS_FIELDS_HAVE,
            http_route=HttpRoute("rules[]: one for each header that decides, and backendRefs with weights"),
            beside_redirect="refused",
            services="every",
            words=lambda canary, _: f"canary {canary.backend.described}: {_choice(canary)}",
        )
    },
    WeightCanary: {
        "backend": _BACKEND,
        "weight": _WEIGHT,
        "total": Option(annotations="canary-weight-total", http_route=_WEIGHTS, words="shown"),
    },
    HeaderCanary: {
        "backend": _BACKEND,
        "header": Option(annotations="canary-by-header", http_route=_HEADERS, words="shown"),
        "value": Option(annotations="canary-by-header-value", http_route=_HEADERS, words="shown"),
        "pattern": Option(annotations="canary-by-header-pattern", http_route=_HEADERS, words="shown"),
        "weight": _WEIGHT,
    },
    CookieCanary: {
        "backend": _BACKEND,
        "cookie": Option(annotations="canary-by-cookie", http_route=_HEADERS, words="shown"),
        "weight": _WEIGHT,
    },
}
