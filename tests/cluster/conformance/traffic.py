"""Canaries, cookies of session affinity, redirects, and what a preflight request is told."""

import re

from tests.cluster.conformance.case import Behaviour, Case, Chapter, Share, rule_fields
from tests.cluster.conformance.harness.asking import Ask

_CANARY_RULES = """
- host: canary.example
  path: /weight
  backend: {service: stable, port: weight}
  canary: {kind: weight, backend: {service: canary, port: weight}, weight: 20}
- host: canary.example
  path: /total
  backend: {service: stable, port: total}
  canary: {kind: weight, backend: {service: canary, port: total}, weight: 100, total: 1000}
- host: canary.example
  path: /header
  backend: {service: stable, port: header}
  canary: {kind: header, backend: {service: canary, port: header}, header: X-Canary, weight: 30}
- host: canary.example
  path: /value
  backend: {service: stable, port: value}
  canary: {kind: header, backend: {service: canary, port: value}, header: X-Canary, value: me}
- host: canary.example
  path: /pattern
  backend: {service: stable, port: pattern}
  canary: {kind: header, backend: {service: canary, port: pattern}, header: X-Canary, pattern: 'te[a-z]m'}
- host: canary.example
  path: /cookie
  backend: {service: stable, port: cookie}
  canary: {kind: cookie, backend: {service: canary, port: cookie}, cookie: canary}
- host: canary.example
  path: /part
  backend: {service: stable, port: part}
  canary: {kind: cookie, backend: {service: canary, port: part}, cookie: canary, weight: 30}
- {host: canary.example, path: /beside, backend: {service: stable, port: weight}}
- {host: canary.example, path: '/stripped/(.*)', match: regex, rewrite: {kind: regex, to: /$1}, backend: alpha}
"""

_WEIGHT = "canary.<kind: weight>."
_HEADER = "canary.<kind: header>."
_COOKIE = "canary.<kind: cookie>."


def _chosen(fields: tuple[str, ...], shows: str, path: str, service: str, **headers: str) -> Case:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Case(fields, shows, Ask("canary.example", path, headers=named), 200, service)


_CANARY_CASES = (
    _chosen(rule_fields(_HEADER + "header"), "`always` is the canary's", "/header", "canary", X_Canary="always"),
    _chosen(rule_fields(_HEADER + "header"), "`never` is the backend's", "/header", "stable", X_Canary="never"),
    _chosen(
        rule_fields(_HEADER + "backend.service", _HEADER + "backend.port"),
        "the web service and its port",
        "/header/x",
        "canary",
        X_Canary="always",
    ),
    _chosen(rule_fields(_HEADER + "value"), "the value is the canary's", "/value", "canary", X_Canary="me"),
    _chosen(rule_fields(_HEADER + "value"), "another is the backend's", "/value", "stable", X_Canary="you"),
    _chosen(rule_fields(_HEADER + "value"), "a longer one too", "/value", "stable", X_Canary="mee"),
    _chosen(rule_fields(_HEADER + "value"), "`always` too", "/value", "stable", X_Canary="always"),
    _chosen(rule_fields(_HEADER + "value"), "none too", "/value", "stable"),
    _chosen(rule_fields(_HEADER + "pattern"), "what it matches is the canary's", "/pattern", "canary", X_Canary="team"),
    _chosen(rule_fields(_HEADER + "pattern"), "it is found anywhere", "/pattern", "canary", X_Canary="a-team-of-us"),
    _chosen(
        rule_fields(_HEADER + "pattern"),
        "what it does not match is the backend's",
        "/pattern",
        "stable",
        X_Canary="tea",
    ),
    _chosen(rule_fields(_HEADER + "pattern"), "case differs", "/pattern", "stable", X_Canary="TEAM"),
    _chosen(rule_fields(_COOKIE + "cookie"), "`always` is the canary's", "/cookie", "canary", Cookie="canary=always"),
    _chosen(rule_fields(_COOKIE + "cookie"), "`never` is the backend's", "/cookie", "stable", Cookie="canary=never"),
    _chosen(rule_fields(_COOKIE + "cookie"), "among others", "/cookie", "canary", Cookie="a=b; canary=always; c=d"),
    _chosen(
        rule_fields(_COOKIE + "cookie"),
        "another value goes by the weight of 0",
        "/cookie",
        "stable",
        Cookie="canary=me",
    ),
    _chosen(
        rule_fields(_COOKIE + "backend.service", _COOKIE + "backend.port"),
        "the web service and its port",
        "/part/x",
        "canary",
        Cookie="canary=always",
    ),
    _chosen(
        rule_fields(_COOKIE + "weight"), "`never` comes before the weight", "/part", "stable", Cookie="canary=never"
    ),
    _chosen(rule_fields(_WEIGHT + "weight"), "another rule of the same backend has no canary", "/beside", "stable"),
)


def _share(fields: tuple[str, ...], shows: str, path: str, percent: int) -> Share:
    return Share(fields, shows, Ask("canary.example", path), "canary", percent)


_SHARES = (
    _share(
        rule_fields(_WEIGHT + "weight", _WEIGHT + "backend.service", _WEIGHT + "backend.port"),
        "a weight of 20 is 20 % of 500 requests",
        "/weight",
        20,
    ),
    _share(rule_fields(_WEIGHT + "total"), "100 of 1000 are 10 %", "/total", 10),
    _share(rule_fields(_HEADER + "weight"), "without the header the weight counts: 30 %", "/header", 30),
    _share(rule_fields(_COOKIE + "weight"), "without the cookie the weight counts: 30 %", "/part", 30),
)

CANARIES = Chapter(_CANARY_RULES, _CANARY_CASES, others=_SHARES)

_COOKIE_RULES = """
- {host: sticky.example, path: /plain, backend: {service: sticky, port: plain}, affinity: {}}
- host: sticky.example
  path: /named
  backend: {service: sticky, port: named}
  affinity: {cookie: where, max_age_seconds: 600, path: /named, samesite: Strict, secure: true}
- host: sticky.example
  path: /none
  backend: {service: sticky, port: none}
  affinity: {cookie: none, samesite: None, secure: true}
- host: sticky.example
  path: /change
  backend: {service: sticky, port: change}
  affinity: {cookie: change, change_on_failure: true, samesite: Lax}
- host: sticky.example
  path: /keep
  backend: {service: sticky, port: keep}
  affinity: {cookie: keep, mode: persistent}
"""


def _kept(field: str, shows: str, path: str, cookie: str, value: str, https: bool = False) -> Case:
    pattern = re.compile(value, re.IGNORECASE)
    return Case(
        rule_fields(f"affinity.{field}"),
        shows,
        Ask("sticky.example", path, https=https),
        200,
        "sticky",
        cookies={cookie: pattern},
    )


_COOKIE_CASES = (
    _kept("cookie", "by default it is called after the web service", "/plain", "affinity-sticky", ".+"),
    _kept("cookie", "by the name given", "/named", "where", ".+"),
    _kept("max_age_seconds", "so long, and until then", "/named", "where", r"(?=.*Max-Age=600(;|$)).*"),
    _kept(
        "max_age_seconds",
        "by default until the browser is closed",
        "/plain",
        "affinity-sticky",
        r"(?!.*Max-Age|.*Expires).*",
    ),
    _kept("path", "for the path given", "/named", "where", r".*Path=/named(;.*)?"),
    _kept("path", "by default for all of the host", "/plain/x", "affinity-sticky", r".*Path=/(;.*)?"),
    _kept("samesite", "Strict", "/named", "where", r".*SameSite=Strict(;.*)?"),
    _kept("samesite", "Lax", "/change", "change", r".*SameSite=Lax(;.*)?"),
    _kept("samesite", "None", "/none", "none", r".*SameSite=None(;.*)?"),
    _kept("samesite", "by default not said", "/plain", "affinity-sticky", r"(?!.*SameSite).*"),
    _kept("secure", "over HTTP too, when it shall be", "/named", "where", r".*; Secure(;.*)?"),
    _kept("secure", "by default not over HTTP", "/plain", "affinity-sticky", r"(?!.*; Secure).*"),
    _kept("secure", "by default over HTTPS", "/plain", "affinity-sticky", r".*; Secure(;.*)?", https=True),
)

_BEHAVIOURS = (
    Behaviour(
        rule_fields("affinity.cookie"),
        "who sends it stays at its pod, and others are spread",
        "test_a_cookie_keeps_a_client_at_its_pod",
    ),
    Behaviour(
        rule_fields("affinity.change_on_failure"),
        "who stays gets 502 when the pod hangs up, and is back at it afterwards; who may move is answered by another, "
        "and stays there",
        "test_a_client_moves_when_its_pod_fails_only_if_it_may",
    ),
    Behaviour(
        rule_fields("affinity.mode"),
        "a pod more takes some of the clients of balanced, and none of persistent",
        "test_another_pod_takes_clients_only_where_they_are_balanced",
    ),
)

COOKIES = Chapter(_COOKIE_RULES, _COOKIE_CASES, others=_BEHAVIOURS)

_REDIRECT_RULES = """
- {host: moved.example, path: /default, redirect: {to: 'https://new.example/here?a=b'}}
- {host: moved.example, path: /301, redirect: {to: 'https://new.example/301', code: 301}}
- {host: moved.example, path: /303, redirect: {to: 'https://new.example/303', code: 303}}
- {host: moved.example, path: /307, redirect: {to: 'https://new.example/307', code: 307}}
- {host: moved.example, path: /308, redirect: {to: 'https://new.example/308', code: 308}}
"""


def _moved(fields: tuple[str, ...], shows: str, path: str, code: int, to: str, method: str = "GET") -> Case:
    headers = {"location": f"https://new.example{to}"}
    return Case(fields, shows, Ask("moved.example", path, method), code, None, headers=headers)


_TO = rule_fields("redirect.to")
_CODE = rule_fields("redirect.code")
_REDIRECT_CASES = (
    _moved(_TO, "the whole URL, with its query", "/default", 302, "/here?a=b"),
    _moved(_TO, "the same for all paths below", "/default/x/y?z=1", 302, "/here?a=b"),
    _moved(_CODE, "302 by default", "/default/x", 302, "/here?a=b"),
    _moved(_CODE, "301", "/301", 301, "/301"),
    _moved(_CODE, "303", "/303", 303, "/303", "POST"),
    _moved(_CODE, "307", "/307", 307, "/307", "POST"),
    _moved(_CODE, "308", "/308", 308, "/308", "DELETE"),
    Case(_TO, "a longer name is not moved", Ask("moved.example", "/default-not"), 200, "home"),
)

REDIRECTS = Chapter(_REDIRECT_RULES, _REDIRECT_CASES)

_CORS_RULES = """
- {host: cors.example, path: /all, backend: alpha, cors: {origins: ['*']}}
- host: cors.example
  path: /named
  backend: alpha
  cors:
    origins: ['https://shop.example.com', 'https://*.example.org']
    methods: [GET, POST]
    headers: [X-Token, Content-Type]
    exposed_headers: [X-Total, X-Page]
    credentials: true
    max_age_seconds: 600
- {host: cors.example, path: /none, backend: alpha}
"""

_ALLOW = "access-control-allow-"
_SHOP = "https://shop.example.com"
_DEFAULT_HEADERS = (
    "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization"
)


def _cors(
    field: str,
    shows: str,
    path: str,
    origin: str | None,
    headers: dict[str, str | None],
    method: str = "OPTIONS",
    served: bool = False,
) -> Case:
    sent = {} if origin is None else {"Origin": origin, "Access-Control-Request-Method": "POST"}
    ask = Ask("cors.example", path, method, sent)
    by_backend = served or method != "OPTIONS"
    return Case(
        rule_fields(f"cors.{field}"),
        shows,
        ask,
        200 if by_backend else 204,
        "alpha" if by_backend else None,
        headers=headers,
    )


_CORS_CASES = (
    _cors("origins", "`*` is for every origin", "/all", _SHOP, {_ALLOW + "origin": "*"}),
    _cors("origins", "the answer itself says it too", "/all", _SHOP, {_ALLOW + "origin": "*"}, "GET"),
    _cors("origins", "one by its name", "/named", _SHOP, {_ALLOW + "origin": _SHOP}),
    _cors("origins", "one by its name, in the answer itself", "/named", _SHOP, {_ALLOW + "origin": _SHOP}, "POST"),
    _cors(
        "origins",
        "one by a wildcard",
        "/named",
        "https://a.example.org",
        {_ALLOW + "origin": "https://a.example.org"},
    ),
    _cors("origins", "another is not told so", "/named", "https://evil.example", {_ALLOW + "origin": None}, "GET"),
    _cors(
        "origins",
        "its preflight goes to the backend",
        "/named",
        "https://evil.example",
        {_ALLOW + "origin": None},
        served=True,
    ),
    _cors(
        "origins", "a name that only begins so is another", "/named", _SHOP + ".evil", {_ALLOW + "origin": None}, "GET"
    ),
    _cors(
        "origins",
        "another scheme is another origin",
        "/named",
        "http://shop.example.com",
        {_ALLOW + "origin": None},
        "GET",
    ),
    _cors("origins", "without cors the backend has to say it", "/none", _SHOP, {_ALLOW + "origin": None}, served=True),
    _cors("methods", "by default", "/all", _SHOP, {_ALLOW + "methods": "GET, PUT, POST, DELETE, PATCH, OPTIONS"}),
    _cors("methods", "those given", "/named", _SHOP, {_ALLOW + "methods": "GET, POST"}),
    _cors("headers", "by default those that browsers ask for", "/all", _SHOP, {_ALLOW + "headers": _DEFAULT_HEADERS}),
    _cors("headers", "the ones given", "/named", _SHOP, {_ALLOW + "headers": "X-Token,Content-Type"}),
    _cors(
        "exposed_headers", "those given", "/named", _SHOP, {"access-control-expose-headers": "X-Total,X-Page"}, "GET"
    ),
    _cors("exposed_headers", "none by default", "/all", _SHOP, {"access-control-expose-headers": None}, "GET"),
    _cors("credentials", "when they shall be sent", "/named", _SHOP, {_ALLOW + "credentials": "true"}),
    _cors("credentials", "not by default", "/all", _SHOP, {_ALLOW + "credentials": None}),
    _cors("max_age_seconds", "by default 20 days", "/all", _SHOP, {"access-control-max-age": "1728000"}),
    _cors("max_age_seconds", "as given", "/named", _SHOP, {"access-control-max-age": "600"}),
)

CORS = Chapter(_CORS_RULES, _CORS_CASES)
