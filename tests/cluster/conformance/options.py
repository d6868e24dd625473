"""Sizes, times, errors, limits, lists of addresses, and who may ask."""

import re
from dataclasses import replace

from devcluster.plan import HOST_ADDRESS, NODE_NETWORK
from tests.cluster.conformance.case import Behaviour, Burst, Case, Chapter, Streamed, rule_fields
from tests.cluster.conformance.harness.asking import Ask

MEBI = 1024 * 1024
_ELSEWHERE = "198.51.100.0/24"

_RULES = f"""
- {{host: options.example, path: /plain, backend: alpha}}
- {{host: options.example, path: /small, backend: alpha, body_size: 2k}}
- {{host: options.example, path: /unlimited, backend: alpha, body_size: unlimited}}
- {{host: options.example, path: /streamed, backend: alpha, request_buffering: false}}

- {{host: options.example, path: /read, backend: alpha, timeouts: {{read_seconds: 3}}}}
- {{host: options.example, path: /send, backend: alpha, body_size: unlimited, timeouts: {{send_seconds: 1}}}}
- host: options.example
  path: /connect
  backend: {{service: alpha, port: deaf}}
  timeouts: {{connect_seconds: 1}}
- host: options.example
  path: /connect-long
  backend: {{service: alpha, port: deaf}}
  timeouts: {{connect_seconds: 60}}

- host: options.example
  path: /errors
  backend: alpha
  error_pages: {{codes: [404, 503], backend: errors}}
- {{host: options.example, path: /nobody, backend: nobody}}
- {{host: options.example, path: /no-pod, backend: nobody, error_pages: {{codes: [404], backend: errors}}}}

- {{host: options.example, path: /rps, backend: alpha, limits: {{rps: 1}}}}
- {{host: options.example, path: /multiplied, backend: alpha, limits: {{rps: 2, burst_multiplier: 4}}}}
- {{host: options.example, path: /rpm, backend: alpha, limits: {{rpm: 2}}}}
- host: options.example
  path: /exempt
  backend: alpha
  limits: {{rps: 1, burst_multiplier: 1, connections: 1, exempt: ['{_ELSEWHERE}', '{NODE_NETWORK}']}}
- host: options.example
  path: /not-exempt
  backend: alpha
  limits: {{rps: 1, burst_multiplier: 1, exempt: ['{_ELSEWHERE}']}}
- {{host: options.example, path: /connections, backend: alpha, limits: {{connections: 3}}}}

- {{host: options.example, path: /allow, backend: alpha, access: {{allow: ['{_ELSEWHERE}', {HOST_ADDRESS}]}}}}
- {{host: options.example, path: /allow-others, backend: alpha, access: {{allow: ['{_ELSEWHERE}']}}}}
- {{host: options.example, path: /deny, backend: alpha, access: {{deny: ['{NODE_NETWORK}']}}}}
- {{host: options.example, path: /deny-others, backend: alpha, access: {{deny: ['{_ELSEWHERE}']}}}}
- host: options.example
  path: /both
  backend: alpha
  access: {{allow: ['{NODE_NETWORK}'], deny: [{HOST_ADDRESS}]}}
"""


def _sized(field: str, shows: str, path: str, size: int, status: int) -> Case:
    service = "alpha" if status == 200 else None
    return Case(rule_fields(field), shows, Ask("options.example", path, "POST", size=size), status, service)


def _asked(
    field: str, shows: str, target: str, status: int, service: str | None = "alpha", method: str = "GET", **more: object
) -> Case:
    usual = Case(rule_fields(field), shows, Ask("options.example", target, method), status, service)
    return replace(usual, **more)


_FORGED = {"X-Forwarded-For": "198.51.100.7", "X-Real-IP": "198.51.100.7"}

_CASES = (
    _sized("body_size", "as many bytes are taken", "/small", 2000, 200),
    _sized("body_size", "one more is answered 413", "/small/x", 2001, 413),
    _sized("body_size", "by default 1Mi is taken", "/plain", MEBI, 200),
    _sized("body_size", "by default one more is not", "/plain", MEBI + 1, 413),
    _sized("body_size", "any number", "/unlimited", 3 * MEBI, 200),
    _asked(
        "error_pages.codes",
        "an error of the backend is another's to answer, who is told of it",
        "/errors/x?status=404",
        418,
        "errors",
        path="/?status=404",
        seen={"x-code": "404", "x-original-uri": "/errors/x?status=404"},
    ),
    _asked(
        "error_pages.codes",
        "each of them",
        "/errors?status=503",
        418,
        "errors",
        path="/?status=503",
        seen={"x-code": "503"},
    ),
    _asked("error_pages.codes", "other errors are the backend's", "/errors?status=500", 500),
    _asked("error_pages.codes", "and what is no error", "/errors?status=201", 201),
    _asked(
        "error_pages.backend",
        "its own status is what the client gets",
        "/errors?status=404",
        418,
        "errors",
        path="/?status=404",
    ),
    _asked(
        "error_pages.backend",
        "it also answers when there is no ready pod",
        "/no-pod/x",
        418,
        "errors",
        seen={"x-code": "503", "x-original-uri": None},
    ),
    _asked("error_pages.backend", "without one that is 503", "/nobody/x", 503, None),
    _asked("access.allow", "who is listed is let in", "/allow/x", 200, seen={"x-real-ip": HOST_ADDRESS}),
    _asked("access.allow", "who is not gets 403", "/allow-others/x", 403, None),
    _asked("access.deny", "who is listed gets 403", "/deny/x", 403, None),
    _asked("access.deny", "who is not is let in", "/deny-others/x", 200),
    _asked("access.deny", "it comes before allow", "/both/x", 403, None),
    Case(
        rule_fields("access.allow"),
        "nobody gets in by a header",
        Ask("options.example", "/allow-others", headers=_FORGED),
        403,
        None,
    ),
)

_SLOW = (
    _asked("timeouts.read_seconds", "an answer that takes longer is 504", "/read?delay=10", 504, None, "POST"),
    _asked("timeouts.read_seconds", "a GET is asked three times", "/read?delay=10&until=3", 200),
    _asked("timeouts.read_seconds", "and then 504", "/read?delay=10&until=4", 504, None),
    _asked("timeouts.read_seconds", "one whose parts come in time is not", "/read?chunks=5&pause=1", 200),
    _asked("timeouts.read_seconds", "by default it may take long", "/plain?delay=10", 200, method="POST"),
    _asked("timeouts.connect_seconds", "without a connection it is 504", "/connect", 504, None),
    Case(
        rule_fields("timeouts.send_seconds"),
        "a backend that takes nothing is 504",
        Ask("options.example", "/send?unread=10", "POST", size=24 * MEBI),
        504,
        None,
    ),
    Case(
        rule_fields("timeouts.send_seconds"),
        "by default it may wait",
        Ask("options.example", "/unlimited?unread=10", "POST", size=24 * MEBI),
        200,
        "alpha",
    ),
)


def _burst(field: str, shows: str, path: str, first: int, per_second: float) -> Burst:
    return Burst(rule_fields(f"limits.{field}"), shows, Ask("options.example", path), first, per_second)


# Of a burst one request more is served: the one that comes when nothing has been asked for yet.
_BURSTS = (
    _burst("rps", "1 a second: 6 at once, the others get 503", "/rps", 6, 1),
    _burst("burst_multiplier", "4 times 2 a second: 9 at once", "/multiplied", 9, 2),
    _burst("rpm", "2 a minute: 11 at once", "/rpm", 11, 2 / 60),
    _burst("exempt", "an address among them is never refused", "/exempt", 40, 0),
    _burst("exempt", "another is", "/not-exempt", 2, 1),
)

_STREAMED = Streamed(
    rule_fields("request_buffering"),
    "without it the backend answers before a body has ended; by default it is asked when the whole body is there",
    ask=Ask("options.example", "/streamed?first=3", "POST", size=6, missing=3),
    buffered=Ask("options.example", "/plain", "POST", size=6, missing=3),
    service="alpha",
)

_BEHAVIOURS = (
    Behaviour(
        rule_fields("limits.connections"),
        "3 at a time: a fourth gets 503, and is served when one has ended",
        "test_so_many_requests_of_an_address_are_served_at_a_time",
    ),
    Behaviour(
        rule_fields("timeouts.connect_seconds"),
        "where it may take longer, nothing is answered yet",
        "test_a_longer_wait_for_a_connection_goes_on_when_a_shorter_one_has_ended",
    ),
)

OPTIONS = Chapter(_RULES, _CASES, _SLOW, others=(*_BURSTS, _STREAMED, *_BEHAVIOURS))

FILE, MAP = "passwords-file", "passwords-map"
"""Secrets with what `auth` compares passwords with; anna's is `secret1`, in the second also bert's, `secret2`."""

_DOOR = "http://door.conformance.svc.cluster.local/check"

_AUTH_RULES = f"""
- {{host: auth.example, path: /file, backend: alpha, auth: {{kind: basic, secret: {FILE}, realm: Staff only}}}}
- {{host: auth.example, path: /map, backend: alpha, auth: {{kind: basic, secret: {MAP}, format: auth_map}}}}
- host: auth.example
  path: /cors
  backend: alpha
  cors: {{origins: ['*']}}
  auth: {{kind: basic, secret: {FILE}}}
- {{host: auth.example, path: /door, backend: alpha, auth: {{kind: external, url: '{_DOOR}'}}}}
- host: auth.example
  path: /told
  backend: alpha
  auth:
    kind: external
    url: '{_DOOR}?header=X-User:anna&header=X-Other:thing'
    response_headers: [X-User]
- host: auth.example
  path: /only-post
  backend: alpha
  auth: {{kind: external, url: '{_DOOR}', method: POST, response_headers: [X-Method]}}
- host: auth.example
  path: /sign-in
  backend: alpha
  auth: {{kind: external, url: '{_DOOR}', sign_in_url: 'https://login.example/start'}}
"""

_BASIC = "auth.<kind: basic>."
_EXTERNAL = "auth.<kind: external>."
_ANNA, _BERT, _WRONG = "Basic YW5uYTpzZWNyZXQx", "Basic YmVydDpzZWNyZXQy", "Basic YW5uYTp3cm9uZw=="


def _entering(field: str, shows: str, path: str, status: int = 200, method: str = "GET", **headers: str) -> Case:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    service = "alpha" if status == 200 else None
    return Case(rule_fields(field), shows, Ask("auth.example", path, method, sent), status, service)


_AUTH_CASES = (
    _entering(_BASIC + "secret", "a password that is in the Secret", "/file/x", Authorization=_ANNA),
    _entering(_BASIC + "secret", "another is 401", "/file/x", 401, Authorization=_WRONG),
    _entering(_BASIC + "secret", "none is 401", "/file/x", 401),
    _entering(_BASIC + "secret", "somebody who is in another Secret is 401", "/file", 401, Authorization=_BERT),
    _entering(_BASIC + "format", "a name for each key", "/map", Authorization=_BERT),
    _entering(_BASIC + "format", "each of them", "/map", Authorization=_ANNA),
    _entering(_BASIC + "format", "with its own password", "/map", 401, Authorization=_WRONG),
    Case(
        rule_fields(_BASIC + "realm", _BASIC + "scheme"),
        "what the browser shows, and how it sends the password",
        Ask("auth.example", "/file"),
        401,
        None,
        headers={"www-authenticate": 'Basic realm="Staff only"'},
    ),
    Case(
        rule_fields(_BASIC + "realm"),
        "by default",
        Ask("auth.example", "/map"),
        401,
        None,
        headers={"www-authenticate": 'Basic realm="Authentication Required"'},
    ),
    Case(
        rule_fields("cors.origins"),
        "a preflight request needs no password",
        Ask("auth.example", "/cors", "OPTIONS", {"Origin": "https://a.example"}),
        204,
        None,
    ),
    Case(
        rule_fields(_BASIC + "secret"),
        "what comes after it does",
        Ask("auth.example", "/cors", "GET", {"Origin": "https://a.example"}),
        401,
        None,
    ),
    _entering(_EXTERNAL + "url", "200 lets the request in", "/door/x"),
    _entering(_EXTERNAL + "url", "401 does not", "/door/x", 401, X_Door="401"),
    _entering(_EXTERNAL + "url", "403 does not", "/door/x", 403, X_Door="403"),
    _entering(_EXTERNAL + "url", "what is no answer is 500", "/door/x", 500, X_Door="404"),
    _entering(_EXTERNAL + "url", "a body is no hindrance", "/door/x", method="POST"),
    Case(
        rule_fields(_EXTERNAL + "response_headers"),
        "those named reach the backend, and no others",
        Ask("auth.example", "/told"),
        200,
        "alpha",
        seen={"x-user": "anna", "x-other": None},
    ),
    Case(
        rule_fields(_EXTERNAL + "response_headers"),
        "in the place of what the client says",
        Ask("auth.example", "/told", headers={"X-User": "root"}),
        200,
        "alpha",
        seen={"x-user": "anna"},
    ),
    Case(
        rule_fields(_EXTERNAL + "sign_in_url"),
        "a 401 leads there, with the URL asked for",
        Ask("auth.example", "/sign-in/x?a=b&c=d", headers={"X-Door": "401"}),
        302,
        None,
        headers={"location": "https://login.example/start?rd=http://auth.example%2Fsign-in%2Fx%3Fa%3Db%26c%3Dd"},
    ),
    _entering(_EXTERNAL + "sign_in_url", "a 403 does not", "/sign-in", 403, X_Door="403"),
    _entering(_EXTERNAL + "sign_in_url", "who may enter is not sent away", "/sign-in"),
    Case(
        rule_fields(_EXTERNAL + "method"),
        "the method it is asked with",
        Ask("auth.example", "/only-post"),
        200,
        "alpha",
        seen={"x-method": "POST"},
    ),
    Case(
        rule_fields(_EXTERNAL + "method"),
        "the client's own is another thing",
        Ask("auth.example", "/only-post", "DELETE"),
        200,
        "alpha",
        seen={"x-method": "POST", "x-forwarded-host": re.compile("auth.example")},
    ),
)

AUTH = Chapter(_AUTH_RULES, _AUTH_CASES)
