"""CORS: which other origins' pages may use the answers."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from webtier.path_rules.gateway.api_types import MOST_HEADERS, MOST_ORIGINS, HTTPCORSFilter, HTTPRouteFilter
from webtier.path_rules.registry.option import ITS_FIELDS_HAVE, Annotations, HttpRoute, Option, Words
from webtier.path_rules.registry.registry import OptionsOfModels
from webtier.path_rules.rules.hosts import WILDCARD
from webtier.path_rules.rules.model import PathRule
from webtier.path_rules.rules.options import CorsSettings
from webtier.path_rules.rules.routing import GatewayRouting
from webtier.shared.problems import Problem


def _filters(cors: CorsSettings | None) -> Sequence[HTTPRouteFilter]:
    if cors is None:
        return ()
    # The API takes sets, in which nothing is twice.
    origins, methods, headers, exposed = (
        list(dict.fromkeys(each)) for each in (cors.origins, cors.methods, cors.headers, cors.exposed_headers)
    )
    sent = HTTPCORSFilter(
        allow_origins=origins,
        allow_methods=methods,
        allow_headers=headers,
        max_age=cors.max_age_seconds,
        expose_headers=exposed or None,
        allow_credentials=cors.credentials or None,
    )
    return [HTTPRouteFilter("CORS", cors=sent)]


def _at_most(most: int) -> Callable[[list[str], PathRule, GatewayRouting], Iterator[Problem]]:
    def problems(listed: list[str], _rule: PathRule, _gateway: GatewayRouting) -> Iterator[Problem]:
        found = len(set(listed))
        if found > most:
            message = f"an HTTPRoute takes no more than {most}, and there are {found}; allowed: at most {most}"
            yield Problem((), message, has_value=False)

    return problems


def _origin_problems(origins: list[str], rule: PathRule, gateway: GatewayRouting) -> Iterator[Problem]:
    for number, origin in enumerate(origins):
        if WILDCARD in origin and gateway.wildcards == "refuse":
            message = (
                "to a Gateway its '*' stands for one label or more, and not for one; allowed: origins by their whole "
                "names, '*' alone, or routing.wildcards 'any_depth', by which it stands for them too"
            )
            yield Problem((number,), message, origin)
    yield from _at_most(MOST_ORIGINS)(origins, rule, gateway)


def _age_problems(seconds: int, _rule: PathRule, _gateway: GatewayRouting) -> Iterator[Problem]:
    if seconds < 1:
        message = "an HTTPRoute takes at least 1; allowed: a whole number from 1 to 31536000"
        yield Problem((), message, seconds)


_FILTER = "rules[].filters[].cors"


def _field(
    annotations: Annotations[PathRule],
    name: str,
    problems: Callable[[Any, PathRule, GatewayRouting], Iterator[Problem]] | None = None,
    *,
    words: Words[PathRule] = "not shown",
) -> Option[PathRule]:
    """A field of the filter, by its `name` there."""
    return Option(annotations=annotations, http_route=HttpRoute(f"{_FILTER}.{name}", problems=problems), words=words)


OPTIONS: OptionsOfModels[PathRule] = {
    PathRule: {
        "cors": Option(
            annotations=ITS_FIELDS_HAVE,
            http_route=HttpRoute(_FILTER, filters=_filters),
            beside_redirect="refused",
            services="every",
            words=lambda cors, _: f"CORS for {', '.join(cors.origins)}",
        )
    },
    CorsSettings: {
        "origins": _field(
            {"enable-cors": True, "cors-allow-origin": lambda origins, _: origins},
            "allowOrigins",
            _origin_problems,
            words="shown",
        ),
        "methods": _field({"cors-allow-methods": lambda methods, _: ", ".join(methods)}, "allowMethods"),
        "headers": _field("cors-allow-headers", "allowHeaders", _at_most(MOST_HEADERS)),
        "exposed_headers": _field("cors-expose-headers", "exposeHeaders", _at_most(MOST_HEADERS)),
        "credentials": _field("cors-allow-credentials", "allowCredentials"),
        "max_age_seconds": _field("cors-max-age", "maxAge", _age_problems),
    },
}
