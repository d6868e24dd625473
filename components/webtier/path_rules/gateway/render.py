"""Compiles rules to HTTPRoutes of the Gateway API: one for each rule, named after its host and path alone.

A Gateway puts the matches of all its routes in one order: first the host, the longer name before the shorter and before
none; then exact paths, then the longest prefix; then the most headers; and then whichever route is older. The model's
order is the same, but that

* a host is one more thing to match there, so that a path which no rule of the host is for would reach those of its
  wildcard and those without a host. So every host has a route for all paths;
* the place of regexes is left open. `http_route_problems` says which are refused.

No two rules of different routes ever differ in nothing, so that no age decides. Each rule has one match, since a
rewritten prefix takes no more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from webtier.path_rules.gateway import api_types as api
from webtier.path_rules.registry.all_options import RULES
from webtier.path_rules.registry.option import HttpRoute
from webtier.path_rules.rules.hosts import HostSettings, www_partner
from webtier.path_rules.rules.model import ROOT, Backend, PathRule, RuleSet, is_root
from webtier.path_rules.rules.object_names import object_name, rule_object_name
from webtier.path_rules.rules.options import (
    Canary,
    CookieCanary,
    HeaderCanary,
    RedirectSettings,
    RegexRewrite,
    ServiceRef,
    StripPrefix,
    WeightCanary,
)
from webtier.path_rules.rules.routing import GatewayRouting

_FORWARDED_PREFIX = "X-Forwarded-Prefix"
_ALL_PATHS = api.HTTPPathMatch("PathPrefix", ROOT)
_ROOT_ITSELF = api.HTTPPathMatch("Exact", ROOT)


@dataclass(frozen=True)
class CompiledRoute:
    """One HTTPRoute, all but its namespace.

    `primary` is the name of the rule's own route, itself included, and `root` of the host's for all paths. `rule` is
    the rule's position, None for the default backend.
    """

    name: str
    host: str | None
    spec: api.HTTPRouteSpec
    primary: str
    root: str
    rule: int | None


def compile_routes(
    name: str, rules: RuleSet, gateway: GatewayRouting, backends: Mapping[str, Backend]
) -> list[CompiledRoute]:
    """The routes for rules that `check_rules` found nothing wrong with for this Gateway.

    They come by host, and a rule's own before what belongs to it.
    """
    compiler = _Compiler(rules, gateway, backends)
    routes: list[CompiledRoute] = []
    for host in rules.host_names:
        root = object_name(name, host, ROOT)
        for position, rule in rules.complete(host):
            primary = rule_object_name(name, rule)
            for suffix, spec in compiler.specs(rule).items():
                routes.append(CompiledRoute(primary + suffix, host, spec, primary, root, position))
    return routes


@dataclass(frozen=True)
class _Compiler:
    rules: RuleSet
    gateway: GatewayRouting
    backends: Mapping[str, Backend]

    def specs(self, rule: PathRule) -> dict[str, api.HTTPRouteSpec]:
        """A rule's own route and those that belong to it, by what their names end with."""
        settings = self.rules.settings(rule.host)
        hosts = None if rule.host is None else [rule.host]
        both = self._parents()
        found: dict[str, api.HTTPRouteSpec] = {}
        if rule.redirect is not None:
            # It comes before the way to HTTPS.
            found[""] = api.HTTPRouteSpec(both, [_redirecting(_path(rule), _redirect(rule.redirect))], hosts)
        elif settings.redirects_to_https:
            to_https = _redirecting(_path(rule), api.HTTPRequestRedirectFilter(308, scheme="https"), _filters(rule))
            found[""] = api.HTTPRouteSpec(self._parents(http=False), self._serving(rule, settings), hosts)
            found["-https"] = api.HTTPRouteSpec(self._parents(https=False), [to_https], hosts)
        else:
            found[""] = api.HTTPRouteSpec(both, self._serving(rule, settings), hosts)
        if is_root(rule) and settings.app_root is not None:
            there = api.HTTPRequestRedirectFilter(302, path=_whole(settings.app_root))
            found["-app-root"] = api.HTTPRouteSpec(both, [_redirecting(_ROOT_ITSELF, there)], hosts)
        if is_root(rule) and rule.host is not None and settings.www_redirect:
            here = api.HTTPRequestRedirectFilter(308, hostname=rule.host)
            found["-www"] = api.HTTPRouteSpec(both, [_redirecting(_ALL_PATHS, here)], [www_partner(rule.host)])
        return found

    def _serving(self, rule: PathRule, settings: HostSettings) -> list[api.HTTPRouteRule]:
        added = _filters(rule)
        return [
            api.HTTPRouteRule(
                [api.HTTPRouteMatch(path, headers)], [*added, *_rewriting(rule, rewrite)] or None, backends
            )
            for path, rewrite in _rewrites(rule, app_root=settings.app_root is not None)
            for headers, backends in self._choices(rule.backend or ServiceRef(service=""), rule.canary)
        ]

    def _choices(
        self, backend: ServiceRef, canary: Canary | None
    ) -> list[tuple[Sequence[api.HTTPHeaderMatch] | None, Sequence[api.HTTPBackendRef]]]:
        """Which backends are asked: for requests with certain headers, and at the end for all others."""
        own = self._backend(backend)
        if canary is None:
            return [(None, [own])]
        other = self._backend(canary.backend)
        total = canary.total if isinstance(canary, WeightCanary) else 100
        weighted = [
            api.HTTPBackendRef(each.name, each.port, weight)
            for each, weight in ((own, total - canary.weight), (other, canary.weight))
            if weight > 0
        ]
        chosen = [([header], [other if to_canary else own]) for header, to_canary in _deciding_headers(canary)]
        return [*chosen, (None, weighted)]

    def _backend(self, reference: ServiceRef) -> api.HTTPBackendRef:
        backend = self.backends[reference.service]
        return api.HTTPBackendRef(backend.service_name, backend.ports[reference.port or next(iter(backend.ports))])

    def _parents(self, *, http: bool = True, https: bool = True) -> list[api.ParentReference]:
        """The Gateway's listeners for these; the Gateway as a whole where none is named."""
        sections = (self.gateway.section if http else None, self.gateway.https_section if https else None)
        named = [section for section in sections if section is not None]
        return [api.ParentReference(self.gateway.gateway, self.gateway.namespace, each) for each in (named or [None])]


def _path(rule: PathRule) -> api.HTTPPathMatch:
    match rule.match:
        case "exact":
            return api.HTTPPathMatch("Exact", rule.path)
        case "prefix":
            return api.HTTPPathMatch("PathPrefix", rule.path)
        case "regex":
            # Some engines compare the whole path with it, some look for it anywhere. With both ends both are the same.
            # RE2's `.` is no line feed, which a path has only where a Gateway decodes `%0A` before it compares.
            return api.HTTPPathMatch("RegularExpression", f"^(?s:{rule.path})\\z")


def _rewrites(rule: PathRule, *, app_root: bool) -> list[tuple[api.HTTPPathMatch, api.HTTPPathModifier | None]]:
    """The paths of a rule, each with what the backend sees in its place; None for the same.

    `app_root` is whether the path `/` of the host never gets here.
    """
    path = _path(rule)
    match rule.rewrite:
        case None:
            return [(path, None)]
        case RegexRewrite(to=to):
            return [(path, _whole(to))]
        case StripPrefix():
            replacement = ROOT
        case other:
            replacement = other.replacement
    if rule.match == "exact":
        return [(path, _whole(replacement))]
    below = (path, api.HTTPPathModifier("ReplacePrefixMatch", replace_prefix_match=replacement))
    if rule.path != ROOT or app_root:
        return [below]
    # Whether the prefix `/` leaves anything of the path `/` is not said, so that it has a rule of its own.
    return [(_ROOT_ITSELF, _whole(f"{replacement}/")), below]


def _whole(path: str) -> api.HTTPPathModifier:
    return api.HTTPPathModifier("ReplaceFullPath", replace_full_path=path)


def _rewriting(rule: PathRule, rewrite: api.HTTPPathModifier | None) -> list[api.HTTPRouteFilter]:
    if rewrite is None:
        return []
    filters = [api.HTTPRouteFilter("URLRewrite", url_rewrite=api.HTTPURLRewriteFilter(rewrite))]
    if isinstance(rule.rewrite, RegexRewrite):
        return filters
    prefix = api.HTTPHeaderFilter([api.HTTPHeader(_FORWARDED_PREFIX, rule.path)])
    return [api.HTTPRouteFilter("RequestHeaderModifier", request_header_modifier=prefix), *filters]


def _deciding_headers(canary: Canary) -> list[tuple[api.HTTPHeaderMatch, bool]]:
    """The headers that decide, each with whether for the canary."""
    match canary:
        case WeightCanary():
            return []
        case HeaderCanary(header=header, value=str(value)):
            return [(api.HTTPHeaderMatch(header, value), True)]
        case HeaderCanary(header=header, pattern=str(pattern)):
            # As with paths. `^` and `$` within the pattern keep their meaning.
            return [(api.HTTPHeaderMatch(header, f"^.*(?:{pattern}).*$", "RegularExpression"), True)]
        case HeaderCanary(header=header):
            decisive = [(api.HTTPHeaderMatch(header, word), word == _ALWAYS) for word in (_ALWAYS, _NEVER)]
        case CookieCanary(cookie=cookie):
            decisive = [(_cookie(cookie, word), word == _ALWAYS) for word in (_ALWAYS, _NEVER)]
    # Where no others get the canary there is nothing to be kept from.
    return decisive if canary.weight > 0 else decisive[:1]


_ALWAYS, _NEVER = "always", "never"


def _cookie(name: str, value: str) -> api.HTTPHeaderMatch:
    return api.HTTPHeaderMatch("Cookie", f"^(?:.*; *)?{name}={value}(?:;.*)?$", "RegularExpression")


def _redirecting(
    path: api.HTTPPathMatch, redirect: api.HTTPRequestRedirectFilter, before: Sequence[api.HTTPRouteFilter] = ()
) -> api.HTTPRouteRule:
    filters = [*before, api.HTTPRouteFilter("RequestRedirect", request_redirect=redirect)]
    return api.HTTPRouteRule([api.HTTPRouteMatch(path)], filters)


def _redirect(redirect: RedirectSettings) -> api.HTTPRequestRedirectFilter:
    url = urlsplit(redirect.to)
    return api.HTTPRequestRedirectFilter(redirect.code, url.scheme, url.hostname, url.port, _whole(url.path or ROOT))


def _filters(rule: PathRule) -> list[api.HTTPRouteFilter]:
    """Those that options add, each by itself."""
    return [
        added
        for each in RULES.given(rule)
        if isinstance(each.option.http_route, HttpRoute) and each.option.http_route.filters is not None
        for added in each.option.http_route.filters(each.value)
    ]
