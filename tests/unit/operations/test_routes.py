"""`make routes`: what would match, in order, and which rule a URL hits and why."""

from typing import Any

import pytest

from command_line.errors import UserError
from environment.settings.raw_config import RawConfig
from operations import routes
from tests.unit.environment.stack_files import STACKS, as_engine_text, stack_config
from tests.unit.webtier.path_rules.harness.rule_objects import rule, rule_set
from webtier.path_rules import RuleSet
from webtier.path_rules.rules.explanation import explain, tables

CANARY = {"kind": "header", "backend": "user-v2", "header": "X-Canary", "weight": 20}
RULES = rule_set(
    [
        rule("/user", rewrite="strip_prefix", canary=CANARY),
        rule("/user/deep", "errors", body_size="8Mi", limits={"rps": 5, "connections": 2}),
        rule("/", "errors", match="exact"),
        rule(r"/items/(\d+)", match="regex", rewrite={"kind": "regex", "to": "/i/$1"}),
        rule("/old", None, redirect={"to": "https://new.example/", "code": 301}),
        rule("/shop", host="shop.example", cors={"origins": ["*"]}),
        rule("/x", host="*.example", rewrite={"kind": "replace_prefix", "with": "/y"}),
    ],
    {"shop.example": {"tls": {"kind": "secret", "secret": "shop"}, "www_redirect": True, "app_root": "/shop"}},
)


def steps(url: str, method: str = "GET", headers: tuple[str, ...] = ()) -> dict[str, str]:
    """The last sentence of each label but `no`; those are joined."""
    found = list(explain(RULES, routes.request_for(url, method, headers, ())))
    misses = " | ".join(sentence for label, sentence in found if label == "no")
    return {**dict(found), "no": misses}


def test_tables_have_every_rule_in_the_order_of_comparison() -> None:
    assert {table.host: [(row.place, row.match, row.path) for row in table.rows] for table in tables(RULES)} == {
        "*.example": [("routes[6]", "prefix", "/x"), ("default_backend", "prefix", "/")],
        "shop.example": [("routes[5]", "prefix", "/shop"), ("default_backend", "prefix", "/")],
        "every other host": [
            ("routes[2]", "exact", "/"),
            ("routes[3]", "regex", r"/items/(\d+)"),
            ("routes[1]", "prefix", "/user/deep"),
            ("routes[0]", "prefix", "/user"),
            ("routes[4]", "prefix", "/old"),
            ("default_backend", "prefix", "/"),
        ],
    }


def test_tables_say_what_happens_to_a_request_and_what_holds_for_its_host() -> None:
    text = routes.render_tables(RULES)
    assert "  routes[0]        prefix  /user         -> user-v1                   without /user\n" in text
    assert "canary user-v2: header X-Canary: always, else 20 of 100\n" in text
    assert "body up to 8Mi\n" in text
    assert "at most 5/s, 2 at once per address and replica\n" in text
    assert "-> 301 https://new.example/\n" in text
    assert "  (the routes of *.example are not seen: this name has its own)\n" in text
    assert "  (HTTP is sent to HTTPS with 308)\n" in text
    assert "  (www.shop.example is sent here with 308)\n" in text


@pytest.mark.parametrize(
    ("url", "hit", "answer", "no"),
    [
        (
            "http://x/user/a",
            "routes[0]  prefix /user: the path is below it",
            "user-v1 is asked for /a, with",
            "routes[1]",
        ),
        ("http://x/user", "routes[0]  prefix /user: the same path", "user-v1 is asked for /, with", "not below it"),
        (
            "http://x/users",
            "default_backend",
            "pay-v1 (default_backend) is asked for /users",
            "so that it is another name",
        ),
        (
            "http://x/USER/a",
            "default_backend",
            "pay-v1 (default_backend) is asked",
            "/user: upper and lower case differ",
        ),
        ("http://x/", "routes[2]  exact /: the same path", "errors is asked for /", ""),
        (
            "http://x/items/7",
            "the regex describes the whole path",
            "user-v1 is asked for /i/7",
            "an exact rule is for itself",
        ),
        ("http://x/items/7/x", "default_backend", "is asked for /items/7/x", "does not describe the whole path"),
        ("http://x//user//%61", "routes[0]", "user-v1 is asked for /a", ""),
        ("http://x/old/a", "routes[4]", "301 to https://new.example/", ""),
        ("https://shop.example/shop", "routes[5]", "user-v1 is asked for /shop", ""),
        ("http://shop.example/shop", "routes[5]", "308 to https://shop.example/shop", ""),
        ("https://a.example/x/1", "routes[6]", "user-v1 is asked for /y/1, with X-Forwarded-Prefix: /x", ""),
    ],
)
def test_a_url_gets_its_rule_the_reason_and_the_path_that_the_backend_sees(
    url: str, hit: str, answer: str, no: str
) -> None:
    found = steps(url)
    assert hit in found["hit"]
    assert answer in found["answer"]
    assert no in found["no"]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://x/user", "'x' has no routes of its own, so that those without a host are looked at"),
        ("http://a.example/user", "*.example has; those without a host are not looked at"),
        (
            "http://shop.example/user",
            "has routes of its own; those without a host and of its wildcard are not looked at",
        ),
        ("http://a.b.example/user", "has no routes of its own, so that those without a host"),
    ],
)
def test_a_url_is_told_whose_rules_it_is_compared_with(url: str, host: str) -> None:
    assert host in steps(url)["host"]


def test_redirects_of_a_host_come_before_its_rules() -> None:
    assert steps("https://www.shop.example/a")["answer"] == "308 to https://shop.example/a"
    assert steps("http://shop.example/")["answer"].startswith(
        "302 to http://shop.example/shop: hosts.shop.example.app_root"
    )


def test_headers_decide_about_a_canary() -> None:
    assert steps("http://x/user")["canary"] == "user-v2 gets 1 of 5 such requests instead"
    assert (
        steps("http://x/user", headers=("x-canary: always",))["canary"] == "user-v2 gets all of such requests instead"
    )
    assert steps("http://x/user", headers=("X-Canary: never",))["canary"] == "user-v2 gets none of such requests"


def test_a_preflight_request_is_answered_by_the_controller() -> None:
    answer = steps("https://shop.example/shop", "options", ("Origin: https://a.example",))["answer"]
    assert answer.startswith("204 with the CORS headers")


@pytest.mark.parametrize(
    "url", ["foo", "ftp://x/a", "http:/", "http://[x", "http://x:y/", "http://x/a\nb", "http://\udcff.example/"]
)
def test_what_is_no_url_says_what_is_allowed(url: str) -> None:
    with pytest.raises(UserError, match="Allowed: a whole URL"):
        routes.request_for(url, "GET", (), ())


def test_what_is_no_header_or_cookie_says_what_is_allowed() -> None:
    with pytest.raises(UserError, match="HEADER is 'always'"):
        routes.request_for("http://x", "GET", ("always",), ())
    with pytest.raises(UserError, match="COOKIE is 'always'"):
        routes.request_for("http://x", "GET", (), ("always",))


def rules_in(config: dict[str, Any], **encrypted: str) -> RuleSet:
    values = {**as_engine_text(config), **encrypted}
    return routes.rules_in(RawConfig(values, frozenset(encrypted)), "dev")


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_has_a_table_without_a_password_or_a_kubeconfig(stack: str) -> None:
    config = {**stack_config(stack), "redis_password": "", "kubeconfig": "$NOWHERE/x"}
    text = routes.render_tables(rules_in(config))
    assert "/user" in text
    assert "default_backend" in text


def test_wrong_settings_get_the_usual_report() -> None:
    config: dict[str, Any] = stack_config("dev") | {"redis_password": ""}
    config["routes"][0]["backend"] = "nobody"
    with pytest.raises(UserError, match=r"1 setting is wrong in the stack 'dev'[\s\S]*webtier:routes\[0\].backend"):
        rules_in(config, redis_previous_password="placeholder-for-a-secret")


def test_a_password_in_plain_text_is_refused_here_too() -> None:
    with pytest.raises(UserError, match=r"webtier:redis_password\n +it stands in plain text"):
        rules_in(stack_config("dev"))
    assert rules_in(stack_config("dev"), redis_password="placeholder-for-a-secret")


def test_a_path_alone_is_asked_for_at_every_host() -> None:
    text = routes.render_explanations(RULES, "/shop/x?y", "GET", (), ())
    answers = {part.split("\n")[0]: part.rpartition("answer ")[2].strip() for part in text.split("\n\n")}
    assert answers == {
        "*.example, such as any.example": "pay-v1 (default_backend) is asked for /shop/x?y",
        "shop.example": "308 to https://shop.example/shop/x?y",
        "every other host, such as any.example1": "pay-v1 (default_backend) is asked for /shop/x?y",
    }


def test_the_rules_of_a_gateway_are_explained_as_it_takes_them() -> None:
    gateway = {"kind": "gateway", "gateway": "web", "section": "http", "https_section": "https"}
    config = stack_config("dev") | {
        "redis_password": "",
        "routing": {**gateway, "wildcards": "any_depth"},
        "routes": [{"host": "*.example", "path": "/x", "backend": "user-v1"}],
        "hosts": {"*.example": {"tls_redirect": True}},
    }
    rules = rules_in(config)
    assert "(one label or more before .example; " in routes.render_tables(rules)
    text = routes.render_explanation(rules, routes.request_for("http://a.b.c.example/x", "GET", (), ()))
    assert "'a.b.c.example' has no routes of its own, but *.example has" in text
    assert "https   hosts.*.example.tls_redirect is set, so that HTTP is sent to HTTPS" in text
    assert "answer  308 to https://a.b.c.example/x" in text
