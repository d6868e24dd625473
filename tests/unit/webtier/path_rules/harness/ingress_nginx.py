"""What ingress-nginx and nginx make of Ingress objects: their rules, not ours.

Written from the controller's source (`getBackendServers`, `updateServerLocations`, `buildLocation`, `buildProxyPass`,
`mergeAlternativeBackends`, balancer.lua, lua_ingress.lua) and nginx's documentation of `location`, as far as the
objects of these tests go. It knows nothing of rules.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from tests.unit.webtier.path_rules.harness.nginx_requests import (
    InvalidRequestError,
    complex_uri,
    escape_uri,
    valid_host,
)
from tests.unit.webtier.path_rules.harness.pcre import Groups, match_caseless

PREFIX = "nginx.ingress.kubernetes.io/"
_EVERY_HOST = "_"
_OWN_ANSWERS = {"/healthz": 200, "/nginx_status": 403}
"""What the template puts beside the locations of the server for every host, as prefixes."""


@dataclass(frozen=True)
class IngressPath:
    """One path of an Ingress; `port` is a number or a name."""

    path: str
    path_type: str
    service: str
    port: str

    @property
    def upstream(self) -> str:
        return f"{self.service}-{self.port}"


@dataclass(frozen=True)
class IngressObject:
    """One Ingress for one host, as the API server has it."""

    name: str
    host: str | None
    paths: Sequence[IngressPath]
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    tls_hosts: Sequence[str] = ()

    def annotation(self, key: str) -> str | None:
        return self.annotations.get(PREFIX + key)


@dataclass(frozen=True)
class Location:
    path: str
    path_type: str
    ingress: IngressObject | None
    """None for the controller's own answer, 404."""
    upstream: str = ""


@dataclass
class Server:
    name: str
    locations: list[Location]
    has_certificate: bool = False
    is_sent_www: bool = False


@dataclass(frozen=True)
class Reply:
    """What a client or a backend gets: `code` with `location` for a redirect, or else the `upstream` and its `path`.

    Both are as they are sent.
    """

    code: int | None = None
    location: str | None = None
    upstream: str | None = None
    path: str | None = None
    forwarded_prefix: str | None = None
    canary: str | None = None
    canary_share: Fraction = Fraction(0)


class RefusedByTheWebhookError(Exception):
    pass


class IngressNginx:
    """A controller that was given these objects, one after the other."""

    def __init__(self, ingresses: Iterable[IngressObject]) -> None:
        self._ingresses: list[IngressObject] = []
        for ingress in ingresses:
            self._admit(ingress)
            self._ingresses.append(ingress)
        self._servers = self._make_servers()
        self._canaries = self._make_canaries()

    def _admit(self, ingress: IngressObject) -> None:
        canary = ingress.annotation("canary") == "true"
        for own in ingress.paths:
            if own.path_type != "ImplementationSpecific" and not re.fullmatch(r"/[A-Za-z0-9_\-/]*", own.path):
                raise RefusedByTheWebhookError(f"path {own.path} cannot be used with pathType {own.path_type}")
            if not own.path.startswith("/"):
                raise RefusedByTheWebhookError(f"path {own.path} must be absolute")
            for other in self._ingresses:
                same = other.host == ingress.host and own.path in (each.path for each in other.paths)
                if same and canary == (other.annotation("canary") == "true"):
                    raise RefusedByTheWebhookError(f"{own.path} is already defined in ingress {other.name}")

    def _make_servers(self) -> dict[str, Server]:
        servers = {_EVERY_HOST: Server(_EVERY_HOST, [Location("/", "Prefix", None)])}
        for ingress in self._ingresses:
            if ingress.annotation("canary") == "true":
                continue
            name = ingress.host or _EVERY_HOST
            server = servers.setdefault(name, Server(name, [Location("/", "Prefix", None)]))
            server.has_certificate |= name in ingress.tls_hosts
            server.is_sent_www |= ingress.annotation("from-to-www-redirect") == "true"
            for path in ingress.paths:
                own = Location(path.path, path.path_type, ingress, path.upstream)
                server.locations = [
                    each
                    for each in server.locations
                    if each.ingress or (each.path, each.path_type) != (own.path, own.path_type)
                ]
                server.locations.append(own)
        for server in servers.values():
            server.locations.sort(key=lambda location: location.path, reverse=True)
            server.locations.sort(key=lambda location: len(location.path), reverse=True)
            server.locations = _updated(server.locations)
        return servers

    def _make_canaries(self) -> dict[str, list[IngressObject]]:
        """By upstream the canaries beside it."""
        found: dict[str, list[IngressObject]] = {}
        policies: dict[str, IngressObject] = {}
        for ingress in self._ingresses:
            if ingress.annotation("canary") != "true":
                continue
            # It has one path. An upstream is made once, by the first object that names it.
            [own] = ingress.paths
            policy = policies.setdefault(own.upstream, ingress)
            for primary in self._ingresses:
                if primary is ingress or primary.host != ingress.host:
                    continue
                for path in primary.paths:
                    if (path.path, path.path_type) == (own.path, own.path_type):
                        beside = found.setdefault(path.upstream, [])
                        if policy not in beside:
                            beside.append(policy)
        return found

    def reply(
        self,
        http_host: str,
        target: str,
        *,
        https: bool = False,
        headers: Mapping[str, str] | None = None,
        cookies: Mapping[str, str] | None = None,
    ) -> Reply:
        """To a GET for a path with its query, all as it is sent. Headers by their names in lower case."""
        try:
            path, host = complex_uri(target), valid_host(http_host)
        except InvalidRequestError:
            return Reply(400)
        server = self._server(host)
        if server is None:
            partner = host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"
            return Reply(308, f"//{partner}{target.removesuffix('/')}")
        for location in server.locations:
            root = location.ingress and location.ingress.annotation("app-root")
            if root and path == "/":
                return Reply(302, f"//{http_host}{root}")
        location, groups = _location(server, path)
        if groups is None and server.name == _EVERY_HOST:
            for prefix, code in _OWN_ANSWERS.items():
                if path.startswith(prefix) and (location.path_type != "Exact" and len(prefix) > len(location.path)):
                    return Reply(code)
        ingress = location.ingress
        if ingress is None:
            return Reply(404)
        moved = ingress.annotation("permanent-redirect")
        if moved is not None:
            return Reply(int(ingress.annotation("permanent-redirect-code") or 301), moved)
        if not https and ingress.annotation("ssl-redirect") != "false" and self._certificate(host):
            kept = target if ingress.annotation("preserve-trailing-slash") == "true" else target.removesuffix("/")
            return Reply(308, f"https://{http_host.partition(':')[0]}{kept}")
        seen, prefix = target, None
        rewrite = ingress.annotation("rewrite-target")
        if rewrite is not None and rewrite != location.path:
            groups = match_caseless(f"(?i){location.path}", path, anchored=False)
            if groups is not None:
                query = target.partition("?")[2]
                seen = escape_uri(_filled(rewrite, groups)) + (f"?{query}" if query else "")
            header = ingress.annotation("x-forwarded-prefix")
            prefix = header and _filled(header, groups or [])
        reply = Reply(upstream=location.upstream, path=seen, forwarded_prefix=prefix)
        beside = self._canaries.get(location.upstream)
        if not beside:
            return reply
        return replace(
            reply, canary=beside[0].paths[0].upstream, canary_share=_share(beside[0], headers or {}, cookies or {})
        )

    def _server(self, host: str) -> Server | None:
        """None where another host has asked for this one's requests."""
        if host in self._servers and host != _EVERY_HOST and not host.startswith("*."):
            return self._servers[host]
        partner = host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"
        if partner in self._servers and self._servers[partner].is_sent_www:
            return None
        for name, server in sorted(self._servers.items()):
            pattern = r"[\w-]+\." + re.escape(name.removeprefix("*."))
            if name.startswith("*.") and re.fullmatch(pattern, host, re.ASCII):
                return server
        return self._servers[_EVERY_HOST]

    def _certificate(self, host: str) -> bool:
        names = (host, "*." + host.partition(".")[2])
        return any(self._servers[name].has_certificate for name in names if name in self._servers)


def _updated(locations: Sequence[Location]) -> list[Location]:
    exact = {location.path for location in locations if location.path_type == "Exact"}
    updated: list[Location] = []
    for location in locations:
        if location.path == "/" or location.path_type != "Prefix" or _needs_regex(location):
            updated.append(location)
            continue
        updated.append(replace(location, path=location.path.rstrip("/") + "/"))
        if location.path not in exact:
            updated.append(replace(location, path_type="Exact"))
    return updated


def _needs_regex(location: Location) -> bool:
    if location.ingress is None:
        return False
    target = location.ingress.annotation("rewrite-target")
    return location.ingress.annotation("use-regex") == "true" or target not in (None, location.path)


def _location(server: Server, path: str) -> tuple[Location, Groups | None]:
    """nginx's choice: all regexes in order, or else exact ones and then the longest prefix."""
    if any(map(_needs_regex, server.locations)):
        for location in server.locations:
            groups = match_caseless(f"^{location.path}", path, anchored=True)
            if groups is not None:
                return location, groups
        raise AssertionError(f"no location of {server.name} for {path!r}")
    for location in server.locations:
        if location.path_type == "Exact" and location.path == path:
            return location, None
    prefixes = [each for each in server.locations if each.path_type != "Exact" and path.startswith(each.path)]
    return max(prefixes, key=lambda location: len(location.path)), None


def _filled(template: str, groups: Groups) -> str:
    return re.sub(r"\$([0-9])", lambda name: groups[int(name[1])] or "", template)


def _share(canary: IngressObject, headers: Mapping[str, str], cookies: Mapping[str, str]) -> Fraction:
    header = headers.get((canary.annotation("canary-by-header") or "").lower())
    if header is not None:
        value, pattern = canary.annotation("canary-by-header-value"), canary.annotation("canary-by-header-pattern")
        if value is not None:
            if header == value:
                return Fraction(1)
        elif pattern is not None:
            if re.search(pattern, header):
                return Fraction(1)
        elif header in ("always", "never"):
            return Fraction(header == "always")
    cookie = cookies.get(canary.annotation("canary-by-cookie") or "")
    if cookie in ("always", "never"):
        return Fraction(cookie == "always")
    total = int(canary.annotation("canary-weight-total") or 100)
    return Fraction(int(canary.annotation("canary-weight") or 0), max(total, 100))
