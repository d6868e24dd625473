"""Rules and requests at random, for properties that all of them must have."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar, cast

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from tests.unit.webtier.path_rules.harness.rule_objects import PORTS, rule_set
from webtier.path_rules.checks.all_checks import check_rules
from webtier.path_rules.regexes.nodes import Characters, Choice, Node, Repeat
from webtier.path_rules.regexes.nodes import Sequence as Parts
from webtier.path_rules.regexes.syntax import RegexError, parse_regex
from webtier.path_rules.rules.model import ROOT, PathRule, RuleSet
from webtier.path_rules.rules.request import RefusedTargetError, Request, escaped, normalized
from webtier.path_rules.rules.routing import GatewayRouting


def repeatable(examples: int) -> settings:
    """The same examples in every run: a change fails for what it does, not for a throw of dice."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        # Hypothesis does not annotate what its enumeration iterates over.
        suppress_health_check=cast("list[HealthCheck]", list(HealthCheck)),
        phases=[Phase.generate],
    )


_Example = TypeVar("_Example")


class Draw(Protocol):
    """Takes an example of a strategy, as what `@st.composite` hands over and as the method of `st.data()`."""

    def __call__(self, strategy: st.SearchStrategy[_Example], /) -> _Example: ...


HOSTS = (None, "a.example.com", "*.example.com", "www.example.org")
ASKED = (
    "elsewhere.net",
    "elsewhere.net",
    "a.example.com",
    "b.example.com",
    "b.a.example.com",
    "example.org",
    "www.example.org",
    "elsewhere.net",
)

_SEGMENTS = st.sampled_from(["a", "b", "ab", "ba", "user", "users", "User", "v1.2", "v1x2", "x-y", "_", "42", "a.b.c"])
_LITERAL = st.lists(st.one_of(st.sampled_from(["a", "b"]), _SEGMENTS), max_size=3).map(
    lambda segments: "/" + "/".join(segments)
)
_PIECES = st.sampled_from(
    [
        "a",
        "ab",
        "user",
        "v1\\.2",
        "[a-z]+",
        "([a-z]+)",
        "\\d{1,2}",
        "(\\w+)",
        "(a|ba)",
        "(?:a|ba)?",
        "[^/]+",
        "([^/]*)",
        ".*",
        "[ab]{2}",
        "(user|[0-9]+)\\.html",
        "[^a]",
    ]
)


def _is_allowed(text: str) -> bool:
    try:
        parse_regex(text)
    except RegexError:
        return False
    return True


def _regex(pieces: Sequence[str], end: str) -> str:
    return "/" + "/".join(pieces) + end


_REGEX = st.builds(
    _regex,
    st.lists(_PIECES, min_size=1, max_size=3),
    st.sampled_from(["", "", "(/.*)?", "/", "/.*", "s?"]),
).filter(_is_allowed)


def regexes() -> st.SearchStrategy[str]:
    """Regular expressions that rules may use."""
    return _REGEX


_SERVICES = st.sampled_from(["user-v1", "pay-v1", {"service": "user-v1", "port": "admin"}])
_CANARIES = st.sampled_from(
    [
        {"kind": "weight", "backend": "user-v2", "weight": 20},
        {"kind": "weight", "backend": "user-v2", "weight": 5, "total": 1000},
        {"kind": "header", "backend": "user-v2", "header": "X-Canary", "weight": 10},
        {"kind": "header", "backend": "user-v2", "header": "X-Canary", "value": "me"},
        {"kind": "header", "backend": "user-v2", "header": "X-Canary", "pattern": "^m.$"},
        {"kind": "cookie", "backend": "user-v2", "cookie": "canary"},
        {"kind": "cookie", "backend": "user-v2", "cookie": "canary", "weight": 10},
    ]
)
_TARGETS = st.sampled_from(["/", "/y", "/x/y", "/y/$1", "/$2/$1", "/$1.html"])


_MATCHES = st.sampled_from(["prefix", "prefix", "exact", "exact", "regex"])
_HOSTS_OF_RULES = st.sampled_from([None, None, None, *HOSTS])
_KINDS = st.sampled_from(["plain", "rewrite", "rewrite", "canary", "canary", "redirect"])
_CODES = st.sampled_from([301, 302, 307, 308])
_PLACES = st.sampled_from(["https://new.example.net/x?y=1", "http://new.example.net:8080"])


@st.composite
def _written_rules(draw: st.DrawFn) -> dict[str, Any]:
    match = draw(_MATCHES)
    given: dict[str, Any] = {
        "host": draw(_HOSTS_OF_RULES),
        "match": match,
        "path": draw(_REGEX if match == "regex" else _LITERAL),
    }
    kind = draw(_KINDS)
    if kind == "redirect":
        return {**given, "redirect": {"to": draw(_PLACES), "code": draw(_CODES)}}
    given["backend"] = draw(_SERVICES)
    if kind == "canary":
        given["canary"] = draw(_CANARIES)
    if kind == "rewrite" and match == "regex":
        given["rewrite"] = {"kind": "regex", "to": draw(_TARGETS)}
    elif kind == "rewrite":
        replacement = {"kind": "replace_prefix", "with": draw(_LITERAL)}
        given["rewrite"] = draw(st.sampled_from(["strip_prefix", replacement]))
    return given


_LISTS_OF_RULES = st.lists(_written_rules(), min_size=2, max_size=9)
_HOST_SETTINGS = st.fixed_dictionaries(
    {"www_redirect": st.sampled_from([True, False])},
    optional={
        "tls": st.just({"kind": "secret", "secret": "certificate"}),
        "app_root": st.sampled_from(["/user", "/start"]),
    },
)


Routing = GatewayRouting | None
"""None for Ingress objects."""


@st.composite
def rule_sets(draw: st.DrawFn, routings: Sequence[Routing] = (None,)) -> RuleSet:
    """Sets that `check_rules` finds nothing wrong with, whichever of the `routings` they are for."""

    def made(rules: list[PathRule], hosts: Mapping[str, Any]) -> RuleSet | None:
        found = rule_set(rules, hosts)
        return None if any(check_rules(replace(found, gateway=routing), PORTS) for routing in routings) else found

    rules: list[PathRule] = []
    for given in draw(_LISTS_OF_RULES):
        candidate = [*rules, PathRule.model_validate(given)]
        if made(candidate, {}):
            rules = candidate
    hosts: dict[str, Any] = {}
    for host in HOSTS[1:]:
        given = draw(_HOST_SETTINGS)
        # HTTPRoutes have no certificates, and send to HTTPS without one.
        without = {**{key: value for key, value in given.items() if key != "tls"}, "tls_redirect": "tls" in given}
        for candidate in (given, {**given, "www_redirect": False}, without, {**without, "tls_redirect": False}):
            if made(rules, {**hosts, host: candidate}):
                hosts[host] = candidate
                break
    found = made(rules, hosts)
    assert found
    return found


def word(draw: Draw, node: Node) -> str:
    """One of the texts that a node stands for."""
    match node:
        case Characters(allowed):
            return draw(st.sampled_from(sorted(allowed)))
        case Parts(parts):
            return "".join(word(draw, part) for part in parts)
        case Choice(options):
            return word(draw, draw(st.sampled_from(options)))
        case Repeat(part, least, most):
            times = draw(st.integers(least, least + 3 if most is None else most))
            return "".join(word(draw, part) for _ in range(times))


def _unchanged(path: str) -> str:
    return path


_CHANGES: st.SearchStrategy[Callable[[str], str]] = st.sampled_from(
    [
        *[_unchanged] * 6,
        lambda path: path + "/",
        lambda path: path + "/x",
        lambda path: path + "/a/b.html",
        lambda path: path + "nana",
        lambda path: path + "\n",
        lambda path: path.swapcase(),
        lambda path: path.upper() + "/x",
        lambda path: path.replace(".", "x"),
        lambda path: path[:-1],
        lambda path: "/x" + path,
        lambda path: path + "/\xfc \n/y",
    ]
)


def path_of(draw: Draw, rule: PathRule | None) -> str:
    """What a rule is for, or just not; of no rule any path."""
    if rule is None:
        path = draw(_LITERAL)
    elif rule.match == "regex":
        path = word(draw, parse_regex(rule.path).tree)
    else:
        path = rule.path
    try:
        # As the server sees it: slashes merged, and dots resolved.
        return normalized(escaped("/" + draw(_CHANGES)(path)))
    except RefusedTargetError:
        return ROOT


_HEADERS = st.sampled_from([None, None, "always", "never", "me", "other"])
_COOKIES = st.sampled_from([None, None, "always", "never", "other"])
_ASKED = st.sampled_from(ASKED)
_SCHEMES = st.booleans()


_ODD_HOSTS = (
    "A.Example.COM",
    "a.example.com.",
    "Www.example.org:8080",
    "elsewhere.net.:80",
    "*.example.com",
    "a..b",
    "",
)
_ODD_SLASHES = ("//", "/./", "/x/../", "/../", "%2F", "/%2e/", "/%2E%2e/", "//..//")
_ENDINGS = ("", "", "/", "/.", "/..", "?", "?a=/%2F/", "%", "%00", "%zz", "%25", "%3F", "+;", "/..%2f")


@st.composite
def _odd_targets(draw: st.DrawFn, path: str) -> str:
    """One of the ways to write a path, or just not, with or without a query."""
    written = "".join(
        f"%{ord(each):02x}" if draw(st.integers(0, 9)) == 0 and each != "/" else escaped(each) for each in path
    )
    slashes = draw(st.sampled_from(_ODD_SLASHES))
    target = written[:1] + written[1:].replace("/", slashes, draw(st.integers(0, 2)))
    return target + draw(st.sampled_from(_ENDINGS))


@st.composite
def requests(draw: st.DrawFn, rules: RuleSet, *, odd: bool = False) -> Request:
    """With `odd` some are written in ways that take decoding, and some are refused for it."""
    canary = draw(_HEADERS)
    cookie = draw(_COOKIES)
    path = path_of(draw, draw(st.sampled_from([None, *rules.rules.values()])))
    is_odd = odd and draw(st.integers(0, 3)) == 0
    return Request(
        target=draw(_odd_targets(path)) if is_odd else escaped(path),
        host=draw(st.sampled_from(_ODD_HOSTS)) if odd and draw(st.integers(0, 9)) == 0 else draw(_ASKED),
        https=draw(_SCHEMES),
        headers={} if canary is None else {"x-canary": canary},
        cookies={} if cookie is None else {"canary": cookie},
    )
