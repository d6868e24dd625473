"""Values of any shape at any place: a report, never a stack trace, and soon also of very many rules."""

import copy
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from environment.settings.loading import parse_settings
from environment.settings.plain_data import as_list, as_object
from environment.settings.raw_config import DEEPEST, RawConfig
from environment.settings.report import MOST_PROBLEMS, SettingsError
from tests.unit.environment.stack_files import as_engine_text, stack_config

Place = tuple[str | int, ...]
Shape = float | str | Sequence["Shape"] | Mapping[str, "Shape"] | None

SCALARS: tuple[Shape, ...] = (
    *(None, True, 0, -1, 1.5, float("nan"), float("inf"), 10**400, "", "x", "é\u2028", "x" * 5000),
)
GROUPS: tuple[Shape, ...] = ([], [[]], [None], [{"kind": []}], {}, {"": {}}, {"a": 1}, {"kind": "x"}, {"kind": {}})
SHAPES: tuple[Shape, ...] = (*SCALARS, *GROUPS)
UNHASHABLE: tuple[Shape, ...] = (["a"], {"kind": ["x"]})
RULES = (
    {
        "host": "shop.example",
        "path": "/a",
        "match": "prefix",
        "backend": {"service": "user-v1", "port": "http"},
        "rewrite": {"kind": "replace_prefix", "with": "/b"},
        "canary": {"kind": "weight", "backend": "next", "weight": 20},
        "cors": {"origins": ["https://a.example"], "methods": ["GET"]},
        "body_size": "8Mi",
        "timeouts": {"read_seconds": 5},
        "limits": {"rps": 5},
        "access": {"allow": ["10.0.0.0/8"]},
        "auth": {"kind": "external", "url": "https://a.example/x"},
    },
    {"path": "/r/([0-9]+)", "match": "regex", "backend": "pay-v1", "rewrite": {"kind": "regex", "to": "/x/$1"}},
    {"path": "/p", "match": "exact", "backend": "ledger", "error_pages": {"codes": [404], "backend": "pay-v1"}},
    {"path": "/o", "redirect": {"to": "https://x.example/", "code": 301}},
)


def rich_config() -> dict[str, Any]:
    """A stack that says much."""
    config = copy.deepcopy(stack_config("dev"))
    config["redis"] = {
        "access": {"node_port": 30010, "pods": {"kind": "node_ports", "first": 30100}},
        "storage": {"kind": "dynamic", "size": "1Gi"},
        "conf": {"appendfsync": "always"},
    }
    config["services"]["next"] = copy.deepcopy(config["services"]["user-v1"])
    config["services"]["user-v1"] |= {
        "env": {"A": "b"},
        "labels": {"team": "a"},
        "ports": {"http": {"port": 80, "target_port": 8080, "node_port": 30001}},
        "exposure": {"kind": "node_port"},
        "rollout": {"max_surge": 1},
        "autoscaling": {"min": 1, "max": 2},
    }
    del config["services"]["user-v1"]["replicas"]
    config["external_services"] = {
        "ledger": {"target": {"kind": "endpoints", "addresses": ["10.0.0.1"]}, "ports": {"http": {"port": 80}}},
    }
    config["standalone_redis"] = {"cache": {"access": {"node_port": 30050}}}
    config["hosts"] = {"shop.example": {"tls": {"kind": "secret", "secret": "shop"}, "app_root": "/a"}}
    config["ingress"] = {"replicas": 2, "allow_external_auth": True, "config": {"use-gzip": "true"}}
    config["routes"] = list(copy.deepcopy(RULES))
    return config


def report(config: dict[str, Any]) -> str | None:
    """What is said of it; None for nothing."""
    try:
        parse_settings(RawConfig(as_engine_text(config), frozenset({"redis_password"})), "dev", {})
    except SettingsError as error:
        return str(error)
    return None


def places(value: object, place: Place = ()) -> Iterator[Place]:
    if place:
        yield place
    for key, child in [*(as_object(value) or {}).items(), *enumerate(as_list(value) or ())]:
        yield from places(child, (*place, key))


def changed(place: Place, value: object) -> dict[str, Any]:
    config = rich_config()
    group: Any = config
    for key in place[:-1]:
        group = group[key]
    group[place[-1]] = value
    return config


def test_the_config_whose_values_are_exchanged_is_right() -> None:
    assert report(rich_config()) is None


def test_a_value_of_any_shape_at_any_place_is_taken_or_reported() -> None:
    for number, place in enumerate(places(rich_config())):
        for shapes in (SHAPES, UNHASHABLE):
            said = report(changed(place, shapes[number % len(shapes)]))
            assert said is None or "wrong in the stack 'dev'" in said


@pytest.mark.parametrize("host", [["a.example.com"], {"a": "b"}, 7, None])
def test_a_host_of_any_shape(host: object) -> None:
    said = report(changed(("routes", 0, "host"), host))
    assert host is None or "webtier:routes[0].host" in (said or "")


@pytest.mark.parametrize("levels", [DEEPEST + 1, 900, 5000, 100_000])
def test_what_is_nested_too_deeply_is_said_at_its_key(levels: int) -> None:
    values = as_engine_text(rich_config()) | {"services": '{"a":' * levels + "1" + "}" * levels}
    with pytest.raises(SettingsError, match=r"webtier:services\n +nested too deeply; allowed: at most 100 levels"):
        parse_settings(RawConfig(values, frozenset({"redis_password"})), "dev", {})


def checked(count: int, **changes: object) -> tuple[str | None, float]:
    """What is said of so many rules, at a hundred paths of each host, and the seconds of CPU that it took."""
    rules = [
        {"host": f"h{number // 100}.example", "path": f"/p{number % 100}", "backend": "user-v1", **changes}
        for number in range(count)
    ]
    start = time.process_time()
    said = report({**stack_config("dev"), "routes": rules})
    return said, time.process_time() - start


GROWTH = 8
"""More than the fourfold that four times as many rules cost, less than the sixteenfold of a look at every pair."""


def test_many_rules_cost_in_proportion_to_their_number() -> None:
    said, some = checked(5_000)
    assert said is None
    said, all_of_them = checked(20_000)
    assert said is None
    assert all_of_them < GROWTH * some


def test_many_wrong_rules_are_one_report_that_can_be_read() -> None:
    _, some = checked(5_000, bakcend="x")
    said, all_of_them = checked(20_000, bakcend="x")
    assert all_of_them < GROWTH * some
    assert said is not None
    assert said.startswith("20000 settings are wrong")
    assert said.count("did you mean 'backend'?") == MOST_PROBLEMS
    assert "… and 19900 more" in said
    assert len(json.dumps(said)) < 100_000
