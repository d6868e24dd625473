"""Services that can't be, or that nobody can have meant: refused with the reason before anything is changed."""

import re
from typing import Any

import pytest
import yaml

from tests.refused_settings.case import Refused
from tests.refused_settings.external_services import REFUSED_EXTERNAL_SERVICES
from tests.refused_settings.web_services import REFUSED_WEB_SERVICES
from tests.unit.environment.changed_stack import check_refused, parse, report
from tests.unit.environment.stack_files import PROJECT, stack_config

ENDPOINTS = {"target": {"kind": "endpoints", "addresses": ["192.0.2.7"]}, "ports": {"http": {"port": 80}}}
ALIAS = {"target": {"kind": "external_name", "host": "ledger.example.com"}}


def with_user(settings: dict[str, Any]) -> dict[str, Any]:
    """The stack's services with one of them being so."""
    services = stack_config("dev")["services"]
    return {**services, "user-v1": {"image": services["user-v1"]["image"], **settings}}


@pytest.mark.parametrize("refused", REFUSED_WEB_SERVICES, ids=lambda refused: refused.name)
def test_a_web_service_that_can_not_be(refused: Refused) -> None:
    check_refused(report(services=with_user(yaml.safe_load(refused.yaml))), "services.user-v1", refused)


@pytest.mark.parametrize("refused", REFUSED_EXTERNAL_SERVICES, ids=lambda refused: refused.name)
def test_an_external_service_that_can_not_be(refused: Refused) -> None:
    check_refused(
        report(external_services={"ledger": yaml.safe_load(refused.yaml)}), "external_services.ledger", refused
    )


def test_each_is_refused_for_what_is_wrong_in_it() -> None:
    """Were the stack's other settings wrong, every case above would be refused whatever stands in it."""
    assert parse(services=with_user({}), external_services={"ledger": ENDPOINTS, "alias": ALIAS})
    assert len({refused.yaml for refused in REFUSED_WEB_SERVICES}) == len(REFUSED_WEB_SERVICES) >= 40


@pytest.mark.parametrize("name", ["redis", "redis-access", "redis-nodes", "redis-shard-0-1"])
@pytest.mark.parametrize("key", ["services", "external_services"])
def test_a_service_is_not_called_as_an_object_of_redis(key: str, name: str) -> None:
    services = with_user({})
    changes = {"services": {**services, name: services["user-v1"]}} if key == "services" else {key: {name: ALIAS}}
    lines = report(**changes)
    assert lines[2] == f"  webtier:{key}.{name}"
    assert lines[3].strip() == "name conflicts with an object of the Redis Cluster; allowed: another name"


def test_two_services_are_not_called_the_same() -> None:
    lines = report(external_services={"user-v1": ALIAS, "sessions": ALIAS}, standalone_redis={"sessions": {}})
    assert "  webtier:external_services.user-v1" in lines
    assert "  webtier:standalone_redis.sessions" in lines
    assert any("conflicts with services.user-v1" in line for line in lines)
    assert any("conflicts with external_services.sessions" in line for line in lines)


def test_what_the_documentation_shows_is_right() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (PROJECT / "docs" / "services.md").read_text(), re.DOTALL)
    assert len(blocks) >= 3
    for block in blocks:
        shown = {key.removeprefix("webtier:"): value for key, value in yaml.safe_load(block).items()}
        services = {**stack_config("dev")["services"], **shown.pop("services", {})}
        assert parse(**shown, services=services).services.keys() >= services.keys()


def test_path_rules_lead_to_given_addresses_but_to_no_alias() -> None:
    external = {
        "ledger": ENDPOINTS,
        "alias": ALIAS,
        "dns": {**ENDPOINTS, "ports": {"d": {"port": 53, "protocol": "UDP"}}},
    }
    assert parse(external_services=external, routes=[{"path": "/l", "backend": "ledger"}], default_backend="ledger")
    for backend in ("alias", "dns"):
        lines = report(external_services=external, routes=[{"path": "/l", "backend": backend}])
        assert lines[2] == f'  webtier:routes[0].backend = "{backend}"'
        assert f"{backend} can't take requests from path rules" in lines[3]
        assert len(lines) == 6
    lines = report(external_services=external, default_backend="alias")
    assert lines[2] == '  webtier:default_backend = "alias"'
