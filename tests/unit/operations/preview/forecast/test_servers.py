"""What is said of another server, of the objects that the program really makes."""

from typing import Any

import pytest

from operations.preview.forecast.forecast import Forecast
from operations.preview.gate.dangers import Danger, DangerKind, dangers
from operations.preview.model.change import Change
from operations.preview.model.redis_images import ImageChange, image_changes
from operations.preview.report.build import build
from operations.preview.report.document import Verdict
from operations.preview.report.verdicts import explanation
from tests.unit.environment.program.recorded_program import files_of_this_machine as files_of_this_machine
from tests.unit.operations.diagram.pictures import change
from tests.unit.operations.preview.engine_log import change_of, changed, component

REDIS = component("RedisCluster", "redis")
OLD, NEW = "docker.io/library/redis:7.0.15-bookworm", "docker.io/library/redis:8.0.6@sha256:" + "0" * 64
VALKEY = "docker.io/valkey/valkey:9.1.2"


def of_cluster(old: str, new: str) -> Change:
    return change("dev", {"redis": {"image": old}}, {"redis": {"image": new}})


def of_single(old: str, new: str, **settings: Any) -> Change:
    before, after = ({"standalone_redis": {"sessions": {"image": image, **settings}}} for image in (old, new))
    return change("dev", before, after)


def of_servers(found: Change) -> list[Danger]:
    return [each for each in dangers(found) if each.kind is DangerKind.UNREADABLE]


def test_a_cluster_that_can_not_read_its_data_is_a_danger() -> None:
    update = of_cluster(NEW, OLD)
    (danger,) = of_servers(update)
    assert danger.urn.endswith("webtier:index:RedisCluster::redis")
    assert danger.what == (
        f"Redis Cluster redis gets {OLD} instead of {NEW}: redis 7.0 can't read what redis 8.0 has written. A pod that "
        "can't read its data does not start. What it has is read by redis 8.0; to go back, begin anew with a copy of "
        "the data from before."
    )
    assert Forecast.of(update).servers == ()
    report = build(update, "its state", None)
    assert report.verdict is Verdict.DESTRUCTIVE
    assert not report.is_let_through
    assert "a Redis could not read its data" in explanation(report)


def test_a_step_that_can_not_be_gone_back_from_is_told_and_let_through() -> None:
    update = of_cluster(OLD, NEW)
    assert of_servers(update) == []
    said = (
        f"Redis Cluster redis: from {NEW} there is no way back to {OLD} but with a copy of the data from before, since "
        "redis 7.0 can't read what redis 8.0 has written."
    )
    assert Forecast.of(update).sentences[-1] == said
    report = build(update, "its state", None)
    assert report.verdict is Verdict.REVIEW
    assert "a Redis gets a server without a way back" in explanation(report)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OLD, "redis:7.0.16"),
        (OLD, "registry.example.com/redis:7.0-with-modules"),
        ("redis:8", "redis:7.0"),
        ("registry.example.com/cache:2", OLD),
    ],
)
def test_nothing_is_said_of_patches_and_of_unknown_images(old: str, new: str) -> None:
    update = of_cluster(old, new)
    assert [(each.old, each.new) for each in image_changes(update)] == [(old, new)]
    assert (of_servers(update), Forecast.of(update).servers) == ([], ())


def test_neither_way_is_a_danger_alone() -> None:
    update = of_cluster(VALKEY, NEW)
    (danger,) = of_servers(update)
    assert "redis 8.0 can't read what valkey 9.1 has written" in danger.what
    assert Forecast.of(update).servers == ()


def test_of_a_server_that_was_not_tried_it_says_that_it_may() -> None:
    (danger,) = of_servers(of_cluster("redis:8.2.1", "redis:7.4"))
    assert "redis 7.4 may not be able to read what redis 8.2 has written" in danger.what
    assert "Keep the image that has written it;" in danger.what


def test_a_single_redis_is_told_like_a_cluster_where_it_keeps_its_data() -> None:
    kept = {"storage": {"kind": "dynamic", "size": "1Gi"}, "conf": {"appendonly": True}}
    (danger,) = of_servers(of_single(NEW, OLD, **kept))
    assert danger.urn.endswith("webtier:index:RedisStandalone::sessions")
    assert danger.what.startswith(f"Redis sessions gets {OLD} instead of {NEW}: ")
    (server,) = Forecast.of(of_single(OLD, NEW, **kept)).servers
    assert str(server).startswith(f"Redis sessions: from {NEW} there is no way back to {OLD}")
    assert list(image_changes(of_single(NEW, OLD))) == []


def test_shards_of_a_cut_off_update_are_told_once_for_each_image_that_they_have() -> None:
    def shard(image: str) -> dict[str, Any]:
        pod = {"spec": {"containers": [{"name": "exporter", "image": "e:1"}, {"name": "redis", "image": image}]}}
        return {"spec": {"volumeClaimTemplates": [{}], "template": pod}}

    events = [
        changed("StatefulSet", f"redis-shard-{number}", shard(old), shard("redis:7.0"), REDIS)
        for number, old in enumerate(("redis:8.0", "redis:8.0", "redis:7.0", "redis:7.2"))
    ]
    found = list(image_changes(change_of(*events)))
    assert found == [ImageChange(REDIS, "Redis Cluster redis", old, "redis:7.0") for old in ("redis:7.2", "redis:8.0")]
