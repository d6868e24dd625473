"""The regular expressions of rules: which are allowed, and which paths they stand for."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.webtier.path_rules.harness.generated_rules import regexes, repeatable, word
from tests.unit.webtier.path_rules.harness.pcre import LIBRARY, match_caseless
from tests.unit.webtier.path_rules.harness.rule_objects import rule
from webtier.path_rules.ingress.paths import own_text
from webtier.path_rules.regexes.path_sets import Budget, Earlier, Paths, below, only, overlap
from webtier.path_rules.regexes.syntax import RegexError, as_python, parse_pattern, parse_regex

_RANDOM = repeatable(300)


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("/", 0),
        ("/items/[0-9]+", 0),
        (r"/v\d{1,3}(/.*)?", 1),
        (r"/(?:a|b)/(c|)\.html", 1),
        (r"/[\w.-]+@[^/]{2,}", 0),
        ("/((a)(b))?c", 3),
        ("/a.*?b", 0),
        ("/x(/[a-z]+)+", 1),
        (r"/\(\[\{\.\*\+\?\^\$\|", 0),
    ],
)
def test_allowed(text: str, groups: int) -> None:
    assert parse_regex(text).groups == groups
    assert re.compile(text).groups == groups


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a", "begins with '/'"),
        ("/a b", "is not allowed"),
        ('/a"b', "is not allowed"),
        ("/a;b", "is not allowed"),
        ("/a#b", "is not allowed"),
        ("/é", "is not allowed"),
        ("/(?i)a", "'(?' at character 2"),
        ("/(?P<n>a)", "'(?' at character 2"),
        ("/(?>a)", "'(?' at character 2"),
        ("/(?<=a)b", "'(?' at character 2"),
        (r"/(a)\1", r"'\1'"),
        (r"/a\b", r"'\b'"),
        (r"/a\s", r"'\s'"),
        (r"/\\", r"'\\'"),
        (r"/a" + "\\", r"'\'"),
        ("/[[:alpha:]]", "in '[...]'"),
        ("/[a&&b]", "a sign twice"),
        ("/[z-a]", "to a later one"),
        (r"/[\d-z]", "to a later one"),
        ("/[]", "in '[...]'"),
        ("/[a", "never closed"),
        ("/^a", "superfluous"),
        ("/a$", "superfluous"),
        ("/a|b", "split the regex"),
        ("/a)", "closes no group"),
        ("/(a", "never closed"),
        ("/(*)", "repeats nothing"),
        ("/a**", "repeats a repetition"),
        ("/a*+", "repeats a repetition"),
        ("/a{2}{3}", "repeats a repetition"),
        ("/a{", "begins no repetition"),
        ("/a{,3}", "begins no repetition"),
        ("/a{3,2}", "is not possible"),
        ("/a{999}", "is not possible"),
        ("/(((a{99}){99}){99})", "multiply to more than"),
        ("/(a*)*", "what may be empty"),
        ("/(a|b*)+", "what may be empty"),
        ("/(a+)+", "in so many ways"),
        ("/(/.*)*x", "in so many ways"),
        ("/((a|a)*b|.*)", "is too intricate to tell"),
        (r"/(\w+\.?)+x", "in so many ways"),
        ("/" + "(a)" * 10, "at most 9 groups"),
        ("/" + "a" * 200, "at most 200 characters"),
        ("/etc/passwd.*", "as of an attack"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(RegexError) as caught:
        parse_regex(text)
    assert reason in str(caught.value)
    assert "allowed:" in str(caught.value)


@pytest.mark.parametrize("text", ["^m.$", "a|b", "[0-9]+", "v2", "^(beta|canary)"])
def test_allowed_for_a_header(text: str) -> None:
    parse_pattern(text)


@pytest.mark.parametrize("text", ["", "a b", "(?i)a", "a$b", "[", 'a"', "x" * 201])
def test_refused_for_a_header(text: str) -> None:
    with pytest.raises(RegexError):
        parse_pattern(text)


@_RANDOM
@given(data=st.data())
def test_pcre_and_python_read_them_alike(data: st.DataObject) -> None:
    text = data.draw(regexes())
    path = data.draw(st.one_of(st.just(word(data.draw, parse_regex(text).tree)), st.text("/aAb.1x-\n", max_size=6)))
    python = as_python(text).fullmatch(path)
    pcre = match_caseless(own_text(rule(text, match="regex")), path, anchored=True)
    assert pcre == (None if python is None else [python[0], *python.groups()])


def test_pcre_itself_is_what_the_tests_compare_with() -> None:
    # Debian's own tools need it, so that it is there wherever these tests run in CI.
    assert LIBRARY is not None


def of(text: str) -> Paths:
    return Paths(text)


def shadowing(later: Paths, earlier: Sequence[Paths]) -> list[int] | None:
    found = Earlier(Budget())
    for paths in earlier:
        found.add(paths)
    return found.taking(later)


@pytest.mark.parametrize(
    ("later", "earlier", "takers"),
    [
        (below("/api/v1"), [of("/api/.*")], [0]),
        (below("/api"), [of("/api/.*")], None),
        (below("/api"), [of("/api(/.*)?")], [0]),
        (below("/"), [of("/.*")], [0]),
        (below("/a"), [of("/a(/[^/]+)*/?")], [0]),
        (below("/a"), [of("/a(/[^/]+)*")], None),
        (of("/[a-c]"), [only("/a"), only("/x"), only("/b"), only("/c")], [0, 2, 3]),
        (of("/[a-c]"), [only("/a"), of("/[a-d]{1,2}"), only("/b")], [1]),
        (of(r"/\d{2}"), [of(r"/\d\d?")], [0]),
        (of(r"/\d{1,3}"), [of(r"/\d\d?")], None),
        (of("/a{200}b{200}"), [of("/[ab]*")], [0]),
        (only("/a"), [of("/A")], None),
    ],
)
def test_what_takes_all_paths_of_another(later: Paths, earlier: list[Paths], takers: list[int] | None) -> None:
    assert shadowing(later, earlier) == takers


@_RANDOM
@given(data=st.data())
def test_a_path_of_a_rule_that_is_taken_is_one_of_those_that_take_it(data: st.DataObject) -> None:
    texts = data.draw(st.lists(regexes(), min_size=2, max_size=4))
    found = shadowing(of(texts[0]), [of(text) for text in texts[1:]])
    path = word(data.draw, of(texts[0]).node)
    if "//" not in path:
        assert path in of(texts[0])
        taken = any(as_python(text).fullmatch(path) for text in texts[1:])
        assert taken or found is None


def test_what_too_little_work_is_left_for_counts_as_reachable() -> None:
    enough, too_little = Earlier(Budget()), Earlier(Budget(50))
    for earlier in (enough, too_little):
        earlier.add(of("/[a-z]+/.*"))
    assert enough.taking(of("/a[b-z]{3}/.*")) == [0]
    assert too_little.taking(of("/a[b-z]{3}/.*")) is None


def test_overlapping_is_what_too_little_work_is_left_for() -> None:
    one, other = of("/([a-d]{3})*1"), of("/([a-d]{4})*2")
    assert not overlap(one, other, Budget())
    assert overlap(one, other, Budget(5))


def test_plain_rules_beside_regexes_are_told_apart_without_automata() -> None:
    budget = Budget(100_000)
    earlier = Earlier(budget)
    for number in range(5_000):
        earlier.add(only(f"/exact/{number}"))
    for text in ("/.*/item[0-9]", "/exact/[0-9]+", "/x[0-9]+/.*"):
        earlier.add(of(text))
    assert all(earlier.taking(below(f"/user/{number}")) is None for number in range(5_000))
    assert earlier.taking(below("/x1/y")) == [5_002]
    budget.spend(80_000)


def test_an_exact_rule_takes_its_own_path_out_of_a_regex() -> None:
    earlier = Earlier(Budget())
    for paths in (only("/v1"), only("/w"), of("/v[2-9]"), of("/x")):
        earlier.add(paths)
    assert earlier.taking(of("/v[1-9]")) == [0, 2]
    assert earlier.taking(of("/v[0-9]")) is None
