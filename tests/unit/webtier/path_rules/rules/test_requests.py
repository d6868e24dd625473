"""What is compared with rules is what nginx makes of a request: for targets and hosts of odd pieces."""

import random
from collections.abc import Callable

import pytest

from tests.unit.webtier.path_rules.harness.nginx_requests import (
    InvalidRequestError,
    complex_uri,
    escape_uri,
    valid_host,
)
from tests.unit.webtier.path_rules.harness.rule_objects import rule, rule_set
from webtier.path_rules.rules.request import (
    LONGEST_LINE,
    Refused,
    RefusedTargetError,
    Request,
    escaped,
    host_name,
    normalized,
    readable,
)
from webtier.path_rules.rules.semantics import answer_to

_PIECES = ("/", "/", "/", "a", "b", ".", "..", "%2e", "%2E", "%2f", "%2F", "%25", "%3f", "%23", "%0a", "%20", "%5c")
_ODD = ("%00", "%zz", "%", "%2", "%2500", "%c3%bc", "\xc3\xbc", "\xff", "+", ";", "&", "\\", "~", '"', "^", "%7f", "?")
_HOST_PIECES = ("a", "B", "example", ".", ".", "..", ":", "80", "[", "]", "::1", "-", "_", "*", "\xfc", "/", " ", "%2e")


def _outcome(function: Callable[[str], str], text: str) -> str | None:
    try:
        return function(text)
    except (InvalidRequestError, RefusedTargetError):
        return None


def test_targets_are_decoded_and_resolved_as_by_nginx() -> None:
    chosen = random.Random(13)  # noqa: S311 - for the same targets each time
    refused = 0
    for _ in range(100_000):
        pieces = chosen.choices((*_PIECES, *_ODD) if chosen.random() < 0.5 else _PIECES, k=chosen.randrange(9))
        target = "/" + "".join(pieces)
        found = _outcome(normalized, target)
        assert found == _outcome(complex_uri, target), target
        refused += found is None
    assert 10_000 < refused < 70_000


def test_hosts_are_read_as_by_nginx() -> None:
    chosen = random.Random(13)  # noqa: S311 - for the same hosts each time
    refused = 0
    for _ in range(50_000):
        # Spaces at the ends of a header are no part of it.
        host = "".join(chosen.choices(_HOST_PIECES, k=chosen.randrange(7))).strip(" ")
        found = host_name(host)
        assert found == _outcome(valid_host, host), host
        refused += found is None
    assert 5_000 < refused < 45_000


def test_paths_are_encoded_anew_as_by_nginx() -> None:
    path = "".join(map(chr, range(256)))
    assert escaped(path) == escape_uri(path)


@pytest.mark.parametrize(
    ("request_", "code", "why"),
    [
        (Request("/a%00b", "x"), 400, "%00"),
        (Request("/a%zz", "x"), 400, "'%zz' is not '%' and two hexadecimal digits"),
        (Request("/a%", "x"), 400, "'%' is not"),
        (Request("/a/../..", "x"), 400, "leads out of '/'"),
        (Request("/a b", "x"), 400, "a space"),
        (Request("/a\x7f", "x"), 400, "control character"),
        (Request("/a", ""), 400, "no host"),
        (Request("/a", "a..b"), 400, "'a..b' is no host"),
        (Request("/a", "x", "G@T"), 400, "'G@T' is no method"),
        (Request("/a", "x", "TRACE"), 405, "TRACE"),
        (Request("/" + "a" * (LONGEST_LINE - len("GET / HTTP/1.1\r\n") + 1), "x"), 414, "8192 bytes"),
    ],
)
def test_what_nginx_refuses_hits_no_rule(request_: Request, code: int, why: str) -> None:
    answer = answer_to(rule_set([rule("/")]), request_)
    assert isinstance(answer, Refused)
    assert answer.code == code
    assert why in answer.why


@pytest.mark.parametrize(
    "target", ["/" + "a" * (LONGEST_LINE - len("GET / HTTP/1.1\r\n")), "/a?%zz%00", "/%2500", "/a/.."]
)
def test_what_nginx_takes_hits_one(target: str) -> None:
    assert Request(target, "x").refused is None


def test_a_path_is_shown_on_one_line() -> None:
    assert readable("/\xc3\xbc\xff\n\x1b[1m") == "/ü\\xff\\n\\x1b[1m"
