"""What rules mean: the answer to a request, from the rules alone.

This is the model's own semantics, which every renderer has to bring about and which `make routes` explains.
"""

import ipaddress
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from webtier.path_rules.regexes.syntax import as_python
from webtier.path_rules.rules.hosts import WILDCARD, wildcard_of, www_partner
from webtier.path_rules.rules.model import ROOT, PathRule, RuleSet, is_root
from webtier.path_rules.rules.options import (
    Canary,
    CookieCanary,
    CorsSettings,
    HeaderCanary,
    RegexRewrite,
    ReplacePrefix,
    ServiceRef,
    StripPrefix,
    WeightCanary,
)
from webtier.path_rules.rules.request import Refused, Request, escaped


@dataclass(frozen=True)
class Redirected:
    """The client is sent elsewhere. `location` is as it is sent, but for a scheme that is the request's own: then it
    begins with `//`.
    """

    code: int
    location: str
    why: Literal["rule", "https", "www", "app_root"]
    rule: int | None = None


@dataclass(frozen=True)
class Answered:
    """The answer comes from neither a backend nor a redirect: 204 for a preflight request, 403 for who may not ask."""

    code: Literal[204, 403]
    rule: int


@dataclass(frozen=True)
class Served:
    """A backend is asked for `path`, which is as it is sent, with the query. `rule` None is the default backend.

    `canary_share` is the part of such requests that goes to `canary` instead.
    """

    rule: int | None
    backend: ServiceRef
    path: str
    forwarded_prefix: str | None = None
    canary: ServiceRef | None = None
    canary_share: Fraction = Fraction(0)


Answer = Refused | Redirected | Answered | Served


def answer_to(rules: RuleSet, request: Request) -> Answer:
    """The answer to a request, for rules that `check_rules` found nothing wrong with."""
    if request.refused is not None:
        return request.refused
    partner = www_partner_of(rules, request.name)
    if partner is not None:
        # ingress-nginx loses a slash at the end.
        target = request.target if rules.gateway is not None else request.target.removesuffix("/")
        return Redirected(308, f"//{partner}{target}", "www")
    host = responsible_host(rules, request.name)
    settings = rules.settings(host)
    if settings.app_root is not None and request.path == ROOT:
        return Redirected(302, f"//{request.host}{settings.app_root}", "app_root")
    hits = (each for each in rules.ordered(host) if matches(each[1], request.path))
    position, rule = next(hits, (None, None))
    if rule is not None and position is not None:
        # These come before HTTPS, lists and backends.
        if rule.redirect is not None:
            return Redirected(rule.redirect.code, rule.redirect.to, "rule", position)
        if rule.cors is not None and request.method == "OPTIONS" and _allows(rules, rule.cors, request):
            return Answered(204, position)
    if settings.redirects_to_https and not request.https:
        return Redirected(308, f"https://{request.host.partition(':')[0]}{request.target}", "https", position)
    if rule is None or rule.backend is None:
        return Served(None, ServiceRef(service=rules.default_backend or ""), request.target)
    if position is not None and not _lets_in(rule, request.address):
        return Answered(403, position)
    path, prefix = seen_path(rule, request)
    share = canary_share(rule.canary, request)
    canary = rule.canary.backend if rule.canary is not None else None
    return Served(position, rule.backend, path, prefix, canary, share)


def www_partner_of(rules: RuleSet, host: str) -> str | None:
    """The host that a request for this one is sent to since they differ in `www.` alone."""
    partner = www_partner(host)
    return partner if host not in rules.host_names and rules.settings(partner).www_redirect else None


def responsible_host(rules: RuleSet, host: str) -> str | None:
    """Whose rules a request for a host is compared with: its own, else its wildcard's, else those without a host.

    It never sees the others too.
    """
    names = rules.host_names
    if host.startswith(WILDCARD):
        # A client's own `*` is no label of a wildcard's, nor the wildcard itself.
        return None
    if host in names:
        return host
    wildcard = wildcard_of(host)
    while rules.deep_wildcards and wildcard not in names and "." in wildcard.removeprefix(WILDCARD):
        wildcard = wildcard_of(wildcard.removeprefix(WILDCARD))
    # A wildcard stands for labels of ordinary characters.
    return wildcard if wildcard in names and re.fullmatch(r"[\w-]+", host.partition(".")[0], re.ASCII) else None


def matches(rule: PathRule, path: str) -> bool:
    """Whether a rule is for a path."""
    match rule.match:
        case "exact":
            return path == rule.path
        case "regex":
            return as_python(rule.path).fullmatch(path) is not None
        case "prefix":
            return rule.path == ROOT or path == rule.path or path.startswith(rule.path + "/")


def seen_path(rule: PathRule, request: Request) -> tuple[str, str | None]:
    """The path and the query as the backend sees them, and what is sent along as `X-Forwarded-Prefix`.

    Without a rewrite they are as the client has sent them, and else encoded anew.
    """
    rest, prefix = request.path if is_root(rule) else request.path.removeprefix(rule.path), rule.path
    match rule.rewrite:
        case None:
            return request.target, None
        case RegexRewrite(to=to):
            found = as_python(rule.path).fullmatch(request.path)
            groups = found.groups(default="") if found else ()
            path, prefix = re.sub(r"\$([1-9])", lambda group: groups[int(group[1]) - 1], to), None
        case StripPrefix():
            path = rest or ROOT
        case ReplacePrefix(replacement=replacement):
            path = (rest or ROOT) if replacement == ROOT else replacement + rest
    return escaped(path) + (f"?{request.query}" if request.query else ""), prefix


def canary_share(canary: Canary | None, request: Request) -> Fraction:
    """The part of requests like this one that goes to the canary."""
    match canary:
        case None:
            return Fraction(0)
        case WeightCanary():
            return Fraction(canary.weight, canary.total)
        case HeaderCanary():
            chosen = _header_choice(canary, request.headers.get(canary.header.lower()))
        case CookieCanary():
            chosen = _always_or_never(request.cookies.get(canary.cookie))
    return Fraction(canary.weight, 100) if chosen is None else Fraction(chosen)


def _header_choice(canary: HeaderCanary, value: str | None) -> bool | None:
    if value is None or (canary.value is None and canary.pattern is None):
        return _always_or_never(value)
    if canary.pattern is not None:
        return True if re.search(canary.pattern, value, re.ASCII) else None
    return True if value == canary.value else None


def _always_or_never(value: str | None) -> bool | None:
    return {"always": True, "never": False}.get(value or "")


def _allows(rules: RuleSet, cors: CorsSettings, request: Request) -> bool:
    if cors.origins == ["*"]:
        return True
    origin, labels = request.headers.get("origin", ""), "[A-Za-z0-9.-]+" if rules.deep_wildcards else "[A-Za-z0-9-]+"
    patterns = (re.escape(allowed).replace(r"\*", labels, 1) for allowed in cors.origins)
    return any(re.fullmatch(pattern, origin, re.IGNORECASE) for pattern in patterns)


def _lets_in(rule: PathRule, address: str | None) -> bool:
    if rule.access is None or address is None:
        return True
    client = ipaddress.ip_address(address)

    def among(networks: list[str]) -> bool:
        return any(client in ipaddress.ip_network(network) for network in networks)

    return not among(rule.access.deny) and (not rule.access.allow or among(rule.access.allow))
