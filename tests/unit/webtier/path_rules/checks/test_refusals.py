"""Rules that the controller would get wrong: refused with the rule's place and the reason before anything is sent."""

import copy
from typing import Any

import pytest
import yaml

from environment.settings.loading import parse_settings
from environment.settings.model import EnvironmentSettings
from environment.settings.raw_config import RawConfig
from environment.settings.report import SettingsError
from tests.refused_rules import REFUSED, Refused
from tests.unit.environment.stack_files import as_engine_text, stack_config

SERVICES = ("user-v1", "user-v2", "pay-v1", "errors")


def parse(**changes: Any) -> EnvironmentSettings:
    """The settings of the stack `dev` with these changes, as the engine would hand them over."""
    services = {name: {"image": "registry.example/web:1"} for name in SERVICES}
    usual = {**copy.deepcopy(stack_config("dev")), "services": services, "default_backend": "pay-v1"}
    raw = RawConfig(as_engine_text({**usual, "routes": [], **changes}), frozenset({"redis_password"}))
    return parse_settings(raw, "dev", {})


def report(**changes: Any) -> list[str]:
    """The report's lines."""
    with pytest.raises(SettingsError) as caught:
        parse(**changes)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.name)
def test_the_report_names_the_rule_its_value_and_what_is_allowed(refused: Refused) -> None:
    lines = report(**yaml.safe_load(refused.yaml))
    assert lines[0] == "1 setting is wrong in the stack 'dev'; nothing was changed."
    value = "" if refused.value is None else f" = {refused.value}"
    assert lines[2] == f"  webtier:{refused.key}{value}"
    assert refused.reason in lines[3]
    assert "allowed:" in lines[3] or "needed" in lines[3] or "known here:" in lines[3] or "leave" in lines[3]
    assert len(lines) == 6


def test_each_is_refused_for_what_is_wrong_in_it() -> None:
    """Were the stack's other settings wrong, every case above would be refused whatever stands in it."""
    assert parse().routes == []
    assert (
        len({refused.yaml for refused in REFUSED}) == len({refused.name for refused in REFUSED}) == len(REFUSED) >= 60
    )


def test_the_wrong_ones_are_reported_together_in_the_order_of_the_file() -> None:
    routes = [
        {"path": "/a", "backend": "user-v1", "canary": {"kind": "weight", "backend": "user-v2", "weight": 200}},
        {"path": "/b/", "backend": "user-v1", "rewrit": None},
        {"path": "/A", "backend": "nobody", "cors": {"origins": ["*"], "credentials": True}},
    ]
    lines = report(routes=routes, hosts={"nowhere.example": {"tls_redirect": "yes"}}, default_backend="nobody")
    assert lines[0].startswith("8 settings are wrong")
    places = [line.split(" = ")[0].strip() for line in lines if line.startswith("  webtier:")]
    assert places == [
        "webtier:routes[0].canary.weight",
        "webtier:routes[1].path",
        "webtier:routes[1].rewrit",
        "webtier:routes[2].backend",
        "webtier:routes[2].path",
        "webtier:routes[2].cors.credentials",
        'webtier:hosts["nowhere.example"].tls_redirect',
        "webtier:default_backend",
    ]


def test_a_rule_that_is_wrong_on_its_own_is_not_the_reason_of_another_problem() -> None:
    routes = [{"host": "a.example", "path": "/a/", "backend": "user-v1"}]
    assert report(routes=routes, hosts={"a.example": {"app_root": "/x"}})[0].startswith("1 setting is wrong")


@pytest.mark.parametrize(
    "yaml_text",
    [
        # Exact above prefix, and a regex that leaves something.
        (
            "routes: [{path: /, match: exact, backend: user-v1}, {path: /api, backend: pay-v1}, "
            "{path: '/api/[0-9]+', match: regex, backend: user-v1}]"
        ),
        # The same canary wherever its web service goes, and a rule of the same service without one.
        (
            "{default_backend: user-v1, routes: [{path: /a, backend: user-v1, canary: {kind: weight, backend: user-v2, "
            "weight: 20}}, {path: /b, backend: user-v1, canary: {kind: weight, backend: user-v2, weight: 20}}, "
            "{path: /c, backend: user-v1}]}"
        ),
        # One path on different hosts.
        (
            "routes: [{path: /a, backend: user-v1}, {host: a.example, path: /a, backend: pay-v1}, "
            "{host: '*.example', path: /a, backend: user-v2}]"
        ),
        # A regex' case matters.
        "routes: [{path: '/[a-z]+', match: regex, backend: user-v1}, {path: '/[A-Z]+', match: regex, backend: pay-v1}]",
        (
            "{ingress: {allow_external_auth: true}, routes: [{path: /a, backend: user-v1, auth: {kind: external, "
            "url: 'http://auth.example/check'}}]}"
        ),
        (
            "{routes: [{host: a.example, path: /a, backend: user-v1}], hosts: {a.example: {www_redirect: true, "
            "app_root: /a, tls: {kind: issuer, cluster_issuer: letsencrypt}}}}"
        ),
    ],
)
def test_what_is_possible_is_allowed(yaml_text: str) -> None:
    assert parse(**yaml.safe_load(yaml_text)).routes
