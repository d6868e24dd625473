"""HTTPRoutes bring about what the rules mean, and what the Ingress objects do, for rules and requests at random."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.webtier.path_rules.harness.gateway import Gateway, GatewayReply, LeftOpenError, modified
from tests.unit.webtier.path_rules.harness.generated_rules import Routing, repeatable, requests, rule_sets
from tests.unit.webtier.path_rules.harness.ingress_nginx import IngressNginx, Reply
from tests.unit.webtier.path_rules.harness.rule_objects import PORTS, objects, routes, rule, rule_set
from webtier.path_rules import GatewayRouting, PathRule, RuleSet
from webtier.path_rules.rules.options import ServiceRef
from webtier.path_rules.rules.request import Refused, Request, escaped
from webtier.path_rules.rules.semantics import Answer, Answered, Redirected, Served, answer_to

STRICT = GatewayRouting(kind="gateway", gateway="web", regexes="before_prefixes")
"""Takes nothing that Ingress objects would give another meaning."""

LENIENT = GatewayRouting.permissive("web")
"""Takes all that HTTPRoutes can say."""

REQUESTS = 10_000
_EACH = 25

Outcome = tuple[int | None, str | None, Mapping[str, Fraction], str | None, str | None]
"""Code and whole location, or else the part of each `service:port`, the path it sees, and `X-Forwarded-Prefix`.

Both are decoded: whether a Gateway decodes and encodes is not what these tests are about.
"""


def meant(answer: Answer, request: Request) -> Outcome:
    if isinstance(answer, Redirected):
        return answer.code, _whole(_decoded(answer.location), request), {}, None, None
    if isinstance(answer, Answered | Refused):
        return answer.code, None, {}, None, None
    parts = {_numbered(answer.backend): 1 - answer.canary_share}
    if answer.canary is not None:
        parts[_numbered(answer.canary)] = parts.get(_numbered(answer.canary), Fraction(0)) + answer.canary_share
    return None, None, _positive(parts), _decoded(answer.path), answer.forwarded_prefix


def of_gateway(reply: GatewayReply) -> Outcome:
    return reply.code, reply.location, _positive(reply.backends), reply.path, reply.forwarded_prefix


def of_ingress(reply: Reply, request: Request) -> Outcome:
    if reply.code is not None:
        return reply.code, reply.location and _whole(_decoded(reply.location), request), {}, None, None
    assert reply.upstream
    assert reply.path
    parts = {_numbered_upstream(reply.upstream): 1 - reply.canary_share}
    if reply.canary is not None:
        parts[_numbered_upstream(reply.canary)] = reply.canary_share
    return None, None, _positive(parts), _decoded(reply.path), reply.forwarded_prefix


def _decoded(sent: str) -> str:
    return unquote_to_bytes(sent).decode("latin-1")


def _whole(location: str, request: Request) -> str:
    """With its scheme, and `/` for a path that is empty."""
    scheme = "https" if request.https else "http"
    absolute = f"{scheme}:{location}" if location.startswith("//") else location
    return absolute if urlsplit(absolute).path else f"{absolute}/"


def _positive(parts: Mapping[str, Fraction]) -> Mapping[str, Fraction]:
    return {name: part for name, part in parts.items() if part > 0}


def _numbered(reference: ServiceRef) -> str:
    names = PORTS[reference.service]
    return f"{reference.service}:{80 + names.index(reference.port or names[0])}"


def _numbered_upstream(upstream: str) -> str:
    service, _, port = upstream.rpartition("-")
    return f"{service}:{port}" if port.isdecimal() else _numbered(ServiceRef(service=service, port=port))


def replied(gateway: Gateway, request: Request) -> Outcome:
    return of_gateway(
        gateway.reply(
            request.host,
            request.path,
            https=request.https,
            method=request.method,
            headers=request.headers,
            cookies=request.cookies,
        )
    )


def compare(routing: GatewayRouting, seen: Counter[str], *, with_ingress: bool) -> None:
    """AssertionError or LeftOpenError for the first request that would be answered otherwise than the rules mean."""
    routings: Sequence[Routing] = (routing, None) if with_ingress else (routing,)

    @repeatable(REQUESTS // _EACH + 5)
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        rules = data.draw(rule_sets(routings))
        gateway = Gateway(data.draw(st.permutations(routes(rules, routing))))
        controller = IngressNginx(objects(rules)) if with_ingress else None
        asked = requests(rules)
        for _ in range(_EACH):
            request = data.draw(asked)
            answer = answer_to(replace(rules, gateway=routing), request)
            assert replied(gateway, request) == meant(answer, request), (request, answer)
            if controller is not None:
                reply = controller.reply(
                    request.host, request.target, https=request.https, headers=request.headers, cookies=request.cookies
                )
                answer = answer_to(rules, request)
                assert of_ingress(reply, request) == meant(answer, request), (request, answer)
            seen["requests"] += 1
            seen[_kind(rules, answer, request)] += 1

    run()


def _kind(rules: RuleSet, answer: Answer, request: Request) -> str:
    if isinstance(answer, Redirected):
        return f"redirected: {answer.why}"
    assert isinstance(answer, Served)
    if answer.rule is None:
        return "default backend"
    rule = rules.rules[answer.rule]
    kind = f"{rule.match}, {rule.canary.kind if rule.canary else rule.rewrite.kind if rule.rewrite else 'plain'}"
    return kind if rule.host is None or rule.host == request.host else f"wildcard, {kind}"


KINDS = {
    f"{match}, {what}"
    for match in ("prefix", "exact")
    for what in ("plain", "weight", "header", "cookie", "strip_prefix", "replace_prefix")
} | {"regex, plain", "regex, regex", "default backend", "redirected: rule", "redirected: www", "redirected: app_root"}


def missed(seen: Counter[str], kinds: Iterable[str]) -> Mapping[str, int]:
    """The kinds of answers that hardly any request got."""
    return {kind: seen[kind] for kind in kinds if seen[kind] < 5}


def test_what_both_can_say_is_routed_by_a_gateway_as_by_ingress_nginx() -> None:
    seen: Counter[str] = Counter()
    compare(STRICT, seen, with_ingress=True)
    assert seen["requests"] >= REQUESTS
    assert missed(seen, KINDS) == {}


def test_all_that_routes_can_say_is_routed_by_a_gateway_as_the_rules_mean() -> None:
    seen: Counter[str] = Counter()
    compare(LENIENT, seen, with_ingress=False)
    assert seen["requests"] >= REQUESTS
    assert {
        kind: seen[kind] for kind in KINDS | {"redirected: https", "wildcard, prefix, plain"} if seen[kind] < 5
    } == {}


def test_without_a_route_for_all_paths_of_each_host_they_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    complete = RuleSet.complete

    def incomplete(rules: RuleSet, host: str | None) -> list[tuple[int | None, PathRule]]:
        return [(position, each) for position, each in complete(rules, host) if position is not None or host is None]

    monkeypatch.setattr(RuleSet, "complete", incomplete)
    with pytest.raises(AssertionError):
        compare(STRICT, Counter(), with_ingress=False)


def test_a_dot_of_a_regex_is_a_line_feed_too_where_a_gateway_decodes_one() -> None:
    rules = rule_set([rule("/a/.*b", match="regex")])
    for path in ("/a/%0Ab", "/a/\nb", "/a/b\n"):
        request = Request(escaped(path), "x.example.com")
        assert replied(Gateway(routes(rules, STRICT)), request) == meant(answer_to(rules, request), request)


def test_without_the_check_of_regexes_some_orders_are_left_open() -> None:
    rules = rule_set([rule("/a/[a-z]+", match="regex"), rule("/[a-z]+/b", "errors", match="regex")])
    with pytest.raises(LeftOpenError):
        Gateway(routes(rules, STRICT)).reply("x.example.com", "/a/b")


def test_a_preflight_is_answered_before_the_way_to_https_and_other_requests_are_not() -> None:
    cors = {"origins": ["https://*.shop.example"], "methods": ["GET"]}
    rules = rule_set([rule("/a", host="a.example", cors=cors)], {"a.example": {"tls_redirect": True}})
    gateway = Gateway(routes(rules, LENIENT))
    for https in (True, False):
        for origin in ("https://deep.www.shop.example", "https://other.example"):
            headers = {"origin": origin}
            # What becomes of a preflight from elsewhere Gateways decide themselves.
            methods = ("GET", "OPTIONS") if "shop" in origin else ("GET",)
            for request in (Request("/a/b", "a.example", method, https, headers) for method in methods):
                deep = replace(rules, gateway=LENIENT)
                assert replied(gateway, request) == meant(answer_to(deep, request), request)


@pytest.mark.parametrize(
    ("path", "prefix", "replacement", "result"),
    [
        ("/foo/bar", "/foo", "/xyz", "/xyz/bar"),
        ("/foo/bar", "/foo", "/xyz/", "/xyz/bar"),
        ("/foo/bar", "/foo/", "/xyz", "/xyz/bar"),
        ("/foo/bar", "/foo/", "/xyz/", "/xyz/bar"),
        ("/foo", "/foo", "/xyz", "/xyz"),
        ("/foo/", "/foo", "/xyz", "/xyz/"),
        ("/foo/bar", "/foo", "", "/bar"),
        ("/foo/", "/foo", "", "/"),
        ("/foo", "/foo", "", "/"),
        ("/foo/", "/foo", "/", "/"),
        ("/foo", "/foo", "/", "/"),
    ],
)
def test_the_stand_in_replaces_prefixes_as_the_apis_own_table_does(
    path: str, prefix: str, replacement: str, result: str
) -> None:
    modifier = {"type": "ReplacePrefixMatch", "replacePrefixMatch": replacement}
    assert modified(path, modifier, {"type": "PathPrefix", "value": prefix}) == result
