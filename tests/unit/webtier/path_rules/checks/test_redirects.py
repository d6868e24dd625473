"""Redirects that never end are refused, and those that lead somewhere are not."""

import random
from urllib.parse import urlsplit

import pytest
import yaml

from tests.unit.webtier.path_rules.harness.rule_objects import PORTS, rule, rule_set
from webtier.path_rules import HostSettings, PathRule, RuleSet
from webtier.path_rules.checks.all_checks import check_rules
from webtier.path_rules.checks.redirects import MOST_REDIRECTS, redirect_problems
from webtier.path_rules.rules.options import RedirectSettings
from webtier.path_rules.rules.request import Request
from webtier.path_rules.rules.semantics import Redirected, answer_to

BACKEND = {"service": "web"}


def rules_of(text: str) -> RuleSet:
    """Rules and hosts as they stand in a stack's file."""
    given = yaml.safe_load(text)
    rules = map(PathRule.model_validate, given["routes"])
    hosts = {host: HostSettings.model_validate(each) for host, each in given.get("hosts", {}).items()}
    return RuleSet.of(rules, hosts, "web")


@pytest.mark.parametrize(
    ("text", "position", "chain"),
    [
        (
            "{routes: [{host: a.example, path: /x, redirect: {to: 'http://a.example/x'}}]}",
            0,
            "http://a.example/x (routes[0]), then http://a.example/x (routes[0]), and so on",
        ),
        (
            "{routes: [{host: a.example, path: /old, redirect: {to: 'https://a.example/old/new'}}]}",
            0,
            "https://a.example/old/new (routes[0]), then",
        ),
        ("{routes: [{host: a.example, path: /, redirect: {to: 'https://a.example/'}}]}", 0, "https://a.example/ "),
        # Written otherwise, and yet the same to a browser and to nginx.
        ("{routes: [{host: a.example, path: /, redirect: {to: 'https://A.Example:443'}}]}", 0, "https://A.Example:443"),
        (
            "{routes: [{host: a.example, path: /x, redirect: {to: 'http://a.example:80/y/.././/x?again=1'}}]}",
            0,
            "http://a.example:80/y/.././/x?again=1 (routes[0])",
        ),
        # Over several rules and hosts, and over the rules of every host.
        (
            (
                "{routes: [{host: a.example, path: /x, redirect: {to: 'https://b.example/y'}}, "
                "{host: b.example, path: /y, redirect: {to: 'https://c.example/z'}}, "
                "{path: /z, redirect: {to: 'https://a.example/x/again'}}]}"
            ),
            0,
            (
                "https://b.example/y (routes[0]), then https://c.example/z (routes[1]), then https://a.example/x/again "
                "(routes[2]), then https://b.example/y (routes[0]), and so on"
            ),
        ),
        # A rule that only leads into a loop is none of its rules.
        (
            (
                "{routes: [{host: a.example, path: /in, redirect: {to: 'http://a.example/x'}}, "
                "{host: a.example, path: '/(x|y)', match: regex, redirect: {to: 'http://a.example/y'}}]}"
            ),
            1,
            "http://a.example/y (routes[1])",
        ),
        ("{routes: [{host: '*.a.example', path: /x, redirect: {to: 'https://b.a.example/x'}}]}", 0, "b.a.example/x"),
        # Over what holds for a whole host.
        (
            (
                "{routes: [{host: a.example, path: /w, redirect: {to: 'http://www.a.example/w/'}}], "
                "hosts: {a.example: {www_redirect: true}}}"
            ),
            0,
            "http://www.a.example/w/ (routes[0]), then http://a.example/w (hosts.a.example.www_redirect), then",
        ),
        (
            (
                "{routes: [{host: a.example, path: /shop, redirect: {to: 'https://a.example'}}], "
                "hosts: {a.example: {app_root: /shop}}}"
            ),
            0,
            "https://a.example (routes[0]), then https://a.example/shop (hosts.a.example.app_root), then",
        ),
        (
            (
                "{routes: [{host: b.example, path: /, backend: {service: web}}, "
                "{host: b.example, path: /y, redirect: {to: 'http://a.example/x'}}, "
                "{host: a.example, path: /x, redirect: {to: 'http://www.b.example/y'}}], "
                "hosts: {b.example: {www_redirect: true, tls: {kind: secret, secret: b}}}}"
            ),
            1,
            (
                "http://a.example/x (routes[1]), then http://www.b.example/y (routes[2]), then http://b.example/y "
                "(hosts.b.example.www_redirect), then http://a.example/x (routes[1]), and so on"
            ),
        ),
    ],
)
def test_a_loop_is_refused_with_the_whole_way(text: str, position: int, chain: str) -> None:
    [problem] = redirect_problems(rules_of(text))
    assert problem.place == ("routes", position, "redirect", "to")
    assert problem.message.startswith("a loop, which no browser leaves: ")
    assert chain in problem.message
    assert "; allowed: " in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "{routes: [{host: a.example, path: /old, redirect: {to: 'https://a.example/older'}}]}",
        "{routes: [{host: a.example, path: /x, match: exact, redirect: {to: 'http://a.example/x/'}}]}",
        # To HTTPS and to a backend in the end.
        (
            "{routes: [{host: a.example, path: /x, redirect: {to: 'http://a.example/y'}}], "
            "hosts: {a.example: {tls: {kind: secret, secret: a}}}}"
        ),
        # Where nobody can tell who answers: another port, an address, a host without rules.
        "{routes: [{host: a.example, path: /, redirect: {to: 'https://a.example:8443/'}}]}",
        "{routes: [{path: /, redirect: {to: 'http://10.79.0.11:31234/'}}]}",
        "{routes: [{path: /, redirect: {to: 'https://www.elsewhere.example/'}}]}",
        (
            "{routes: [{host: a.example, path: /, redirect: {to: 'https://www.elsewhere.example/'}}, "
            "{path: /, redirect: {to: 'https://www.elsewhere.example/'}}]}"
        ),
        # One label alone is under a wildcard.
        "{routes: [{host: '*.a.example', path: /x, redirect: {to: 'https://b.c.a.example/x'}}]}",
    ],
)
def test_a_redirect_that_ends_or_leaves_is_allowed(text: str) -> None:
    assert list(redirect_problems(rules_of(text))) == []


def chain_of(count: int) -> RuleSet:
    """So many redirects one after another, and then a backend."""
    return RuleSet(
        {
            number: PathRule(
                host="a.example", path=f"/p{number}", redirect=RedirectSettings(to=f"http://a.example/p{number + 1}")
            )
            for number in range(count)
        },
        {},
        "web",
    )


def test_more_redirects_than_browsers_follow_are_refused() -> None:
    assert list(redirect_problems(chain_of(MOST_REDIRECTS))) == []
    [problem] = redirect_problems(chain_of(MOST_REDIRECTS + 1))
    assert problem.place == ("routes", 0, "redirect", "to")
    assert "browsers give up after 20 redirects, and this leads to more" in problem.message


def test_a_rule_that_is_missing_since_it_is_wrong_makes_no_loop() -> None:
    looping = rules_of("{routes: [{host: a.example, path: /x, redirect: {to: 'http://a.example/x'}}]}")
    missing = RuleSet(looping.rules, looping.hosts, "web", frozenset({"a.example"}))
    assert list(redirect_problems(looping))
    assert list(redirect_problems(missing)) == []


def follow(rules: RuleSet, url: str) -> bool:
    """Whether a browser that asks for this gets an answer other than a redirect, or is sent to another host."""
    for _ in range(MOST_REDIRECTS + 1):
        parts = urlsplit(url)
        if parts.hostname not in rules.host_names:
            return True
        answer = answer_to(rules, Request(parts.path or "/", parts.hostname or "", https=parts.scheme == "https"))
        if not isinstance(answer, Redirected):
            return True
        url = f"{parts.scheme}:{answer.location}" if answer.location.startswith("//") else answer.location
    return False


def test_what_is_found_is_what_a_browser_would_see() -> None:
    """Of random rules for two hosts: refused if and only if some request for a rule's own path never ends."""
    chosen = random.Random(13)  # noqa: S311 - for the same rules each time
    verdicts: set[bool] = set()
    for _ in range(300):
        places = [(host, path) for host in ("a.example", "b.example") for path in ("/", "/x", "/x/y", "/z")]
        rules: dict[int, PathRule] = {}
        for number, (host, path) in enumerate(chosen.sample(places, chosen.randint(2, 6))):
            to = f"{chosen.choice(('http', 'https'))}://{chosen.choice(('a.example', 'b.example', 'c.example'))}"
            to += chosen.choice(("", "/", "/x", "/x/y/z", "/z", "/other"))
            match = chosen.choice(("prefix", "exact"))
            given = {"redirect": {"to": to}} if chosen.random() < 0.6 else {"backend": BACKEND}
            rules[number] = PathRule.model_validate({"host": host, "path": path, "match": match, **given})
        made = RuleSet(rules, {}, "web")
        ends = all(
            follow(made, f"http://{rule.host}{rule.path}") for rule in rules.values() if rule.redirect is not None
        )
        assert (not list(redirect_problems(made))) == ends
        verdicts.add(ends)
    assert verdicts == {True, False}


def test_a_redirect_to_a_rule_whose_rewrite_is_wrong_is_no_error_of_ours() -> None:
    rules = [
        rule("/(a|b)/x", match="regex", rewrite={"kind": "regex", "to": "/$2"}, host="a.example"),
        rule("/old", None, redirect={"to": "http://a.example/a/x"}, host="a.example"),
    ]
    [problem] = check_rules(rule_set(rules), PORTS)
    assert problem.place == ("routes", 0, "rewrite", "to")
