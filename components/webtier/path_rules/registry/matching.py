"""Which requests a rule is for, and where they go: host, path, backend, redirect and rewrite."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from webtier.path_rules.gateway.api_types import HOST_NAME, LONGEST_REDIRECT_PATH
from webtier.path_rules.ingress.paths import forwarded_prefix, own_text, path_type, rewrite_target
from webtier.path_rules.registry.option import IN_THE_SPEC, ITS_FIELDS_HAVE, Annotations, HttpRoute, Option
from webtier.path_rules.registry.registry import OptionsOfModels
from webtier.path_rules.rules.hosts import WILDCARD
from webtier.path_rules.rules.model import PathRule
from webtier.path_rules.rules.options import RedirectSettings, RegexRewrite, ReplacePrefix, ServiceRef
from webtier.path_rules.rules.routing import GatewayRouting
from webtier.shared.addresses import is_address
from webtier.shared.problems import Problem


def _host_problems(host: str | None, _: PathRule, gateway: GatewayRouting) -> Iterator[Problem]:
    if host is not None and host.startswith(WILDCARD) and gateway.wildcards == "refuse":
        message = (
            f"to a Gateway it would also stand for names such as a.b{host[1:]}, which elsewhere it does not; "
            "allowed: hosts by their whole names, or routing.wildcards 'any_depth', by which it stands for them too"
        )
        yield Problem((), message, host)


def _match_problems(match: str, _: PathRule, gateway: GatewayRouting) -> Iterator[Problem]:
    if match == "regex" and gateway.regexes == "refuse":
        message = (
            "Gateway API leaves open whether a regex comes before or after a prefix, and to some Gateways it comes "
            "after '/', so that nothing would reach it; allowed: 'prefix' or 'exact', or routing.regexes "
            "'before_prefixes' for a Gateway that does so"
        )
        yield Problem((), message, match)


def _target_problems(target: str, _rule: PathRule, _gateway: GatewayRouting) -> Iterator[Problem]:
    if "$" in target:
        message = (
            "an HTTPRoute can't put what a group has captured into a path; allowed: a path without '$', or a prefix "
            "with 'strip_prefix' or 'replace_prefix', or routing of the kind 'ingress'"
        )
        yield Problem((), message, target)


def _redirect_problems(url: str, _rule: PathRule, _gateway: GatewayRouting) -> Iterator[Problem]:
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
        yield Problem((), message, url)


def _matched(annotations: Annotations[PathRule], http_route: HttpRoute[PathRule]) -> Option[PathRule]:
    """What each rule is matched by, whatever it does then."""
    return Option(
        annotations=annotations, http_route=http_route, beside_redirect="allowed", services="every", words="shown"
    )


# Several fields of a rule decide these together.
_USE_REGEX: Annotations[PathRule] = {"use-regex": lambda _, rule: path_type(own_text(rule)) != "Prefix" or None}
_TARGET: Annotations[PathRule] = {"rewrite-target": lambda _, rule: rewrite_target(rule)}
_TARGET_AND_PREFIX: Annotations[PathRule] = {
    "rewrite-target": lambda _, rule: rewrite_target(rule),
    "x-forwarded-prefix": lambda _, rule: forwarded_prefix(rule),
}
_REWRITTEN = HttpRoute[PathRule]("rules[].filters[].urlRewrite.path")

OPTIONS: OptionsOfModels[PathRule] = {
    PathRule: {
        "host": _matched(IN_THE_SPEC, HttpRoute("hostnames", problems=_host_problems)),
        "match": _matched(_USE_REGEX, HttpRoute("rules[].matches[].path.type", problems=_match_problems)),
        "path": _matched(IN_THE_SPEC, HttpRoute("rules[].matches[].path.value")),
        "backend": Option(
            annotations=IN_THE_SPEC,
            http_route=HttpRoute("rules[].backendRefs"),
            beside_redirect="refused",
            services="named",
            words="shown",
        ),
        "redirect": Option(
            annotations=ITS_FIELDS_HAVE,
            http_route=HttpRoute("rules[].filters[].requestRedirect"),
            beside_redirect="allowed",
            services="none",
            words="shown",
        ),
        "rewrite": Option(
            annotations=_TARGET_AND_PREFIX,
            http_route=HttpRoute("rules[].filters[].urlRewrite, and X-Forwarded-Prefix by a requestHeaderModifier"),
            beside_redirect="refused",
            services="every",
            words="shown",
        ),
    },
    ServiceRef: {
        "service": Option(annotations=IN_THE_SPEC, http_route=HttpRoute("rules[].backendRefs[].name"), words="shown"),
        "port": Option(annotations=IN_THE_SPEC, http_route=HttpRoute("rules[].backendRefs[].port"), words="shown"),
    },
    RedirectSettings: {
        # The temporary kind has a fixed code in older controllers; this one takes any from 300 to 308.
        "to": Option(
            annotations="permanent-redirect",
            http_route=HttpRoute(
                "rules[].filters[].requestRedirect: scheme, hostname, port and path", problems=_redirect_problems
            ),
            words="shown",
        ),
        "code": Option(
            annotations="permanent-redirect-code",
            http_route=HttpRoute("rules[].filters[].requestRedirect.statusCode"),
            words="shown",
        ),
    },
    ReplacePrefix: {"replacement": Option(annotations=_TARGET_AND_PREFIX, http_route=_REWRITTEN, words="shown")},
    RegexRewrite: {
        "to": Option(
            annotations=_TARGET, http_route=HttpRoute(_REWRITTEN.part, problems=_target_problems), words="shown"
        )
    },
}
