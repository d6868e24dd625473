"""The field types of rules: text of characters that no configuration of a proxy reads as something else.

The sets are those of the annotation validators of ingress-nginx 1.15 (`internal/ingress/annotations/parser`), or
narrower ones where a character would be taken and then mean something else.
"""

import re
from typing import Annotated

from webtier.shared.addresses import is_network, meant_network, url_problem
from webtier.shared.model import text_type
from webtier.shared.problems import checked
from webtier.shared.quantities import amount, parse_quantity

LONGEST_PATH = 200
"""Of a rule. A proxy's own limit is for a line of its configuration, in which a path may stand several times."""

LONGEST_COMPILED_PATH = 229
"""Of a prefix or an exact rule, without its slash and with each `.` as `[.]`: a regex for it has to be shorter than
those of regex rules, which come first (`ingress/paths.py`)."""

UNLIMITED = "unlimited"

_PATH = re.compile(r"/[A-Za-z0-9._\-/]*")
_REFUSED_IN_PATHS = re.compile(r"/etc/(passwd|shadow|group|nginx|ingress-controller)|/var/run/secrets|_by_lua")
_HEADER_NAME = r"[A-Za-z0-9][A-Za-z0-9-]{0,63}"
_ORIGIN = re.compile(r"https?://(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?")
_URL = r"https?://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?(/[A-Za-z0-9._~:/?&=-]*)?"
_TARGET = re.compile(r"/[A-Za-z0-9._~:/$-]*")


def path_problem(path: str) -> str | None:
    """What is wrong with the path of a prefix or an exact rule; None for nothing."""
    if path.endswith("/*") and _PATH.fullmatch(path[:-2] or "/"):
        return f"a prefix already holds for all paths below it; allowed: '{path[:-2] or '/'}', with match: prefix"
    if _PATH.fullmatch(path) is None:
        return "allowed: '/' and then any of A-Z, a-z, 0-9, '.', '_', '-' and '/'"
    segments = path.split("/")[1:]
    if path != "/" and "" in segments:
        return (
            "allowed: a path without '//' that does not end in '/': a rule for '/user' already holds for '/user/' and "
            "all below it"
        )
    if "." in segments or ".." in segments:
        return "allowed: a path without the segments '.' and '..', which browsers resolve themselves"
    if len(path) > LONGEST_PATH:
        return f"allowed: at most {LONGEST_PATH} characters"
    if compiled_length(path) > LONGEST_COMPILED_PATH:
        return f"allowed: at most {LONGEST_COMPILED_PATH} characters, of which each '.' counts as three"
    return refused_words(path)


def compiled_length(path: str) -> int:
    """How many characters the path of a prefix or an exact rule takes in a regex."""
    return len(path.removeprefix("/")) + 2 * path.count(".")


def refused_words(path: str) -> str | None:
    """What is wrong with a path that the controller's own inspection would refuse; None for nothing."""
    found = _REFUSED_IN_PATHS.search(path)
    if found is None:
        return None
    return f"the controller refuses paths with '{found[0]}', as of an attack; allowed: any other path"


def _origin_problem(origin: str) -> str | None:
    if origin == "*" or (_ORIGIN.fullmatch(origin) and url_problem(origin.replace("*.", "", 1)) is None):
        return None
    return (
        "allowed: an origin such as 'https://shop.example.com', 'https://shop.example.com:8443' or "
        "'https://*.example.com', without a path; or '*'"
    )


def _url_host_problem(url: str) -> str | None:
    problem = url_problem(url)
    return problem and f"{problem}; allowed: a whole URL such as 'https://www.example.com/new'"


def _target_problem(target: str) -> str | None:
    if _TARGET.fullmatch(target) is None or len(target) > LONGEST_PATH:
        return (
            f"allowed: '/' and then at most {LONGEST_PATH} of A-Z, a-z, 0-9, '-', '.', '_', '~', ':', '/', and '$1' to "
            "'$9'"
        )
    if re.search(r"\$(?![1-9](?![0-9]))", target):
        return "allowed: '$' only before one digit from 1 to 9, the number of a group of the regex"
    return None


def _network_problem(text: str) -> str | None:
    if is_network(text):
        return None
    return f"{meant_network(text)}allowed: an address or a network, such as '10.0.0.0/8' or 'fd00::/8'"


def body_bytes(size: str) -> int:
    """`"8Mi"` → 8388608, `"unlimited"` → 0."""
    return 0 if size == UNLIMITED else int(parse_quantity(size))


def _body_size_problem(size: str) -> str | None:
    if size == UNLIMITED or (1 <= amount(size) < 2**63 and amount(size) % 1 == 0):
        return None
    return "allowed: text such as '8Mi' or '500k', an amount of bytes, or 'unlimited'"


RulePath = Annotated[str, checked(path_problem)]
"""`/`, or `/a/b` without a trailing slash."""

HeaderName = Annotated[
    # nginx and most others drop headers with '_' unless told not to.
    str, text_type(_HEADER_NAME, "the name of a header: 1 to 64 letters, digits and '-', such as 'X-Canary'")
]

ExposedHeader = Annotated[str, text_type(rf"\*|{_HEADER_NAME}", "the name of a header, such as 'X-Total', or '*'")]

HeaderValue = Annotated[
    str, text_type(r"[A-Za-z0-9._~/:-]{1,128}", "1 to 128 of A-Z, a-z, 0-9, '.', '_', '~', '/', ':' and '-'")
]

CookieName = Annotated[
    str,
    text_type(r"[A-Za-z0-9_-]{1,64}", "the name of a cookie: 1 to 64 letters, digits, '_' and '-', such as 'session'"),
]

Origin = Annotated[str, checked(_origin_problem)]
"""Scheme, host and port as a browser sends them in `Origin`, or `*`."""

HttpUrl = Annotated[
    str,
    text_type(
        _URL,
        "a whole URL such as 'https://www.example.com/new', of A-Z, a-z, 0-9 and '-', '.', '_', '~', ':', '/', '?', "
        "'&', '='",
    ),
    checked(_url_host_problem),
]

Realm = Annotated[
    str,
    text_type(
        r"[A-Za-z0-9._~/:-]([A-Za-z0-9._~/: -]{0,126}[A-Za-z0-9._~/:-])?",
        "1 to 128 letters, digits, spaces, '.', '_', '~', '/', ':' and '-', no space at the ends",
    ),
]

RewriteTarget = Annotated[str, checked(_target_problem)]
"""A path that may name a regex' groups: `/y/$1`."""

Network = Annotated[str, checked(_network_problem)]

BodySize = Annotated[str, checked(_body_size_problem)]
