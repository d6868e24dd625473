"""What a Gateway makes of HTTPRoutes: the Gateway API's documented rules, not ours.

Written from the comments of `apis/v1/httproute_types.go` of Gateway API v1.5, as far as the routes of these tests go.
It knows nothing of path rules. Where the API leaves something open, and a request depends on it, it raises
`LeftOpenError`, but for the place of regexes: they come behind exact paths and before prefixes, as is assumed of such
a Gateway.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

LISTENERS = ("http", "https")
_PORTS = {"http": 80, "https": 443}


class LeftOpenError(Exception):
    """The answer to a request depends on what Gateway API leaves to the implementation."""


@dataclass(frozen=True)
class HttpRoute:
    """One HTTPRoute, as it is sent."""

    name: str
    spec: Mapping[str, Any]


@dataclass(frozen=True)
class GatewayReply:
    """What a client or a backend gets: `code` with a redirect's whole `location`, or else the `backends` and `path`.

    `backends` has each `service:port` with its part of such requests.
    """

    code: int | None = None
    location: str | None = None
    route: str | None = None
    backends: Mapping[str, Fraction] = field(default_factory=dict[str, Fraction])
    path: str | None = None
    forwarded_prefix: str | None = None


@dataclass(frozen=True)
class _Candidate:
    route: HttpRoute
    number: int
    rule: Mapping[str, Any]
    match: Mapping[str, Any]
    order: tuple[int, ...]


class Gateway:
    """One Gateway with a listener for HTTP and one for HTTPS, neither of which has a host name."""

    def __init__(self, routes: Iterable[HttpRoute]) -> None:
        self._routes = list(routes)

    def reply(
        self,
        host: str,
        path: str,
        *,
        https: bool = False,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        cookies: Mapping[str, str] | None = None,
    ) -> GatewayReply:
        """To a request for a path that needs no decoding. Headers by their names in lower case."""
        listener = "https" if https else "http"
        sent = {**(headers or {}), **({"cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())} if cookies else {})}
        found = [
            candidate
            for route in self._routes
            if _is_attached(route, listener)
            for candidate in _candidates(route, host, path, sent)
        ]
        if not found:
            return GatewayReply(404)
        first = _first(found)
        return _answer(first, listener, host, path, method, sent)


def _is_attached(route: HttpRoute, listener: str) -> bool:
    sections = [parent.get("sectionName") for parent in route.spec["parentRefs"]]
    assert set(sections) <= {None, *LISTENERS}
    assert len(set(sections)) == len(sections)
    return None in sections or listener in sections


def _candidates(route: HttpRoute, host: str, path: str, headers: Mapping[str, str]) -> Iterable[_Candidate]:
    hosts = [_host_order(name, host) for name in route.spec.get("hostnames", [])]
    host_order = max((order for order in hosts if order is not None), default=None) if hosts else (0, 0)
    if host_order is None:
        return
    for number, rule in enumerate(route.spec["rules"]):
        for match in rule["matches"]:
            path_order = _path_order(match["path"], path)
            fitting = [_has(headers, header) for header in match.get("headers", [])]
            if path_order is not None and all(fitting):
                yield _Candidate(route, number, rule, match, (*host_order, *path_order, len(fitting)))


def _host_order(name: str, host: str) -> tuple[int, int] | None:
    """Greater for what comes first: characters of a whole name, then of any."""
    if name.startswith("*."):
        # A suffix, before which there is one label or more.
        return (0, len(name)) if host.endswith(name[1:]) and len(host) >= len(name) else None
    return (len(name), len(name)) if name == host else None


def _path_order(match: Mapping[str, str], path: str) -> tuple[int, int] | None:
    value = match["value"]
    match match["type"]:
        case "Exact":
            return (2, 0) if path == value else None
        case "RegularExpression":
            return (1, 0) if _fits(value, path) else None
        case "PathPrefix":
            stem = value.rstrip("/")
            return (0, len(value)) if path == stem or path.startswith(stem + "/") else None
        case _:
            raise AssertionError(match)


def _fits(pattern: str, text: str) -> bool:
    """Whether a regex matches, which some implementations want of the whole text and others of a part."""
    python = pattern.replace("\\z", "\\Z")
    whole, part = re.fullmatch(python, text, re.ASCII), re.search(python, text, re.ASCII)
    if (whole is None) is not (part is None):
        raise LeftOpenError(f"whether {pattern} is for the whole of {text}")
    return whole is not None


def _has(headers: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    value = headers.get(wanted["name"].lower())
    if value is None:
        return False
    return _fits(wanted["value"], value) if wanted["type"] == "RegularExpression" else value == wanted["value"]


def _first(found: list[_Candidate]) -> _Candidate:
    most = max(candidate.order for candidate in found)
    best = [candidate for candidate in found if candidate.order == most]
    if len({candidate.route.name for candidate in best}) > 1:
        raise LeftOpenError(f"only their age decides between {', '.join(each.route.name for each in best)}")
    if len({candidate.match["path"]["value"] for candidate in best}) > 1:
        raise LeftOpenError("two regexes of one route are for the path")
    return min(best, key=lambda candidate: candidate.number)


def _answer(
    chosen: _Candidate, listener: str, host: str, path: str, method: str, headers: Mapping[str, str]
) -> GatewayReply:
    name, matched = chosen.route.name, chosen.match["path"]
    filters = {each["type"]: each for each in chosen.rule.get("filters", [])}
    cors = filters.get("CORS", {}).get("cors")
    if cors is not None and method == "OPTIONS" and _allows(cors["allowOrigins"], headers.get("origin", "")):
        return GatewayReply(204, route=name)
    if "RequestRedirect" in filters:
        redirect = filters["RequestRedirect"]["requestRedirect"]
        return GatewayReply(redirect["statusCode"], _location(redirect, listener, host, path, matched), name)
    refs = chosen.rule["backendRefs"]
    total = sum(ref.get("weight", 1) for ref in refs)
    assert total > 0
    backends: dict[str, Fraction] = {}
    for ref in refs:
        backends[f"{ref['name']}:{ref['port']}"] = Fraction(ref.get("weight", 1), total)
    rewrite = filters.get("URLRewrite", {}).get("urlRewrite", {}).get("path")
    set_headers = filters.get("RequestHeaderModifier", {}).get("requestHeaderModifier", {}).get("set", [])
    prefixes = [header["value"] for header in set_headers if header["name"] == "X-Forwarded-Prefix"]
    return GatewayReply(
        route=name,
        backends=backends,
        path=modified(path, rewrite, matched),
        forwarded_prefix=prefixes[0] if prefixes else None,
    )


def modified(path: str, modifier: Mapping[str, str] | None, matched: Mapping[str, str]) -> str:
    """A path as an HTTPPathModifier leaves it."""
    if modifier is None:
        return path
    if modifier["type"] == "ReplaceFullPath":
        return modifier["replaceFullPath"]
    assert matched["type"] == "PathPrefix"
    replacement, stem = modifier["replacePrefixMatch"].rstrip("/"), matched["value"].rstrip("/")
    if path == matched["value"] == "/" and replacement:
        raise LeftOpenError("whether the prefix '/' leaves a slash of the path '/'")
    return replacement + path.removeprefix(stem) or "/"


def _location(redirect: Mapping[str, Any], listener: str, host: str, path: str, matched: Mapping[str, str]) -> str:
    scheme = redirect.get("scheme", listener)
    port = redirect.get("port", _PORTS[scheme])
    shown = "" if port == _PORTS[scheme] else f":{port}"
    return f"{scheme}://{redirect.get('hostname', host)}{shown}{modified(path, redirect.get('path'), matched)}"


def _allows(origins: Iterable[str], origin: str) -> bool:
    # A `*` is greedy to the left.
    patterns = (re.escape(allowed).replace(r"\*", ".+", 1) for allowed in origins)
    return "*" in origins or any(re.fullmatch(pattern, origin, re.IGNORECASE) for pattern in patterns)
