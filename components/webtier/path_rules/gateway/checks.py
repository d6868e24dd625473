"""Whether rules can be said in HTTPRoutes: what Gateway API's standard channel has no words for, or leaves open."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from webtier.path_rules.gateway.api_types import HOST_NAME, LONGEST_REDIRECT_PATH, MOST_HEADERS, MOST_ORIGINS
from webtier.path_rules.regexes.path_sets import Budget, described_by, overlap
from webtier.path_rules.regexes.syntax import parse_regex
from webtier.path_rules.rules.hosts import WILDCARD
from webtier.path_rules.rules.model import PathRule, RuleSet
from webtier.path_rules.rules.options import CorsSettings, RegexRewrite
from webtier.path_rules.rules.routing import GatewayRouting
from webtier.shared.addresses import is_address
from webtier.shared.problems import Place, Problem

_WITHOUT = (
    "allowed: no '{option}' here (the Gateway's implementation may have a policy of its own for it), or {ingress}"
)
_INGRESS = "routing of the kind 'ingress'"

_UNKNOWN: Mapping[str, str] = {
    "error_pages": "Gateway API knows no pages in the place of a backend's errors",
    "body_size": "Gateway API knows no longest body",
    "timeouts": "an HTTPRoute limits a whole request, and not a connection or the wait between two reads",
    "limits": "Gateway API knows no limits by client address",
    "access": "Gateway API does not look at client addresses",
    "affinity": "the standard channel of Gateway API has no session affinity",
    "auth": "the standard channel of Gateway API asks nobody who may come in",
}
"""The options of a rule that an HTTPRoute has no words for, and why."""


def http_route_problems(rules: RuleSet, gateway: GatewayRouting) -> Iterator[Problem]:
    """What HTTPRoutes can't say, or would say otherwise on some Gateways."""
    for position, rule in rules.rules.items():
        place: Place = ("routes", position)
        for option, reason in _UNKNOWN.items():
            if getattr(rule, option) is not None:
                message = f"{reason}; {_WITHOUT.format(option=option, ingress=_INGRESS)}"
                yield Problem((*place, option), message, has_value=False)
        yield from _host_problems(place, rule, gateway)
        yield from _match_problems(place, rule, gateway)
        if rule.redirect is not None:
            yield from _redirect_problems((*place, "redirect", "to"), rule.redirect.to)
        if rule.cors is not None:
            yield from _cors_problems((*place, "cors"), rule.cors, gateway)
        if rule.canary is not None and rule.canary.backend == rule.backend:
            message = "this rule itself has it as its backend; allowed: another web service"
            yield Problem((*place, "canary", "backend"), message, rule.canary.backend.service)
    budget = Budget()
    for host in rules.host_names:
        yield from _open_orders(rules, host, budget)
    yield from _https_problems(rules, gateway)


def _host_problems(place: Place, rule: PathRule, gateway: GatewayRouting) -> Iterator[Problem]:
    if rule.host is None:
        return
    if rule.host.startswith(WILDCARD) and gateway.wildcards == "refuse":
        message = (
            f"to a Gateway it would also stand for names such as a.b{rule.host[1:]}, which elsewhere it does not; "
            "allowed: hosts by their whole names, or routing.wildcards 'any_depth', by which it stands for them too"
        )
        yield Problem((*place, "host"), message, rule.host)


def _match_problems(place: Place, rule: PathRule, gateway: GatewayRouting) -> Iterator[Problem]:
    if rule.match == "regex" and gateway.regexes == "refuse":
        message = (
            "Gateway API leaves open whether a regex comes before or after a prefix, and to some Gateways it comes "
            "after '/', so that nothing would reach it; allowed: 'prefix' or 'exact', or routing.regexes "
            "'before_prefixes' for a Gateway that does so"
        )
        yield Problem((*place, "match"), message, "regex")
    if isinstance(rule.rewrite, RegexRewrite) and "$" in rule.rewrite.to:
        message = (
            "an HTTPRoute can't put what a group has captured into a path; allowed: a path without '$', or a prefix "
            f"with 'strip_prefix' or 'replace_prefix', or {_INGRESS}"
        )
        yield Problem((*place, "rewrite", "to"), message, rule.rewrite.to)


def _redirect_problems(place: Place, url: str) -> Iterator[Problem]:
    parts = urlsplit(url)
    reason = None
    if "?" in url:
        reason = "an HTTPRoute's redirect has no query of its own, and a Gateway keeps the request's"
    elif not HOST_NAME.fullmatch(parts.hostname or "") or is_address(parts.hostname or ""):
        reason = "an HTTPRoute redirects to host names, and not to addresses or other texts"
    elif len(parts.path) > LONGEST_REDIRECT_PATH:
        reason = f"its path has more than {LONGEST_REDIRECT_PATH} characters"
    if reason is not None:
        message = (
            f"{reason}; allowed: a URL of a scheme, a host name, a port and a path, such as 'https://example.com/new'"
        )
        yield Problem(place, message, url)


def _cors_problems(place: Place, cors: CorsSettings, gateway: GatewayRouting) -> Iterator[Problem]:
    if cors.max_age_seconds < 1:
        message = "an HTTPRoute takes at least 1; allowed: a whole number from 1 to 31536000"
        yield Problem((*place, "max_age_seconds"), message, cors.max_age_seconds)
    for number, origin in enumerate(cors.origins):
        if WILDCARD in origin and gateway.wildcards == "refuse":
            message = (
                "to a Gateway its '*' stands for one label or more, and not for one; allowed: origins by their whole "
                "names, '*' alone, or routing.wildcards 'any_depth', by which it stands for them too"
            )
            yield Problem((*place, "origins", number), message, origin)
    for key, given, most in (
        ("origins", cors.origins, MOST_ORIGINS),
        ("headers", cors.headers, MOST_HEADERS),
        ("exposed_headers", cors.exposed_headers, MOST_HEADERS),
    ):
        if len(set(given)) > most:
            message = (
                f"an HTTPRoute takes no more than {most}, and there are {len(set(given))}; allowed: at most {most}"
            )
            yield Problem((*place, key), message, has_value=False)


def _open_orders(rules: RuleSet, host: str | None, budget: Budget) -> Iterator[Problem]:
    """Regexes of one host that have a path in common: which comes first no two Gateways need to agree on."""
    regexes = [position for position in rules.ordered(host) if rules.rules[position].match == "regex"]
    paths = {position: described_by(parse_regex(rules.rules[position].path)) for position in regexes}
    for number, position in enumerate(regexes):
        for earlier in regexes[:number]:
            if not overlap(paths[position], paths[earlier], budget):
                continue
            message = (
                f"some path is both its own and that of routes[{earlier}] (the regex '{rules.rules[earlier].path}'), "
                "and Gateway API leaves open which of two regexes comes first; allowed: regexes without a path in "
                "common, such as of different first segments"
            )
            yield Problem(("routes", position, "path"), message, rules.rules[position].path)
            break


def _https_problems(rules: RuleSet, gateway: GatewayRouting) -> Iterator[Problem]:
    for host, settings in rules.hosts.items():
        if settings.tls is not None:
            message = (
                "an HTTPRoute has no certificates, they belong to the Gateway's listeners; allowed: null here, and "
                "'certificateRefs' at the listener (cert-manager reads the Gateway's annotations)"
            )
            yield Problem(("hosts", host, "tls"), message, has_value=False)
        elif settings.tls_redirect and gateway.https_section is None:
            message = (
                "needs to know the Gateway's listeners for HTTP and for HTTPS; allowed: true together with "
                "routing.section and routing.https_section"
            )
            yield Problem(("hosts", host, "tls_redirect"), message, value=True)
