"""Which Ingress objects rules become."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from environment.settings.model import EnvironmentSettings
from environment.settings.schema import SettingsSchema
from tests.unit.webtier.path_rules.harness.annotation_validators import HIGH, MEDIUM, VALIDATORS
from tests.unit.webtier.path_rules.harness.ingress_nginx import IngressNginx, RefusedByTheWebhookError
from tests.unit.webtier.path_rules.harness.rule_objects import objects, rule, rule_set
from webtier.path_rules import PathRule
from webtier.path_rules.ingress.annotations import CERT_MANAGER, PREFIX, SOURCES
from webtier.path_rules.ingress.paths import LONGEST_PREFIX, LONGEST_TOGETHER, own_path
from webtier.path_rules.ingress.render import CompiledIngress, compile_rules
from webtier.path_rules.rules.field_types import LONGEST_PATH
from webtier.path_rules.rules.object_names import object_name

USER_AND_PAY = (rule("/user", rewrite="strip_prefix"), rule("/pay", "pay-v1", rewrite="strip_prefix"))
CANARY = {"kind": "weight", "backend": "user-v2", "weight": 20}

FULL: Mapping[str, Any] = {
    "cors": {
        "origins": ["https://a.example", "https://*.b.example:8443", "http://c.example"],
        "methods": ["GET", "POST"],
        "headers": ["X-One", "Authorization"],
        "exposed_headers": ["X-Two", "*"],
        "credentials": True,
        "max_age_seconds": 60,
    },
    "error_pages": {"codes": [503, 404], "backend": "errors"},
    "body_size": "8Mi",
    "timeouts": {"connect_seconds": 2, "read_seconds": 30, "send_seconds": 31},
    "limits": {
        "rps": 5,
        "rpm": 100,
        "burst_multiplier": 3,
        "connections": 7,
        "exempt": ["10.0.0.0/8", "2001:db8::/32"],
    },
    "access": {"allow": ["192.0.2.0/24", "2001:db8::1"], "deny": ["192.0.2.9"]},
    "affinity": {
        "cookie": "my_cookie",
        "max_age_seconds": 0,
        "path": "/a",
        "samesite": "None",
        "secure": True,
        "change_on_failure": True,
    },
}
BASIC = {"kind": "basic", "secret": "users", "realm": "Who are you", "scheme": "basic", "format": "auth_map"}
EXTERNAL = {
    "kind": "external",
    "url": "http://auth.example:8080/check?a=b",
    "sign_in_url": "https://login.example/in",
    "method": "POST",
    "response_headers": ["X-User", "X-Role"],
}


def by_path(rules: Sequence[PathRule], hosts: Mapping[str, Any] | None = None) -> dict[str, CompiledIngress]:
    """Objects by the path of their rule, canaries left out."""
    given = rule_set(rules, hosts)
    return {
        "default" if compiled.rule is None else given.rules[compiled.rule].path: compiled
        for compiled in compile_rules("routes", given)
        if compiled.primary is None
    }


def paths(compiled: CompiledIngress) -> dict[str, str]:
    """The service behind each path of an object."""
    return {each.path.path: each.backend.service for each in compiled.paths}


def annotations(compiled: CompiledIngress) -> dict[str, str]:
    return {key.removeprefix(PREFIX): value for key, value in compiled.annotations.items()}


# --- names ---


def test_rules_that_say_nothing_of_their_own_share_an_object_and_others_and_canaries_have_one() -> None:
    rules = rule_set([rule("/a"), rule("/b", canary=CANARY), rule("/c", body_size="1Mi"), rule("/d", "pay-v1")])
    compiled = {each.name: each for each in compile_rules("routes", rules)}
    b, c, root = (object_name("routes", None, path) for path in ("/b", "/c", "/"))
    assert sorted(compiled) == sorted([b, f"{b}-canary", c, root])
    assert paths(compiled[root]) == {"/(?-i:a)(?:/|\\z)": "user-v1", "/(?-i:d)(?:/|\\z)": "pay-v1", "/": "pay-v1"}


def test_a_rule_that_comes_before_one_with_its_own_object_has_one_too() -> None:
    options = {"body_size": "1Mi"}
    for before, of_its_own in (
        (rule("/a/b"), rule("/a", **options)),
        (rule("/a/b", match="exact"), rule("/a", **options)),
        (rule("/a/b", match="exact"), rule("/a/[a-z]", match="regex")),
    ):
        assert len(by_path([before, of_its_own])) == 3
    for after, of_its_own in (
        (rule("/a"), rule("/a/b", **options)),
        (rule("/a"), rule("/a/[a-z]", match="regex")),
        (rule("/a/b"), rule("/", **options)),
        (rule("/ab"), rule("/a", **options)),
    ):
        assert len(compile_rules("routes", rule_set([after, of_its_own]))) == (2 if of_its_own.path != "/" else 3)


def test_what_shares_an_object_is_there_before_and_after_a_root_with_its_own() -> None:
    compiled = {each.name: each for each in compile_rules("routes", rule_set([rule("/a"), rule("/", body_size="1Mi")]))}
    root = object_name("routes", None, "/")
    assert list(compiled) == [f"{root}-shared-1", root, f"{root}-shared-2"]
    assert [list(compiled[name].after) for name in compiled] == [[], [f"{root}-shared-1"], [root]]
    assert len({path for each in compiled.values() for path in paths(each)}) == 3


def test_no_change_of_a_rules_options_renames_its_object_or_another() -> None:
    def names(*rules: PathRule) -> dict[str, str]:
        return {path: compiled.name for path, compiled in by_path(rules).items()}

    first = names(rule("/a", body_size="1Mi"), rule("/b"))
    for changed in (
        rule("/a", "pay-v1", body_size="1Mi"),
        rule("/a", rewrite="strip_prefix"),
        rule("/a", canary=CANARY),
        rule("/a", None, redirect={"to": "https://new.example"}),
    ):
        assert names(rule("/b"), changed) == first
    # Another match is another rule: the new one has to be there before the old one goes.
    assert names(rule("/b"), rule("/a", match="exact", body_size="1Mi"))["/a"] != first["/a"]


def test_names_tell_the_path_and_no_two_are_the_same() -> None:
    paths = ["/", "/User", "/api/v1.2", "/api-v1-2", "/" + "x" * 150, "/" + "x" * 151]
    names = [object_name("routes", host, path) for host in (None, "a.example", "*.example") for path in paths]
    assert len(set(names)) == len(names)
    assert object_name("routes", "*.shop.example", "/User").startswith("routes-wildcard.shop.example-user-")
    longest = object_name("routes", "a." * 120 + "example", "/" + "x" * 190)
    assert len(f"{longest}-canary") <= 253


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([rule("/a")], [rule("/a", rewrite="strip_prefix")]),
        ([rule("/a")], [rule("/a", match="exact")]),
        ([rule("/a")], [rule("/a"), rule("/", body_size="1Mi")]),
        ([rule("/a"), rule("/", body_size="1Mi")], [rule("/a", "pay-v1")]),
        ([rule("/a", body_size="1Mi")], [rule("/a")]),
        ([rule("/a"), rule("/b", "pay-v1")], [rule("/b"), rule("/a", "pay-v1")]),
        ([rule("/a")], [rule("/new")]),
        ([rule("/")], [rule("/", match="exact")]),
        ([rule("/a", canary=CANARY)], [rule("/a", "user-v2")]),
        ([rule("/a/x")], [rule("/a.x")]),
    ],
)
def test_no_step_of_an_update_is_refused_by_the_webhook(before: list[PathRule], after: list[PathRule]) -> None:
    """Whichever order the objects are sent in."""
    old = {each.name: each for each in objects(rule_set(before))}
    new = {each.name: each for each in objects(rule_set(after))}
    for order in (sorted(new), sorted(new, reverse=True)):
        present = dict(old)
        for name in order:
            present[name] = new[name]
            IngressNginx(present.values())


def test_the_stand_in_of_the_webhook_refuses_what_the_real_one_does() -> None:
    [one, *_] = objects(rule_set([rule("/a")]))
    with pytest.raises(RefusedByTheWebhookError, match="already defined"):
        IngressNginx([one, one])


# --- paths ---


def test_a_host_with_nothing_but_a_root_has_a_plain_path() -> None:
    own, every = compile_rules("routes", rule_set([rule("/", host="a.example")]))
    assert (paths(own), own.path.path_type, annotations(own)) == ({"/": "user-v1"}, "Prefix", {"ssl-redirect": "false"})
    # Where the controller has answers of its own, it has to be a regex.
    said = {"ssl-redirect": "false", "use-regex": "true"}
    assert (paths(every), every.path.path_type, annotations(every)) == ({"/": "pay-v1"}, "Prefix", said)


def test_no_text_depends_on_another_rule() -> None:
    """Else there would be a moment in a change at which one is there as of before and the other as of after."""
    options = {"body_size": "1Mi"}
    several = [
        rule("/a", **options),
        rule("/b", match="exact", **options),
        rule("/[c-d]", match="regex"),
        rule("/e"),
        rule("/f", match="exact"),
    ]
    texts = {path for each in compile_rules("routes", rule_set(several)) for path in paths(each)}
    for one in several:
        alone = {path for each in compile_rules("routes", rule_set([one])) for path in paths(each)}
        assert alone <= texts


def test_the_longest_texts_are_in_the_order_of_the_kinds() -> None:
    longest = "/" + "x" * (LONGEST_PATH - 1 - 15) + "." * 15
    regexes = [rule("/[ab]", match="regex"), rule("/" + "(?:y|z)" * 28, match="regex", canary=CANARY)]
    prefix = own_path(rule(longest, rewrite="strip_prefix", canary=CANARY)).path
    texts = [own_path(each).path for each in regexes]
    exact = own_path(rule("/a", match="exact")).path
    with pytest.raises(ValidationError, match="counts as three"):
        rule(longest.replace("x", ".", 1))
    assert LONGEST_PREFIX - 2 < len(prefix) <= LONGEST_PREFIX < min(map(len, texts))
    assert max(map(len, texts)) < len(exact)


def test_many_rules_of_one_backend_are_few_regexes_which_no_regex_of_a_rule_comes_after() -> None:
    many = [rule(f"/service-{number}/v{number % 3}") for number in range(1000)]
    nested = rule("/service-7")
    [plain] = compile_rules("routes", rule_set([*many, nested], default="user-v1"))
    assert len(plain.paths) < 20
    assert max(len(path) for path in paths(plain)) <= LONGEST_TOGETHER
    [_, beside] = compile_rules("routes", rule_set([*many, nested, rule("/.*[.]html", match="regex")]))
    assert len(beside.paths) < 200
    assert max(len(path) for path in paths(beside)) <= 255
    for compiled in (plain, beside):
        assert any(path.startswith("/(?-i:service-7)(") for path in paths(compiled))


def test_every_host_answers_unknown_paths_with_the_default_backend() -> None:
    compiled = compile_rules("routes", rule_set([rule("/pay", host="a.example")]))
    roots = [(each.host, service) for each in compiled for path, service in paths(each).items() if path == "/"]
    assert roots == [("a.example", "pay-v1"), (None, "pay-v1")]


def test_a_rule_for_the_root_takes_the_default_backends_place() -> None:
    [compiled] = compile_rules("routes", rule_set([rule("/")]))
    assert (compiled.path.path, compiled.backend.service, compiled.name) == ("/", "user-v1", compiled.root)


def test_order_of_the_rules_changes_nothing() -> None:
    rules = [*USER_AND_PAY, rule("/x/[a-z]+", match="regex"), rule("/y", match="exact")]
    turned = objects(rule_set(rules[::-1]))
    assert sorted(objects(rule_set(rules)), key=lambda each: each.name) == sorted(turned, key=lambda each: each.name)


@pytest.mark.parametrize(
    "rules",
    [
        [*USER_AND_PAY, rule("/a.b"), rule("/x/[a-z]+", match="regex"), rule("/y", match="exact")],
        [rule("/a.b", match="exact")],
        [rule("/", match="exact")],
        [rule("/", rewrite={"kind": "replace_prefix", "with": "/x"})],
    ],
)
def test_regexes_are_no_prefix_paths_since_the_strict_check_refuses_those(rules: list[PathRule]) -> None:
    IngressNginx(objects(rule_set(rules)))


# --- what rules share without saying so ---


def test_a_canary_stays_with_its_rule() -> None:
    """The controller attaches it to the Service and port of the rule's backend, wherever these are written alike."""
    rules = rule_set([rule("/user", canary=CANARY), rule("/other")], default="user-v1")
    controller = IngressNginx(objects(rules))
    assert controller.reply("x.example", "/user").canary == "user-v2-80"
    assert controller.reply("x.example", "/other").canary is None
    assert controller.reply("x.example", "/").canary is None


def test_a_canary_has_its_own_annotations_and_its_rules_host_path_and_type() -> None:
    rules = rule_set([rule("/user", host="a.example", rewrite="strip_prefix", body_size="1Mi", canary=CANARY)])
    [own, canary] = [each for each in compile_rules("routes", rules) if each.rule == 0]
    assert annotations(canary) == {"canary": "true", "canary-weight": "20", "canary-weight-total": "100"}
    assert (canary.host, canary.path.path, canary.path.path_type) == (own.host, own.path.path, own.path.path_type)
    assert canary.backend.service == "user-v2"


# --- annotations ---


def everything() -> list[CompiledIngress]:
    """Objects of rules that together say all that rules can say."""
    rules = [
        rule("/a", host="a.example", **FULL, auth=BASIC),
        rule("/b", host="a.example", auth=EXTERNAL, affinity={}),
        rule("/c", host="a.example", rewrite={"kind": "replace_prefix", "with": "/x"}),
        rule("/d/(.*)", match="regex", rewrite={"kind": "regex", "to": "/x-._~:/$1"}),
        rule("/e", "pay-v1", canary={"kind": "header", "backend": "user-v2", "header": "X-A", "pattern": "^(a|b).*$"}),
        rule("/f", None, host="b.example", redirect={"to": "https://n.example/a?b=c&d", "code": 308}),
        rule("/g", host="*.example", canary={"kind": "cookie", "backend": "errors", "cookie": "a-b_c"}),
        rule("/h", match="exact", rewrite="strip_prefix", body_size="unlimited"),
        rule("/i", {"service": "user-v1", "port": "admin"}, canary={**CANARY, "total": 1000}),
        rule("/j", canary={"kind": "header", "backend": "errors", "header": "X-A", "value": "a:b/c_d~e.f-"}),
    ]
    hosts = {
        "a.example": {"tls": {"kind": "issuer", "cluster_issuer": "ca"}, "www_redirect": True, "app_root": "/a/b.c"},
        "b.example": {"tls": {"kind": "secret", "secret": "b"}, "tls_redirect": False},
        "*.example": {"tls": {"kind": "issuer", "issuer": "own", "secret": "any"}},
    }
    return compile_rules("routes", rule_set(rules, hosts))


def test_every_annotation_is_one_that_the_controller_takes_at_its_risk_level() -> None:
    for compiled in everything():
        for key, value in compiled.annotations.items():
            if key.startswith(CERT_MANAGER):
                continue
            name = key.removeprefix(PREFIX)
            assert name in VALIDATORS, key
            assert VALIDATORS[name].takes(value), (key, value)
            assert VALIDATORS[name].risk <= (HIGH if name in ("auth-url", "auth-signin") else MEDIUM)


def test_every_annotation_that_is_documented_is_also_sent_and_no_other() -> None:
    documented = {name if "/" in name else PREFIX + name for names in SOURCES.values() for name in names}
    sent = {key for compiled in everything() for key in compiled.annotations}
    assert documented == sent | {PREFIX + "canary-by-header-value", PREFIX + "session-cookie-samesite"}
    assert not any("snippet" in key for key in sent)


def test_every_field_says_which_annotations_it_becomes() -> None:
    leaves = SettingsSchema(EnvironmentSettings).leaves()
    keys = {".".join(leaf.keys).replace(".[]", "[]") for leaf in leaves}
    for field in SOURCES:
        group, _, below = field.partition(".")
        key = f"hosts.<name>.{below}" if group == "hosts" else f"routes[].{field}"
        assert key in keys, field


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"body_size": "500k"}, {"proxy-body-size": "500000"}),
        ({"body_size": "unlimited"}, {"proxy-body-size": "0"}),
        ({"timeouts": {"read_seconds": 5}}, {"proxy-read-timeout": "5", "proxy-connect-timeout": "5"}),
        ({"limits": {"connections": 3}}, {"limit-connections": "3"}),
        ({"limits": {"rps": 3}}, {"limit-rps": "3", "limit-burst-multiplier": "5"}),
        ({"error_pages": {"codes": [503, 404], "backend": "errors"}}, {"custom-http-errors": "404,503"}),
        (
            {"affinity": {}},
            {"affinity": "cookie", "session-cookie-name": "affinity-user-v1", "session-cookie-path": "/"},
        ),
        ({"cors": {"origins": ["*"]}}, {"cors-allow-origin": "*", "cors-allow-credentials": "false"}),
        ({"auth": {"kind": "basic", "secret": "users"}}, {"auth-type": "basic", "auth-secret-type": "auth-file"}),
        ({"access": {"deny": ["10.0.0.1"]}}, {"denylist-source-range": "10.0.0.1"}),
        (
            {"redirect": {"to": "https://new.example", "code": 307}},
            {"permanent-redirect": "https://new.example", "permanent-redirect-code": "307"},
        ),
        ({"rewrite": "strip_prefix"}, {"rewrite-target": "/$2", "x-forwarded-prefix": "/a", "use-regex": "true"}),
    ],
)
def test_options_become_annotations(given: dict[str, Any], expected: dict[str, str]) -> None:
    backend = None if "redirect" in given else "user-v1"
    found = annotations(by_path([rule("/a", backend, **given)])["/a"])
    assert {key: found.get(key) for key in expected} == expected
    # What was not said is left to the controller.
    assert not {"limit-rpm", "limit-allowlist", "allowlist-source-range", "cors-expose-headers"} & set(found)


# --- hosts ---


def test_what_holds_for_a_host_is_on_its_object_for_the_root_alone() -> None:
    hosts = {"a.example": {"tls": {"kind": "issuer", "cluster_issuer": "ca"}, "www_redirect": True, "app_root": "/x"}}
    rules = [rule("/a", host="a.example", body_size="1Mi")]
    compiled = by_path(rules, hosts)
    root = [each for each in compile_rules("routes", rule_set(rules, hosts)) if each.tls]
    assert [each.name for each in root] == [compiled["/a"].root]
    assert root[0].tls is not None
    assert (root[0].tls.hosts, root[0].tls.secret) == (["a.example", "www.a.example"], "a.example-tls")
    assert root[0].annotations[CERT_MANAGER + "cluster-issuer"] == "ca"
    assert annotations(root[0])["app-root"] == "/x"
    assert annotations(compiled["/a"])["ssl-redirect"] == annotations(root[0])["ssl-redirect"] == "true"
    assert annotations(compiled["/a"])["preserve-trailing-slash"] == "true"


def test_a_host_below_a_wildcard_with_a_certificate_is_not_sent_to_https() -> None:
    """Also before there is one: it must not be for a moment either."""
    rules = [rule("/a", host="a.example"), rule("/b", host="*.example")]
    hosts = {"*.example": {"tls": {"kind": "secret", "secret": "any"}}}
    for settings, wildcard in ((hosts, "true"), ({}, "false")):
        compiled = {each.host: annotations(each) for each in compile_rules("routes", rule_set(rules, settings))}
        assert compiled["a.example"]["ssl-redirect"] == "false"
        assert compiled["*.example"]["ssl-redirect"] == wildcard


# --- the model ---


@pytest.mark.parametrize(
    "path",
    ["", "user", "/user/", "//", "/a//b", "/a b", "/a?b", "/(.*)", "/a/../b", "/./a", "/ü", "/a\n", "/" + "a" * 200],
)
def test_wrong_paths_are_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="allowed"):
        rule(path)


@pytest.mark.parametrize(
    "host", ["Shop.example.com", "a_b.example.com", ".example.com", "a..b", "x:80", "http://x", "*"]
)
def test_wrong_hosts_are_refused(host: str) -> None:
    with pytest.raises(ValidationError, match="allowed"):
        rule("/a", host=host)


def test_rewrite_and_backend_have_a_short_and_a_long_form() -> None:
    assert rule("/a", rewrite="strip_prefix") == rule("/a", rewrite={"kind": "strip_prefix"})
    assert rule("/a", "user-v1") == rule("/a", {"service": "user-v1"})
    with pytest.raises(ValidationError):
        rule("/a", rewrite="replace")
