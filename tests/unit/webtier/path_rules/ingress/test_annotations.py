"""Which annotations the objects of rules and hosts have."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.cluster.conformance.harness.stack import rule_set as rules_of_conformance
from tests.unit.webtier.path_rules.harness.annotation_validators import HIGH, MEDIUM, VALIDATORS
from tests.unit.webtier.path_rules.harness.rule_objects import annotations, by_path, rule, rule_set
from webtier.path_rules.ingress.annotations import PREFIX
from webtier.path_rules.ingress.render import CompiledIngress, compile_rules
from webtier.path_rules.registry.all_options import HOSTS, RULES
from webtier.path_rules.registry.option import annotation_names

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


# --- annotations ---


def everything() -> list[CompiledIngress]:
    """Objects of rules that together say all that rules can say, and of all cases of tests/cluster/conformance."""
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
    cases = compile_rules("rules", rules_of_conformance())
    return [*compile_rules("routes", rule_set(rules, hosts)), *cases]


def test_every_annotation_is_one_that_the_controller_takes_at_its_risk_level() -> None:
    for compiled in everything():
        for key, value in compiled.annotations.items():
            if key.startswith("cert-manager.io/"):
                continue
            name = key.removeprefix(PREFIX)
            assert name in VALIDATORS, key
            assert VALIDATORS[name].takes(value), (key, value)
            assert VALIDATORS[name].risk <= (HIGH if name in ("auth-url", "auth-signin") else MEDIUM)


def test_every_annotation_that_is_documented_is_also_sent_and_no_other() -> None:
    fields = [*RULES.declared, *HOSTS.declared]
    names = {name for field in fields for name in annotation_names(field.option)}
    sent = {key for compiled in everything() for key in compiled.annotations}
    assert {name if "/" in name else PREFIX + name for name in names} == sent
    assert not any("snippet" in key for key in sent)


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
    assert (root[0].tls.hosts, root[0].tls.secret_name) == (["a.example", "www.a.example"], "a.example-tls")
    assert root[0].annotations["cert-manager.io/cluster-issuer"] == "ca"
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
