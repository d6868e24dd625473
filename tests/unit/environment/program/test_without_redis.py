"""A stack without a Redis Cluster: `redis: null`, of which the engine makes an empty text."""

import json
from typing import Any

import pytest

from environment.settings.raw_config import RawConfig
from operations.config.effective import effective
from operations.preview.forecast.redis import cluster_forecasts
from operations.preview.gate.dangers import DangerKind, dangers
from operations.preview.settings_file import changed_settings
from tests.unit.environment.changed_stack import changed, lines_about, parse, parse_config, report, report_of
from tests.unit.environment.program.recorded_program import NAMESPACE, STATEFUL_SET, run
from tests.unit.environment.stack_files import STACKS, as_engine_text, stack_config
from tests.unit.operations.diagram.pictures import change, picture
from tests.unit.operations.diagram.pictures import changed as changed_picture
from webtier.path_rules import RuleSet
from webtier.path_rules.rules.explanation import tables

OUTPUTS = {"redis_endpoint", "redis_external", "redis_username", "redis_password", "redis_ca_certificate"}
NULLS = ["", "null"]
"""What the engine hands over: of `redis:` in the file, and of `pulumi config set webtier:redis null`."""
WITHOUT = {"redis": "", "redis_password": "", "redis_password_file": ""}


@pytest.mark.parametrize("null", NULLS)
def test_nothing_of_redis_is_made_and_everything_else_is(stack: str, null: str) -> None:
    recording, whole = run(stack, **{**WITHOUT, "redis": null}), run(stack)
    left_out = {each.urn for each in whole.resources} - {each.urn for each in recording.resources}
    assert left_out == {each.urn for each in whole.resources if "webtier:index:RedisCluster" in each.urn}
    assert {each.urn for each in recording.resources} <= {each.urn for each in whole.resources}
    assert {each.name for each in recording.of_type(NAMESPACE)} == {"webtier", "ingress-nginx"}
    assert recording.of_type(STATEFUL_SET) == []
    assert set(whole.exports) - set(recording.exports) == OUTPUTS & set(whole.exports)
    assert "redis" not in json.dumps(recording.exports["routes"])


def test_a_stack_that_says_nothing_of_redis_has_one() -> None:
    settings = parse_config({key: value for key, value in changed().items() if key != "redis"})
    assert settings.redis is not None
    assert settings.redis.shards == 3
    assert parse(redis={}).redis == settings.redis


@pytest.mark.parametrize("null", NULLS)
def test_a_password_is_needed_with_a_redis_alone(null: str) -> None:
    assert parse(**{**WITHOUT, "redis": null}).redis is None
    said = lines_about("redis_password", "\n".join(report(redis={}, redis_password="")))
    assert "not set, but needed: Redis' password" in said
    # It may stay, for the day that there is one again, and is checked as ever.
    assert parse(redis=null).redis is None
    assert "webtier:redis_password = (secret)" in report_of(changed(redis=null, redis_password="x"))


def test_a_single_redis_goes_without_the_cluster() -> None:
    single = json.dumps({"sessions": {"access": {"node_port": 30010}}})
    recording = run("dev", **WITHOUT, standalone_redis=single)
    assert [each.name for each in recording.of_type(STATEFUL_SET)] == ["sessions"]
    assert recording.exports["standalone_redis"]["sessions"]["endpoint"] == "sessions.webtier.svc.cluster.local:6379"


def test_names_of_its_objects_stay_taken() -> None:
    """An update that takes the Redis Cluster away deletes them, and would delete the new ones of the same names."""
    said = "\n".join(report(**WITHOUT, standalone_redis={"redis": {}}))
    assert "name conflicts with the Redis Cluster" in said


@pytest.mark.parametrize("value", ["none", False, [], 5])
def test_what_is_neither_settings_nor_null_is_refused(value: Any) -> None:
    lines = report(redis=value)
    assert lines[2].startswith("  webtier:redis = ")
    assert "an object with the keys shards, " in lines[3]
    assert lines[3].endswith(", or null")


def test_wrong_settings_are_reported_as_ever() -> None:
    lines = report(redis={"shard": 3, "conf": {"node_timeout_ms": 5}})
    assert lines[0].startswith("2 settings are wrong")
    assert "did you mean 'shards'?" in "\n".join(lines)


@pytest.mark.parametrize("stack", STACKS)
def test_commands_do_without_it(stack: str) -> None:
    config = {**stack_config(stack), **WITHOUT}
    told = effective(RawConfig(as_engine_text(config), frozenset()), b"config: {webtier:redis: null}", stack)
    found = {setting.key: (setting.value, setting.origin) for setting in told.settings}
    assert found["redis"] == (None, "file")
    assert found["redis_password"] == ("", "default")
    assert not [key for key in found if key.startswith("redis.")]
    settings = parse_config(config, WEBTIER_KUBECONFIG="/kubeconfig")
    assert tables(RuleSet.of(settings.routes, settings.hosts, settings.default_backend))


def test_the_picture_has_no_redis() -> None:
    assert not [node for node in picture("dev", **WITHOUT).nodes if "redis" in node.id]


def test_taking_it_away_is_told_as_the_loss_that_it_is() -> None:
    update = change("dev", {}, WITHOUT)
    found = list(dangers(update))
    deleted = sorted(each.urn.split("$")[-1] for each in found if each.kind is DangerKind.DELETED)
    for shard in range(3):
        assert f"kubernetes:apps/v1:StatefulSet::redis-shard-{shard}" in deleted
        assert f"kubernetes:core/v1:PersistentVolumeClaim::redis-shard-{shard}-1-data" in deleted
    (fewer,) = (each for each in found if each.kind is DangerKind.FEWER_SHARDS)
    assert fewer.what == "Redis Cluster redis is deleted, with the data of its 3 shards."
    assert list(cluster_forecasts(update, ())) == []
    assert {node.id for node in changed_picture("dev", {}, WITHOUT).nodes if "redis" in node.id}


def test_its_report_shows_the_setting_that_did_it() -> None:
    before, after = b"config: {webtier:redis: {shards: 4}}", b"config: {webtier:redis: null}"
    (difference,) = changed_settings(before, after)
    assert (difference.path, difference.old, difference.new) == (("redis",), {"shards": 4}, None)
    (difference,) = changed_settings(b"config: {}", after)
    assert difference.path == ("redis",)
