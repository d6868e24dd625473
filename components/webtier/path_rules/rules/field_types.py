"""The texts of rules, each held to characters that no configuration of a proxy gives another meaning.

The sets are those of the annotation validators of ingress-nginx 1.15 (`internal/ingress/annotations/parser`), or
narrower ones where a character would be taken and then mean something else.
"""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from webtier.shared.addresses import is_network, meant_network, url_problem
from webtier.shared.hosts import RuleHost as RuleHost
from webtier.shared.hosts import is_host as is_host
from webtier.shared.quantities import parse_quantity

LONGEST_PATH = 200
"""Of a rule. A proxy's own limit is for a line of its configuration, in which a path may stand several times."""

LONGEST_COMPILED_PATH = 229
"""Of a prefix or an exact rule, without its slash and with each `.` as `[.]`: a regex for it has to be shorter than
those of regex rules, which come first (`ingress_paths`)."""

UNLIMITED = "unlimited"

_PATH = re.compile(r"/[A-Za-z0-9._\-/]*")
_REFUSED_IN_PATHS = re.compile(r"/etc/(passwd|shadow|group|nginx|ingress-controller)|/var/run/secrets|_by_lua")
_HEADER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_HEADER_VALUE = re.compile(r"[A-Za-z0-9._~/:-]{1,128}")
_COOKIE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ORIGIN = re.compile(r"https?://(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?")
_URL = re.compile(r"https?://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?(/[A-Za-z0-9._~:/?&=-]*)?")
_REALM = re.compile(r"[A-Za-z0-9._~/:-]([A-Za-z0-9._~/: -]{0,126}[A-Za-z0-9._~/:-])?")
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


def _check_path(path: str) -> str:
    problem = path_problem(path)
    if problem is not None:
        raise PydanticCustomError("rule_path", "{problem}", {"problem": problem})
    return path


def _pattern_check(pattern: re.Pattern[str], allowed: str) -> AfterValidator:
    def check(text: str) -> str:
        if pattern.fullmatch(text) is None:
            raise PydanticCustomError("rule_text", "allowed: {allowed}", {"allowed": allowed})
        return text

    return AfterValidator(check)


def _check_origin(origin: str) -> str:
    if origin != "*" and (_ORIGIN.fullmatch(origin) is None or url_problem(origin.replace("*.", "", 1)) is not None):
        raise PydanticCustomError(
            "rule_origin",
            "allowed: an origin such as 'https://shop.example.com', 'https://shop.example.com:8443' or "
            "'https://*.example.com', without a path; or '*'",
        )
    return origin


def _check_target(target: str) -> str:
    if _TARGET.fullmatch(target) is None or len(target) > LONGEST_PATH:
        raise PydanticCustomError(
            "rewrite_target",
            "allowed: '/' and then at most {longest} of A-Z, a-z, 0-9, '-', '.', '_', '~', ':', '/', and '$1' to '$9'",
            {"longest": LONGEST_PATH},
        )
    if re.search(r"\$(?![1-9](?![0-9]))", target):
        raise PydanticCustomError(
            "rewrite_group", "allowed: '$' only before one digit from 1 to 9, the number of a group of the regex"
        )
    return target


def _check_network(text: str) -> str:
    if not is_network(text):
        raise PydanticCustomError(
            "cidr",
            "{meant}allowed: an address or a network, such as '10.0.0.0/8' or 'fd00::/8'",
            {"meant": meant_network(text)},
        )
    return text


def body_bytes(size: str) -> int:
    """`"8Mi"` → 8388608, `"unlimited"` → 0."""
    return 0 if size == UNLIMITED else int(parse_quantity(size))


def _check_body_size(size: str) -> str:
    try:
        amount = Decimal(1) if size == UNLIMITED else parse_quantity(size)
    except ValueError:
        amount = Decimal(0)
    if amount < 1 or amount % 1 != 0 or amount >= 2**63:
        raise PydanticCustomError(
            "body_size", "allowed: text such as '8Mi' or '500k', an amount of bytes, or 'unlimited'"
        )
    return size


RulePath = Annotated[str, AfterValidator(_check_path)]
"""`/`, or `/a/b` without a trailing slash."""

HeaderName = Annotated[
    # nginx and most others drop headers with '_' unless told not to.
    str, _pattern_check(_HEADER_NAME, "the name of a header: 1 to 64 letters, digits and '-', such as 'X-Canary'")
]
"""A header's name."""

ExposedHeader = Annotated[
    str, _pattern_check(re.compile(r"\*|" + _HEADER_NAME.pattern), "the name of a header, such as 'X-Total', or '*'")
]
"""A header's name, or `*`."""

HeaderValue = Annotated[
    str, _pattern_check(_HEADER_VALUE, "1 to 128 of A-Z, a-z, 0-9, '.', '_', '~', '/', ':' and '-'")
]
"""What a header has to be equal to."""

CookieName = Annotated[
    str, _pattern_check(_COOKIE_NAME, "the name of a cookie: 1 to 64 letters, digits, '_' and '-', such as 'session'")
]
"""A cookie's name."""

Origin = Annotated[str, AfterValidator(_check_origin)]
"""Scheme, host and port as a browser sends them in `Origin`, or `*`."""


def _check_url_host(url: str) -> str:
    problem = url_problem(url)
    if problem is not None:
        raise PydanticCustomError(
            "url_host", "{problem}; allowed: a whole URL such as 'https://www.example.com/new'", {"problem": problem}
        )
    return url


HttpUrl = Annotated[
    str,
    _pattern_check(
        _URL,
        "a whole URL such as 'https://www.example.com/new', of A-Z, a-z, 0-9 and '-', '.', '_', '~', ':', '/', '?', "
        "'&', '='",
    ),
    AfterValidator(_check_url_host),
]
"""A URL with its scheme and host."""

Realm = Annotated[
    str,
    _pattern_check(_REALM, "1 to 128 letters, digits, spaces, '.', '_', '~', '/', ':' and '-', no space at the ends"),
]
"""What a browser shows when it asks for a password."""

RewriteTarget = Annotated[str, AfterValidator(_check_target)]
"""A path that may name a regex' groups: `/y/$1`."""

Network = Annotated[str, AfterValidator(_check_network)]
"""An IPv4 or IPv6 address or network (CIDR)."""

BodySize = Annotated[str, AfterValidator(_check_body_size)]
"""An amount of bytes as text, or `unlimited`."""
