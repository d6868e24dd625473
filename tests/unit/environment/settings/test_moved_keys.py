"""Settings in the words of earlier releases: they work, and are said to have new ones."""

import warnings
from typing import Any

import pytest

from environment.settings.loading import parse_settings
from environment.settings.raw_config import RawConfig
from environment.settings.report import SettingsError
from tests.unit.environment.stack_files import as_engine_text, stack_config
from webtier.ingress_nginx import IngressNginxSettings
from webtier.redis_cluster import RedisClusterSettings
from webtier.shared.model import Settings
from webtier.web_service import WebServiceSettings

OLD_REDIS = {
    "internal_passwords": 2,
    "formation_seconds": 300,
    "anti_affinity": "hard",
    "network_policy": {"sources": ["10.0.0.0/8"], "bus_sources": ["10.1.0.0/16"]},
}
NEW_REDIS = {
    "internal_password_generation": 2,
    "ready_timeout_seconds": 300,
    "anti_affinity": "required",
    "network_policy": {"source_ranges": ["10.0.0.0/8"], "bus_source_ranges": ["10.1.0.0/16"]},
}
SERVICE = {"image": "example.com/user:1"}

MOVED: list[tuple[type[Settings], dict[str, Any], dict[str, Any]]] = [
    (RedisClusterSettings, OLD_REDIS, NEW_REDIS),
    (RedisClusterSettings, {"anti_affinity": "soft"}, {"anti_affinity": "preferred"}),
    (IngressNginxSettings, {"shutdown_delay_seconds": 3}, {"drain_seconds": 3}),
    (
        WebServiceSettings,
        {**SERVICE, "spread": {"nodes": "hard", "zones": "soft"}},
        {**SERVICE, "spread": {"nodes": "required", "zones": "preferred"}},
    ),
]


def parse(**changes: Any) -> tuple[Any, list[str]]:
    config = {**stack_config("dev"), **changes}
    notes: list[str] = []
    raw = RawConfig(as_engine_text(config), frozenset({"redis_password"}))
    return parse_settings(raw, "dev", {}, warn=notes.append), notes


@pytest.mark.parametrize(("model", "old", "new"), MOVED)
def test_a_component_takes_both_and_warns_of_the_old(
    model: type[Settings], old: dict[str, Any], new: dict[str, Any]
) -> None:
    with pytest.warns(FutureWarning, match=r"is called '\w+' now; the old (name|word) still works"):
        moved = model.model_validate(old)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert moved == model.model_validate(new)


def test_a_stack_takes_both_and_names_each_old_one_with_its_place() -> None:
    moved, notes = parse(
        redis=OLD_REDIS, services={"user-v1": {**SERVICE, "spread": {"nodes": "hard"}}, "pay-v1": SERVICE}
    )
    assert moved.redis == parse(redis=NEW_REDIS)[0].redis
    assert sorted(notes) == sorted(
        [
            "webtier:redis.internal_passwords is called 'internal_password_generation' now; the old name still works",
            "webtier:redis.formation_seconds is called 'ready_timeout_seconds' now; the old name still works",
            "webtier:redis.anti_affinity 'hard' is called 'required' now; the old word still works",
            "webtier:redis.network_policy.sources is called 'source_ranges' now; the old name still works",
            "webtier:redis.network_policy.bus_sources is called 'bus_source_ranges' now; the old name still works",
            "webtier:services.user-v1.spread.nodes 'hard' is called 'required' now; the old word still works",
        ]
    )


def test_a_stack_in_new_words_is_warned_of_nothing() -> None:
    assert parse(redis=NEW_REDIS)[1] == []


@pytest.mark.parametrize(
    ("redis", "message"),
    [
        (
            {"formation_seconds": 300, "ready_timeout_seconds": 300},
            "webtier:redis.formation_seconds\n      this key has moved; allowed: ready_timeout_seconds",
        ),
        ({"formation_second": 300}, "unknown key; did you mean 'ready_timeout_seconds'? known here: "),
        ({"formation_seconds": 5}, "webtier:redis.ready_timeout_seconds = 5\n      allowed: a whole number from 60"),
    ],
)
def test_what_is_wrong_is_reported_in_new_words(redis: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse(redis=redis)
    assert message in str(error.value)
