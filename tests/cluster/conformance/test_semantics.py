"""The rules mean what the controller does: components/webtier/path_rules/rules/semantics.py against the real one."""

import re
from collections import Counter
from collections.abc import Mapping
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devcluster.plan import HOST_ADDRESS
from tests.cluster.conformance.harness.asking import Answer, Ask
from tests.cluster.conformance.harness.services import ADMIN, HTTP
from tests.cluster.conformance.harness.stack import ConformanceStack, rule_set
from tests.unit.webtier.path_rules.harness.generated_rules import path_of, repeatable
from webtier.path_rules.rules.hosts import WILDCARD, www_partner
from webtier.path_rules.rules.model import PathRule
from webtier.path_rules.rules.request import Refused, Request
from webtier.path_rules.rules.semantics import Answered, Redirected, Served, answer_to

RULES = rule_set()
REQUESTS = 30
"""For each kind of answer."""


def is_asked_at_random(rule: PathRule) -> bool:
    """Whether its answer depends on the request alone, and comes soon."""
    return not (rule.limits or rule.auth or (rule.backend and rule.backend.port == "deaf"))


def label(rule: PathRule) -> str:
    """The kind of answer that comes from a rule's web service."""
    return f"{rule.match}, {rule.rewrite.kind if rule.rewrite else 'canary' if rule.canary else 'plain'}"


def asked_rules() -> Mapping[str, list[PathRule]]:
    """By each kind of answer the rules that give it."""
    possible = [rule for rule in RULES.rules.values() if is_asked_at_random(rule)]
    of_hosts = [(rule, RULES.settings(rule.host)) for rule in possible]
    found = {
        "redirected: rule": [rule for rule in possible if rule.redirect],
        "redirected: https": [rule for rule, of_host in of_hosts if of_host.redirects_to_https],
        "redirected: www": [rule for rule, of_host in of_hosts if of_host.www_redirect],
        "redirected: app_root": [rule for rule, of_host in of_hosts if of_host.app_root],
        "answered: 204": [rule for rule in possible if rule.cors],
        "answered: 403": [rule for rule in possible if rule.access],
        "no pod": [rule for rule in possible if rule.backend and rule.backend.service == "nobody"],
        "default backend": possible,
    }
    for rule, of_host in of_hosts:
        if rule.redirect is None and of_host.tls is None:
            found.setdefault(label(rule), []).append(rule)
    return found


ASKED_RULES = asked_rules()


@st.composite
def asks(draw: st.DrawFn, kind: str) -> Ask:
    """Requests of which some get this kind of answer, and others just not."""
    rule = draw(st.sampled_from(ASKED_RULES[kind]))
    host, path = rule.host or "elsewhere.example", path_of(draw, rule)
    if kind == "redirected: www":
        host = www_partner(host)
    elif kind == "redirected: app_root":
        path = draw(st.sampled_from(["/", path]))
    elif kind == "default backend":
        host = draw(st.sampled_from([host, "other.example"]))
    optional = {
        "X-Canary": st.sampled_from(["always", "never", "me", "team", "other"]),
        "Cookie": st.sampled_from(["canary=always", "canary=never", "canary=other"]),
        "Origin": st.sampled_from(["https://shop.example.com", "https://a.example.org", "https://evil.example"]),
    }
    is_preflight = kind == "answered: 204"
    needed = {"Origin": optional.pop("Origin")} if is_preflight else {}
    headers = draw(st.fixed_dictionaries(needed, optional=optional))
    method = draw(st.sampled_from(["OPTIONS"] if is_preflight else ["GET", "POST", "OPTIONS"]))
    host = host.replace(WILDCARD, draw(st.sampled_from(["a.", "own.", "a.b."])))
    return Ask(host, draw(_targets(path)), method, headers, https=draw(st.booleans()))


@st.composite
def _targets(draw: st.DrawFn, path: str) -> str:
    """One of the ways to write a path in a request."""
    written = "".join(
        f"%{ord(each):02x}" if draw(st.integers(0, 19)) == 0 else quote(each.encode("latin-1"), safe="/:@,=&$+~")
        for each in path
    ).replace("%2f", "%2F")
    # The first character of a target is a slash.
    target = "/" + written.removeprefix("%2F").removeprefix("/")
    change = draw(st.sampled_from([None] * 6 + ["//", "/./", "/x/../"]))
    return target if change is None else target.replace("/", change, draw(st.integers(1, 2)))


def expected_of(ask: Ask) -> Refused | Answered | Redirected | Served:
    headers = {name.lower(): value for name, value in ask.headers.items()}
    name, _, value = headers.pop("cookie", "").partition("=")
    request = Request(ask.target, ask.host, ask.method, ask.https, headers, {name: value} if name else {}, HOST_ADDRESS)
    return answer_to(RULES, request)


def check(ask: Ask, answer: Answer) -> str:
    """AssertionError unless the answer is what the rules mean; the kind of answer else."""
    expected = expected_of(ask)
    context = (ask, expected, answer)
    if isinstance(expected, Redirected):
        assert answer.status == expected.code, context
        scheme = "https:" if ask.https else "http:"
        location = scheme + expected.location if expected.location.startswith("//") else expected.location
        assert answer.headers["location"] == location, context
        return f"redirected: {expected.why}"
    if isinstance(expected, Refused):
        assert (answer.status, answer.service) == (expected.code, None), context
        return "refused"
    if isinstance(expected, Answered):
        assert (answer.status, answer.service) == (expected.code, None), context
        return f"answered: {expected.code}"
    rule = None if expected.rule is None else RULES.rules[expected.rule]
    if expected.backend.service == "nobody":
        assert (answer.status, answer.service) == ((418, "errors") if rule and rule.error_pages else (503, None)), (
            context
        )
        return "no pod"
    possible = [expected.backend.service] if expected.canary_share < 1 else []
    if expected.canary is not None and expected.canary_share > 0:
        possible.append(expected.canary.service)
    assert answer.service in possible, context
    assert answer.echo["port"] == (ADMIN if expected.backend.port == "admin" else HTTP), context
    assert answer.echo["path"] == expected.path, context
    assert answer.echo["headers"].get("x-forwarded-prefix") == expected.forwarded_prefix, context
    return "default backend" if rule is None else label(rule)


@pytest.mark.parametrize("kind", ASKED_RULES)
def test_requests_at_random_get_what_the_rules_mean(conformance: ConformanceStack, kind: str) -> None:
    seen: Counter[str] = Counter()

    @repeatable(REQUESTS)
    @given(asks(kind))
    def run(ask: Ask) -> None:
        expected = expected_of(ask)
        hit = None if isinstance(expected, Refused) or expected.rule is None else RULES.rules[expected.rule]
        if hit is None or is_asked_at_random(hit):
            seen[check(ask, conformance.controller.ask(ask))] += 1

    run()
    assert seen[kind] > 0, seen


def test_wrong_semantics_would_be_noticed() -> None:
    """The comparison itself: the same answer, checked for another path, is not what the rules mean."""
    answer = Answer(200, {}, {}, b'{"service": "alpha", "port": 8080, "path": "/strip", "headers": {}}')
    assert re.fullmatch("prefix, .*", check(Ask("plain.example", "/user/me2"), _with(answer, "/user/me2")))
    for ask in (Ask("plain.example", "/users"), Ask("regex.example", "/strip/x"), Ask("moved.example", "/301")):
        try:
            check(ask, _with(answer, ask.target))
        except AssertionError:
            continue
        raise AssertionError(ask)


def _with(answer: Answer, path: str) -> Answer:
    return Answer(answer.status, {}, {}, answer.body.replace(b"/strip", path.encode()))
