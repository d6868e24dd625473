"""What rules become as HTTPRoutes, field by field, and the component that registers them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from pulumi_kubernetes.core.v1 import Service
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from tests.unit.harness.recording import Recording, run_recorded
from tests.unit.webtier.path_rules.harness.gateway import Gateway
from tests.unit.webtier.path_rules.harness.rule_objects import BACKENDS, routes, rule, rule_set
from webtier.path_rules import Backend, GatewayRouting, HostSettings, PathRule, PathRules, PathRulesArgs
from webtier.path_rules.rules.object_names import object_name, rule_object_name
from webtier.shared.problems import WrongSettingsError

HTTP_ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
RULE = "webtier:index:PathRule"
GATEWAY = GatewayRouting(kind="gateway", gateway="web", namespace="edge", section="http", regexes="before_prefixes")
BOTH = GatewayRouting(kind="gateway", gateway="web", section="http", https_section="https")
CANARY = {"kind": "weight", "backend": "user-v2", "weight": 20}


def specs(
    rules: Sequence[PathRule], hosts: Mapping[str, Any] | None = None, gateway: GatewayRouting = GATEWAY
) -> dict[str, Mapping[str, Any]]:
    return {route.name: route.spec for route in routes(rule_set(rules, hosts), gateway)}


def rules_of(written: PathRule, gateway: GatewayRouting = GATEWAY) -> list[Mapping[str, Any]]:
    """Those of the route of a rule that stands alone."""
    name = rule_object_name("routes", written)
    return specs([written], gateway=gateway)[name]["rules"]


def refs(*weights: tuple[str, int | None]) -> list[dict[str, Any]]:
    return [{"name": name, "port": 80, **({} if weight is None else {"weight": weight})} for name, weight in weights]


def test_a_rule_is_a_route_of_its_host_and_its_listener() -> None:
    spec = specs([rule("/user", host="shop.example")])[object_name("routes", "shop.example", "/user")]
    assert spec == {
        "parentRefs": [{"name": "web", "namespace": "edge", "sectionName": "http"}],
        "hostnames": ["shop.example"],
        "rules": [
            {"matches": [{"path": {"type": "PathPrefix", "value": "/user"}}], "backendRefs": refs(("user-v1", None))}
        ],
    }


def test_a_gateway_of_the_same_namespace_is_named_alone() -> None:
    spec = specs([], gateway=GatewayRouting(kind="gateway", gateway="web"))[object_name("routes", None, "/")]
    assert spec["parentRefs"] == [{"name": "web"}]
    assert "hostnames" not in spec


@pytest.mark.parametrize(
    ("match", "path", "sent"),
    [
        ("prefix", "/a", {"type": "PathPrefix", "value": "/a"}),
        ("exact", "/a", {"type": "Exact", "value": "/a"}),
        ("regex", "/a/[0-9]+", {"type": "RegularExpression", "value": r"^(?s:/a/[0-9]+)\z"}),
    ],
)
def test_paths_are_of_the_three_kinds_of_the_api(match: str, path: str, sent: dict[str, str]) -> None:
    assert rules_of(rule(path, match=match))[0]["matches"] == [{"path": sent}]


@pytest.mark.parametrize(
    ("match", "rewrite", "modifier"),
    [
        ("prefix", "strip_prefix", {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}),
        ("exact", "strip_prefix", {"type": "ReplaceFullPath", "replaceFullPath": "/"}),
        (
            "prefix",
            {"kind": "replace_prefix", "with": "/x"},
            {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/x"},
        ),
        ("exact", {"kind": "replace_prefix", "with": "/x"}, {"type": "ReplaceFullPath", "replaceFullPath": "/x"}),
    ],
)
def test_rewrites_tell_the_backend_what_stood_there(match: str, rewrite: Any, modifier: dict[str, str]) -> None:
    header = {"set": [{"name": "X-Forwarded-Prefix", "value": "/a"}]}
    assert rules_of(rule("/a", match=match, rewrite=rewrite))[0]["filters"] == [
        {"type": "RequestHeaderModifier", "requestHeaderModifier": header},
        {"type": "URLRewrite", "urlRewrite": {"path": modifier}},
    ]


def test_a_regex_is_rewritten_to_one_path() -> None:
    written = rule("/a/[0-9]+", match="regex", rewrite={"kind": "regex", "to": "/x"})
    modifier = {"type": "ReplaceFullPath", "replaceFullPath": "/x"}
    assert rules_of(written)[0]["filters"] == [{"type": "URLRewrite", "urlRewrite": {"path": modifier}}]


def test_the_path_that_a_prefix_for_all_leaves_open_has_a_rule_of_its_own() -> None:
    written = rule("/", host="a.example", rewrite={"kind": "replace_prefix", "with": "/x"})
    root = object_name("routes", "a.example", "/")

    def paths(hosts: Mapping[str, Any]) -> list[tuple[str, str]]:
        sent = specs([written], hosts)[root]["rules"]
        modifiers = [each["filters"][1]["urlRewrite"]["path"] for each in sent]
        return [
            (each["matches"][0]["path"]["type"], modifier.get("replaceFullPath", modifier.get("replacePrefixMatch")))
            for each, modifier in zip(sent, modifiers, strict=True)
        ]

    assert paths({}) == [("Exact", "/x/"), ("PathPrefix", "/x")]
    assert paths({"a.example": {"app_root": "/start"}}) == [("PathPrefix", "/x")]


@pytest.mark.parametrize(
    ("redirect", "sent"),
    [
        (
            {"to": "https://New.example/x", "code": 301},
            {"scheme": "https", "hostname": "new.example", "statusCode": 301},
        ),
        (
            {"to": "http://new.example:8080/x"},
            {"scheme": "http", "hostname": "new.example", "port": 8080, "statusCode": 302},
        ),
    ],
)
def test_redirects_name_all_of_a_url(redirect: dict[str, Any], sent: dict[str, Any]) -> None:
    (only,) = rules_of(rule("/a", None, redirect=redirect))
    path = {"type": "ReplaceFullPath", "replaceFullPath": "/x"}
    assert only["filters"] == [{"type": "RequestRedirect", "requestRedirect": {**sent, "path": path}}]
    assert "backendRefs" not in only


ALWAYS_COOKIE = {"name": "Cookie", "value": "^(?:.*; *)?shop=always(?:;.*)?$", "type": "RegularExpression"}
NEVER_COOKIE = {"name": "Cookie", "value": "^(?:.*; *)?shop=never(?:;.*)?$", "type": "RegularExpression"}


@pytest.mark.parametrize(
    ("canary", "sent"),
    [
        ({"kind": "weight", "weight": 20}, [(None, refs(("user-v1", 80), ("user-v2", 20)))]),
        ({"kind": "weight", "weight": 5, "total": 1000}, [(None, refs(("user-v1", 995), ("user-v2", 5)))]),
        ({"kind": "weight", "weight": 0}, [(None, refs(("user-v1", 100)))]),
        ({"kind": "weight", "weight": 100}, [(None, refs(("user-v2", 100)))]),
        (
            {"kind": "header", "header": "X-C", "value": "me"},
            [
                ({"name": "X-C", "value": "me", "type": "Exact"}, refs(("user-v2", None))),
                (None, refs(("user-v1", 100))),
            ],
        ),
        (
            {"kind": "header", "header": "X-C", "pattern": "^m.$", "weight": 10},
            [
                (
                    {"name": "X-C", "value": "^.*(?:^m.$).*$", "type": "RegularExpression"},
                    refs(("user-v2", None)),
                ),
                (None, refs(("user-v1", 90), ("user-v2", 10))),
            ],
        ),
        (
            {"kind": "header", "header": "X-C"},
            [
                ({"name": "X-C", "value": "always", "type": "Exact"}, refs(("user-v2", None))),
                (None, refs(("user-v1", 100))),
            ],
        ),
        (
            {"kind": "cookie", "cookie": "shop", "weight": 10},
            [
                (ALWAYS_COOKIE, refs(("user-v2", None))),
                (NEVER_COOKIE, refs(("user-v1", None))),
                (None, refs(("user-v1", 90), ("user-v2", 10))),
            ],
        ),
    ],
)
def test_canaries_are_weights_and_headers(canary: dict[str, Any], sent: list[tuple[Any, Any]]) -> None:
    found = rules_of(rule("/a", canary={"backend": "user-v2", **canary}))
    assert [
        (None if "headers" not in each["matches"][0] else each["matches"][0]["headers"][0], each["backendRefs"])
        for each in found
    ] == sent


@pytest.mark.parametrize(
    ("cookie", "chosen"),
    [
        ("shop=always", True),
        ("a=b; shop=always", True),
        ("a=b;shop=always;c=d", True),
        ("shop=always; c=d", True),
        ("ashop=always", False),
        ("a=shop=always", False),
        ("shop=alwaysx", False),
        ("shop=never", False),
    ],
)
def test_a_cookie_is_found_as_a_whole_in_its_header(cookie: str, chosen: bool) -> None:
    written = rule("/a", canary={"kind": "cookie", "cookie": "shop", "backend": "user-v2"})
    reply = Gateway(routes(rule_set([written]), GATEWAY)).reply("x.example", "/a", headers={"cookie": cookie})
    assert list(reply.backends) == (["user-v2:80"] if chosen else ["user-v1:80"])


def test_cors_is_a_filter_in_which_nothing_is_twice() -> None:
    cors = {
        "origins": ["https://a.example", "https://a.example"],
        "methods": ["GET", "PUT"],
        "headers": ["X-A"],
        "exposed_headers": ["X-B"],
        "credentials": True,
        "max_age_seconds": 60,
    }
    assert rules_of(rule("/a", cors=cors))[0]["filters"] == [
        {
            "type": "CORS",
            "cors": {
                "allowOrigins": ["https://a.example"],
                "allowMethods": ["GET", "PUT"],
                "allowHeaders": ["X-A"],
                "exposeHeaders": ["X-B"],
                "allowCredentials": True,
                "maxAge": 60,
            },
        }
    ]


def test_a_host_has_its_redirects_beside_its_route_for_all_paths() -> None:
    hosts = {"a.example": {"www_redirect": True, "app_root": "/start", "tls_redirect": True}}
    old = rule("/old", None, host="a.example", redirect={"to": "https://b.example/"})
    found = specs([rule("/a", host="a.example"), old], hosts, BOTH)
    a, root = object_name("routes", "a.example", "/a"), object_name("routes", "a.example", "/")
    redirected = {
        name: (spec["hostnames"], [parent["sectionName"] for parent in spec["parentRefs"]], each["requestRedirect"])
        for name, spec in found.items()
        for each in spec["rules"][0].get("filters", [])
    }
    to_https = {"statusCode": 308, "scheme": "https"}
    path = {"type": "ReplaceFullPath", "replaceFullPath": "/start"}
    del redirected[object_name("routes", "a.example", "/old")]
    assert redirected == {
        f"{a}-https": (["a.example"], ["http"], to_https),
        f"{root}-https": (["a.example"], ["http"], to_https),
        f"{root}-app-root": (["a.example"], ["http", "https"], {"statusCode": 302, "path": path}),
        f"{root}-www": (["www.a.example"], ["http", "https"], {"statusCode": 308, "hostname": "a.example"}),
    }
    sections = {name: [parent["sectionName"] for parent in spec["parentRefs"]] for name, spec in found.items()}
    assert sections[a] == sections[root] == ["https"]
    assert sections[object_name("routes", "a.example", "/old")] == ["http", "https"]


MANY = [
    rule(f"/{number}", host=f"h{number % 40}.example", canary={"kind": "cookie", "cookie": "c", "backend": "user-v2"})
    for number in range(120)
]


def test_many_rules_of_many_hosts_stay_within_the_limits_of_a_route() -> None:
    found = specs(MANY)
    assert len(found) == 120 + 40 + 1
    assert max(len(spec.get("hostnames", [])) for spec in found.values()) <= 16
    assert max(len(spec["rules"]) for spec in found.values()) <= 16
    assert max(len(each["matches"]) for spec in found.values() for each in spec["rules"]) <= 64


def test_a_change_of_one_rule_is_one_of_its_route_alone() -> None:
    before = specs(MANY)
    changed = rule("/7", "errors", host="h7.example", rewrite="strip_prefix")
    after = specs([rule("/new"), *MANY[:7], changed, *MANY[8:]])
    assert {name for name in before if before[name] != after[name]} == {object_name("routes", "h7.example", "/7")}
    assert set(after) - set(before) == {object_name("routes", None, "/new")}


def record(rules: Sequence[PathRule], hosts: Mapping[str, Any] | None = None) -> Recording:
    settings = {host: HostSettings.model_validate(given) for host, given in (hosts or {}).items()}
    args = PathRulesArgs("shop", None, rules, "pay-v1", BACKENDS, settings, routing=GATEWAY)
    return run_recorded(lambda: PathRules("routes", args))


def test_routes_are_sent_as_they_were_compiled() -> None:
    written = [rule("/a", host="a.example", canary=CANARY), rule("/b", "pay-v1", rewrite="strip_prefix")]
    recording = record(written)
    assert {route.name: route.inputs["spec"] for route in recording.of_type(HTTP_ROUTE)} == specs(written)
    for route in recording.of_type(HTTP_ROUTE):
        assert (route.inputs["apiVersion"], route.inputs["kind"]) == ("gateway.networking.k8s.io/v1", "HTTPRoute")
        assert (route.inputs["metadata"]["name"], route.inputs["metadata"]["namespace"]) == (route.name, "shop")
        assert route.options.customTimeouts.create == "5m"


def test_the_component_keeps_the_type_that_deployed_stacks_have() -> None:
    [component] = record([rule("/a")]).of_type("webtier:index:HttpRoutes")
    assert component.name == "routes"


def test_each_rule_is_a_component_whose_inputs_are_what_the_user_wrote() -> None:
    recording = record([rule("/a", host="a.example", canary=CANARY)], {"a.example": {"app_root": "/a"}})
    a, root, rest = (object_name("routes", *key) for key in (("a.example", "/a"), ("a.example", "/"), (None, "/")))
    everything = {"path": "/", "backend": "pay-v1"}
    assert {each.name: each.inputs for each in recording.of_type(RULE)} == {
        a: {"host": "a.example", "path": "/a", "backend": "user-v1", "canary": CANARY},
        root: {"host": "a.example", **everything, "host_settings": {"app_root": "/a"}},
        rest: everything,
    }
    parents = {route.name: route.parent_name for route in recording.of_type(HTTP_ROUTE)}
    assert parents == {a: a, root: root, f"{root}-app-root": root, rest: rest}


def test_a_hosts_route_for_all_paths_comes_first_and_services_before_it() -> None:
    def program() -> None:
        service = Service("user", metadata=ObjectMetaArgs(name="user-v1"))
        backends = {**BACKENDS, "user-v1": Backend(service.metadata.name, {"http": 80})}
        rules = [rule("/a", host="a.example")]
        PathRules("routes", PathRulesArgs("shop", None, rules, "pay-v1", backends, routing=GATEWAY))

    recording = run_recorded(program)
    route = recording.one(HTTP_ROUTE, object_name("routes", "a.example", "/a"))
    assert route.dependencies == {object_name("routes", "a.example", "/"), "user"}


def test_component_refuses_what_routes_can_not_say_before_it_registers_anything() -> None:
    with pytest.raises(WrongSettingsError) as caught:
        record([rule("/a", limits={"rps": 5}), rule("/b", body_size="8Mi")], {"a.example": {"app_root": "/a"}})
    text = str(caught.value)
    assert "routes.0.limits: Gateway API knows no limits" in text
    assert "routes.1.body_size: Gateway API knows no longest body" in text
    assert "hosts.a.example: no route has this host" in text


def test_two_canaries_that_ingress_nginx_would_mix_up_are_kept_apart() -> None:
    other = {"kind": "cookie", "cookie": "c", "backend": "user-v2"}
    assert record([rule("/a", canary=CANARY), rule("/b", canary=other)]).of_type(HTTP_ROUTE)
