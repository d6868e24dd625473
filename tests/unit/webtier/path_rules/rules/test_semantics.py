"""The compiled objects bring about what the rules mean, for rules and requests at random."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.webtier.path_rules.harness import rule_objects
from tests.unit.webtier.path_rules.harness.generated_rules import repeatable, requests, rule_sets
from tests.unit.webtier.path_rules.harness.ingress_nginx import IngressNginx, RefusedByTheWebhookError, Reply
from tests.unit.webtier.path_rules.harness.rule_objects import PORTS, objects, rule, rule_set
from webtier.path_rules.ingress.annotations import PREFIX, rule_annotations
from webtier.path_rules.ingress.paths import CompiledPath, PathType
from webtier.path_rules.ingress.render import CompiledIngress
from webtier.path_rules.rules.model import PathRule, RuleSet
from webtier.path_rules.rules.options import RegexRewrite, ReplacePrefix, ServiceRef
from webtier.path_rules.rules.request import Refused, RefusedTargetError, Request, escaped, normalized
from webtier.path_rules.rules.semantics import Answer, Redirected, Served, answer_to

PATHS = 10_000
_REQUESTS = 40


def expected(rules: RuleSet, answer: Answer) -> Reply:
    """An answer in the terms of the controller."""
    if isinstance(answer, Refused):
        return Reply(answer.code)
    if isinstance(answer, Redirected):
        return Reply(answer.code, answer.location)
    assert isinstance(answer, Served)
    rule = None if answer.rule is None else rules.rules[answer.rule]
    return Reply(
        upstream=_upstream(answer.backend, rule is not None and bool(rule.canary or rule.affinity)),
        path=answer.path,
        forwarded_prefix=answer.forwarded_prefix,
        canary=answer.canary and _upstream(answer.canary, by_name=False),
        canary_share=answer.canary_share,
    )


def _upstream(backend: ServiceRef, by_name: bool) -> str:
    names = PORTS[backend.service]
    name = backend.port or names[0]
    return f"{backend.service}-{name if by_name else 80 + names.index(name)}"


def compare(seen: Counter[str]) -> None:
    """AssertionError for the first request that the controller would answer otherwise than the rules mean."""

    @repeatable(PATHS // _REQUESTS + 10)
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        rules = data.draw(rule_sets())
        compiled = data.draw(st.permutations(objects(rules)))
        controller = IngressNginx(compiled)
        asked = requests(rules, odd=True)
        for _ in range(_REQUESTS):
            request = data.draw(asked)
            answer = answer_to(rules, request)
            reply = controller.reply(
                request.host, request.target, https=request.https, headers=request.headers, cookies=request.cookies
            )
            assert reply == expected(rules, answer), (request, answer)
            seen["paths"] += 1
            seen[_kind(rules, answer)] += 1

    run()


def _kind(rules: RuleSet, answer: Answer) -> str:
    if isinstance(answer, Redirected):
        return f"redirected: {answer.why}"
    if isinstance(answer, Refused):
        return "refused"
    assert isinstance(answer, Served)
    if answer.rule is None:
        return "default backend"
    rule = rules.rules[answer.rule]
    return f"{rule.match}, {'canary' if rule.canary else rule.rewrite.kind if rule.rewrite else 'plain'}"


def test_ten_thousand_requests_get_what_the_rules_mean() -> None:
    seen: Counter[str] = Counter()
    compare(seen)
    assert seen.pop("paths") >= PATHS
    kinds = {
        f"{match}, {what}"
        for match in ("prefix", "exact")
        for what in ("plain", "canary", "strip_prefix", "replace_prefix")
    }
    kinds |= {"regex, plain", "regex, canary", "regex, regex", "default backend", "refused"}
    kinds |= {f"redirected: {why}" for why in ("rule", "https", "www", "app_root")}
    assert {kind: count for kind in kinds if (count := seen[kind]) < 10} == {}


def _raw(name: str, rules: RuleSet) -> list[CompiledIngress]:
    """Objects as most people write them by hand: each rule for itself, without a thought for its siblings."""
    compiled: list[CompiledIngress] = []
    for host in rules.host_names:
        for position, each in rules.complete(host):
            path, rewriting = _raw_path(each, each.backend or ServiceRef(service=rules.default_backend or ""))
            compiled.append(
                CompiledIngress(
                    name=f"{name}-{host}-{position}",
                    host=host,
                    paths=[path],
                    by_port_name=each.canary is not None,
                    annotations={
                        **rewriting,
                        **{key: said for key, said in rule_annotations(each).items() if key not in _REWRITING},
                    },
                    root="",
                    rule=position,
                )
            )
    return compiled


_REWRITING = [PREFIX + name for name in ("use-regex", "rewrite-target", "x-forwarded-prefix")]


def _raw_path(rule: PathRule, backend: ServiceRef) -> tuple[CompiledPath, Mapping[str, str]]:
    """The path, and the annotations that go with it."""
    types: Mapping[str, PathType] = {"prefix": "Prefix", "exact": "Exact", "regex": "ImplementationSpecific"}
    match rule.rewrite:
        case None:
            path, rewriting = rule.path, list[str]()
        case RegexRewrite(to=to):
            path, rewriting = rule.path, [to]
        case other:
            target = f"{other.replacement}/$2" if isinstance(other, ReplacePrefix) else "/$2"
            path, rewriting = f"{rule.path}(/|$)(.*)", [target, rule.path]
    is_regex = rule.match == "regex" or bool(rewriting)
    values = ["true", *rewriting] if is_regex else rewriting
    kind = "ImplementationSpecific" if rewriting else types[rule.match]
    return CompiledPath(path, kind, backend), dict(zip(_REWRITING, values, strict=False))


def test_without_the_compilation_of_siblings_they_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_objects, "compile_rules", _raw)
    seen: Counter[str] = Counter()
    with pytest.raises((AssertionError, RefusedByTheWebhookError)):
        compare(seen)
    assert seen["paths"] < PATHS


TRAP = [rule("/ba", "user-v1"), rule("/shop", "errors", rewrite="strip_prefix")]
"""A rewriting rule beside a plain one: the first of all complaints about paths."""


@pytest.mark.parametrize("path", ["/banana", "/BA/x", "/bananas/x", "/Ba"])
def test_a_prefix_stays_a_prefix_beside_a_rewriting_rule(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = rule_set(TRAP)
    assert answer_to(rules, Request(path, "x.example.com")) == Served(None, ServiceRef(service="pay-v1"), path)
    assert IngressNginx(objects(rules)).reply("x.example.com", path).upstream == "pay-v1-80"
    monkeypatch.setattr(rule_objects, "compile_rules", _raw)
    assert IngressNginx(objects(rules)).reply("x.example.com", path).upstream == "user-v1-80"


@pytest.mark.parametrize("path", ["/healthz", "/healthz/x", "/nginx_status"])
@pytest.mark.parametrize("given", [[], [rule("/", "pay-v1", body_size="8Mi")]])
def test_the_controllers_own_paths_are_answered_by_the_rules(path: str, given: list[PathRule]) -> None:
    rules = rule_set([rule("/a", host="a.example"), *given])
    for host in ("x.example", "_"):
        answer = answer_to(rules, Request(path, host))
        assert IngressNginx(objects(rules)).reply(host, path) == expected(rules, answer)
    plain = [replace(each, annotations={}) for each in objects(rules)]
    assert IngressNginx(plain).reply("x.example", path).upstream is None


@pytest.mark.parametrize(
    ("path", "upstream"),
    [
        ("/a/b", "errors-80"),
        ("/a/5", "errors-80"),
        ("/a/b/c", "pay-v1-80"),
        ("/a/long/path/of/this/prefix", "user-v1-80"),
        ("/a/long/path/of/this/prefix/7", "user-v1-81"),
        ("/a", "pay-v1-80"),
    ],
)
def test_exact_rules_come_before_regexes_and_these_before_longer_prefixes(path: str, upstream: str) -> None:
    rules = rule_set(
        [
            rule("/a", "pay-v1"),
            rule("/a/long/path/of/this/prefix", rewrite="strip_prefix"),
            rule("/a/b", "errors", match="exact"),
            rule("/a/5", "errors", match="exact"),
            rule("/.*/[0-9]", {"service": "user-v1", "port": "admin"}, match="regex"),
        ]
    )
    answer = answer_to(rules, Request(path, "x.example.com"))
    assert isinstance(answer, Served)
    reply = IngressNginx(objects(rules)).reply("x.example.com", path)
    assert reply.upstream == upstream
    assert reply == expected(rules, answer)


@pytest.mark.parametrize("path", ["/a/", "/a/b", "/a/\n", "/a/b\nc", "/a/\n\n"])
def test_a_dot_of_a_regex_is_a_line_feed_too(path: str) -> None:
    rules = rule_set([rule("/a/(.*)", match="regex", rewrite={"kind": "regex", "to": "/$1"})])
    target = escaped(path)
    answer = answer_to(rules, Request(target, "x.example.com"))
    assert answer == Served(0, ServiceRef(service="user-v1"), target.removeprefix("/a"))
    assert IngressNginx(objects(rules)).reply("x.example.com", target) == expected(rules, answer)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/a/b", "/a/b"),
        ("/", "/"),
        ("/a//b///c", "/a/b/c"),
        ("/a/./b", "/a/b"),
        ("/a/../b", "/b"),
        ("/a/b/..", "/a/"),
        ("/a/.", "/a/"),
        ("/a/", "/a/"),
        ("/%61%2Fb", "/a/b"),
        ("/a/%2e%2e/b", "/b"),
        ("/%C3%BC", "/\xc3\xbc"),
        ("/a...b/..c", "/a...b/..c"),
    ],
)
def test_paths_are_decoded_and_normalized_as_by_nginx(url: str, path: str) -> None:
    assert normalized(url) == path


@pytest.mark.parametrize("url", ["/../../b", "/..", "/a/%2e%2E/..", "/%00", "/%", "/a/%zz"])
def test_paths_that_nginx_refuses_are_not_guessed_at(url: str) -> None:
    with pytest.raises(RefusedTargetError):
        normalized(url)
