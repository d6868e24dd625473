"""Regexes that would hold nginx up are refused, and those that are allowed don't: by what PCRE itself counts."""

import re

import pytest

from tests.unit.webtier.path_rules.harness.costly_regexes import costly_texts, pumped, regex_at_random, seeded
from tests.unit.webtier.path_rules.harness.pcre import nanoseconds
from webtier.path_rules.ingress.paths import own_text
from webtier.path_rules.regexes.syntax import RegexError, parse_pattern, parse_regex
from webtier.path_rules.rules.model import PathRule

MOST_NANOSECONDS = 10_000_000
REFUSED = ("can take the same text in so many ways", "is too intricate to tell")


def compiled(text: str) -> str:
    """As the controller hands it to nginx, whether the rule would be refused or not."""
    return "^" + own_text(PathRule.model_construct(match="regex", path=text))


def searched(pattern: str) -> str:
    """What looks for a pattern, as one match: PCRE's own count begins anew at each place."""
    return pattern if pattern.startswith("^") else f"^(?s:.*?)(?:{pattern})"


@pytest.mark.parametrize(
    "text",
    [
        "/api/v[0-9]+/users/[^/]+",
        r"/files/(.*)\.(jpg|png)",
        "/(a|b)/(.*)",
        "/[a-z]{2}(-[A-Z]{2})?/.*",
        r"/.*\.php",
        "/shop/.*/item/.*",
        "/(.*)/([^/]+)",
        "/.*/[0-9]+",
        r"/(.*)\.(css|js|png|jpg|jpeg|gif|ico|svg|woff|woff2|ttf|eot|map|webp)",
        "/x(/[a-z]+)+",
        "/x(/[^/]+)*/?",
        "/([a-z]+-)*[a-z]+",
        "/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        r"/[\w.-]+@[\w.-]+\.[a-z]{2,}",
        r"/(\d{1,3}\.){3}\d{1,3}",
        r"/blog/(\d{4})-(\d{2})-(.*)\.html?",
        r"/((?:[a-z]+/)*)([a-z]+)\.html",
        r"/.*/(index|home)\.(html|php)(/.*)?",
        r"/[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*",
        r"/[\w-]{1,63}-[\w-]{1,63}",
        "/a{200}b{200}",
        "/.*a.{20}",
        "/.*",
        "/(.*)",
        "/.*/.*",
        "/(.*)/(.*)",
        "/(.*)/(.*)/(.*)/(.*)",
        "/.*/v1/.*",
        "/(.*)/api/(.*)",
        "/api/(.*)/(.*)",
        "/(.*)/v1/(.*)/(.*)",
        r"/(.*)\.html",
        "/blog/(.*)/page/([0-9]+)",
        "/[^/]+/edit",
        "/.*[0-9]+.*",
        "/(.*?)/(.*?)/(.*)",
        "/x(/.*)*",
        "/x(/.*?)*",
        "/(.*/)?api/(.*)",
        "/(.*|(a|a)*b)",
        "/a/.{1,20}/b/.{1,20}/c",
        r"/(.{3,30})-(.{3,30})\.html",
        "/users/.{1,36}/posts/.{1,36}/x",
        "/a.{0,10}b.{0,10}c.{0,10}",
    ],
)
def test_what_people_write_is_allowed_and_quick(text: str) -> None:
    tree = parse_regex(text).tree
    for subject in costly_texts(tree, seeded(text), 60):
        assert nanoseconds(compiled(text), subject) < MOST_NANOSECONDS, subject[:100]


@pytest.mark.parametrize(
    ("text", "part", "example", "end"),
    [
        ("/(a|a)*b", "(a|a)*", "'/' and then 'a' many times", ""),
        ("/(a{1,20}){1,20}b", "(a{1,20}){1,20}", "'/' and then 'a' many times", ""),
        ("/a*a*a*a*b", "a*a*a*a*", "'/' and then 'a' many times", ""),
        ("/(a+)+", "(a+)+", "'/' and then 'a' many times", "!"),
        ("/x(/(b+)+)*", "(b+)+", "'/x/' and then 'b' many times", "!"),
        ("/(?:ab|a|b)*c", "(?:ab|a|b)*", "'/' and then 'ab' many times", ""),
        ("/a.*b.*c", ".*b.*", "'/a' and then 'b' many times", ""),
        (r"/(.*)/(.*)\.php", "(.*)/(.*)", "'/' and then 'a/' many times", ""),
        ("/.*foo.*bar.*", ".*foo.*", "'/' and then 'foo' many times", ""),
        ("/.*abcd[a-z]*", ".*abcd[a-z]*", "'/' and then 'abcd' many times", "!"),
        (r"/(\w+\.?)+-", r"(\w+\.?)+", "'/' and then 'a' many times", "!"),
        ("/x(/.*)*y", "(/.*)*", "'/x/' and then 'a/' many times", ""),
        ("/(a?){255}b", "(a?){255}", "'/aa' and then 'a' many times", ""),
        ("/(a|b|ab)*c", "(a|b|ab)*", "'/' and then 'ab' many times", ""),
        (r"/(?:(?:b*){0,3}){1,20}\w+", r"/(?:(?:b*){0,3}){1,20}\w+", "'/' and then 'a/' many times", ""),
        ("/[a-z]+[0-9]*[a-z]*-", "[a-z]+[0-9]*[a-z]*", "'/' and then 'a' many times", "!"),
    ],
)
def test_refused_with_a_text_that_is_really_slow(text: str, part: str, example: str, end: str) -> None:
    with pytest.raises(RegexError) as caught:
        parse_regex(text)
    message = str(caught.value)
    assert message.startswith(f"'{part}' can take the same text in so many ways")
    assert f": {example}, and then" in message
    assert "allowed:" in message
    before, again = re.findall(r"'([^']*)'", example)
    assert nanoseconds(compiled(text), pumped(before, again, end)) > MOST_NANOSECONDS


def test_of_regexes_at_random_those_that_are_allowed_are_quick() -> None:
    random, allowed, refused = seeded(13), 0, 0
    while allowed < 250:
        text = "/" + regex_at_random(random)
        try:
            tree = parse_regex(text).tree
        except RegexError as error:
            refused += any(each in str(error) for each in REFUSED)
            continue
        allowed += 1
        for subject in costly_texts(tree, random, 12):
            assert nanoseconds(compiled(text), subject) < MOST_NANOSECONDS, (text, subject[:100])
    assert refused > 80


@pytest.mark.parametrize(
    "text", ["[0-9]+", "^[a-z]+$", "^.*foo", "^a.*b.*", "Mobile", "^(beta|canary)$", r"^[0-9]+(\.[0-9]+)*$", "a|b+"]
)
def test_a_headers_pattern_that_is_quick_is_allowed(text: str) -> None:
    parse_pattern(text)
    for again in ("a", "b", "0", "foo", "0.", "Mobil", "beta", "ab"):
        for end in ("", "!"):
            assert nanoseconds(searched(text), pumped("", again, end), caseless=False) < MOST_NANOSECONDS


@pytest.mark.parametrize(
    ("text", "again", "end"),
    [
        ("a+b", "a", "!b"),
        ("^(a|a)*b", "a", "!"),
        ("foo.*bar", "foo", "!r"),
        ("[a-z]+$", "a", "!"),
        ("[a-z]*$", "a", "!"),
        ("^.*a.*b.*c", "b", "!"),
    ],
)
def test_a_headers_pattern_that_is_slow_is_refused(text: str, again: str, end: str) -> None:
    with pytest.raises(RegexError, match=f"'{again}' many times, and then what does not match"):
        parse_pattern(text)
    before = "a" if text.startswith("^.*a") else ""
    assert nanoseconds(searched(text), pumped(before, again, end), caseless=False) > MOST_NANOSECONDS
