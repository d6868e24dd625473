"""What Redis may take, in memory and on its volume: what is written into redis.conf, and what is said beforehand."""

import math
from typing import Any

import pytest

from tests.unit.environment.changed_stack import parse
from tests.unit.environment.stack_files import STACKS, stack_config
from tests.unit.webtier.redis_cluster.redis_objects import CONFIG_MAP, record
from webtier.redis_cluster import RedisClusterSettings
from webtier.redis_cluster.agent.start import data_folder
from webtier.redis_common.sizing import KEPT_ASIDE, MIB, Volume
from webtier.redis_standalone import RedisStandaloneSettings

ROOMY = {"kind": "dynamic", "size": "20Gi"}


def cluster(**settings: Any) -> RedisClusterSettings:
    return RedisClusterSettings.model_validate({"storage": ROOMY, **settings})


def limited(memory: str, **conf: Any) -> RedisClusterSettings:
    resources = {"requests": {"memory": "32Mi"}, "limits": {"memory": memory}}
    return cluster(resources=resources, conf=conf, storage={"kind": "dynamic", "size": "2Ti"})


def lines_of(settings: dict[str, Any]) -> list[str]:
    return record(settings).one(CONFIG_MAP, "redis-conf").inputs["data"]["redis.conf"].splitlines()


def test_buffers_are_a_part_of_the_memory() -> None:
    lines = lines_of({"resources": {"limits": {"memory": "1000Mi"}}, "storage": ROOMY})
    assert f"repl-backlog-size {40 * MIB}" in lines
    assert f"client-output-buffer-limit replica {100 * MIB} {50 * MIB} 60" in lines


def test_buffers_can_be_set() -> None:
    limit = {"hard": "64Mi", "soft": "32Mi", "soft_seconds": 30}
    lines = lines_of({"conf": {"repl_backlog_size": "8Mi", "replica_output_buffer_limit": limit}})
    assert f"repl-backlog-size {8 * MIB}" in lines
    assert f"client-output-buffer-limit replica {64 * MIB} {32 * MIB} 30" in lines
    # A backlog that nobody has asked for gives way to a limit that somebody has.
    small = limited("4Gi", replica_output_buffer_limit={"hard": "64Mi", "soft": "64Mi"}).memory.buffers
    assert small is not None
    assert (small.backlog, small.beyond_backlog) == (64 * MIB, 0)
    large = limited("512Mi", repl_backlog_size="80Mi").memory.buffers
    assert large is not None
    assert (large.hard, large.soft) == (80 * MIB, 80 * MIB)


@pytest.mark.parametrize("memory", ["32Mi", "33Mi", "96Mi", "256Mi", "1Gi", "4Gi", "64Gi", "1T"])
@pytest.mark.parametrize("percent", [30, 60, 70, 75, 85])
def test_the_defaults_fit_into_any_memory(memory: str, percent: int) -> None:
    found = limited(memory, maxmemory_percent=percent).memory
    assert found.buffers is not None
    assert found.room > 0
    assert found.maxmemory + found.for_replicas + found.for_process + found.room == found.limit
    assert MIB <= found.buffers.backlog <= found.buffers.soft <= found.buffers.hard
    assert found.most_data > found.maxmemory * 0.85


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_has_room_in_memory_and_on_its_volumes(stack: str) -> None:
    settings = RedisClusterSettings.model_validate(stack_config(stack)["redis"])
    assert settings.memory.room * 100 > settings.memory.limit * 15
    assert [note for note in settings.notes() if "storage.size" in note or "maxmemory_percent" in note] == []


@pytest.mark.parametrize(("percent", "room"), [(76, "67 MiB"), (80, "46 MiB"), (85, "20 MiB"), (89, "0 MiB")])
def test_a_high_part_for_data_is_taken_with_a_warning(percent: int, room: str) -> None:
    settings = cluster(conf={"maxmemory_percent": percent})
    assert settings.memory.maxmemory == 512 * MIB * percent // 100
    (note,) = settings.notes()
    assert note.startswith(f"conf.maxmemory_percent is {percent}: maxmemory ")
    assert f"leave {room} of resources.limits.memory (512 MiB)" in note
    single = RedisStandaloneSettings.model_validate({"storage": ROOMY, "conf": {"maxmemory_percent": percent}})
    assert [note for note in single.notes() if note.startswith(f"conf.maxmemory_percent is {percent}")]
    assert cluster(conf={"maxmemory_percent": 75}).notes() == []


def test_little_room_is_said_whatever_takes_it() -> None:
    limit = {"hard": "130Mi", "soft": "64Mi"}
    (note,) = cluster(conf={"replica_output_buffer_limit": limit}).notes()
    assert note.startswith("conf.maxmemory_percent is 70: ")
    assert "replicas' buffers beyond the backlog 110 MiB" in note


def test_a_cache_that_writes_no_files_may_have_nearly_all_memory() -> None:
    conf: dict[str, Any] = {"maxmemory_percent": 90, "maxmemory_policy": "allkeys-lru", "appendonly": False, "save": []}
    assert RedisStandaloneSettings.model_validate({"conf": conf}).notes() == []


def test_a_volume_holds_all_that_redis_and_the_agent_may_write() -> None:
    """The file and what came after, one being written, the snapshot, two put aside: six times the data."""
    data = cluster().memory.most_data
    enough = math.ceil(6 * data / MIB)
    assert cluster(storage={"kind": "dynamic", "size": f"{enough}Mi"}).notes() == []
    (note,) = cluster(storage={"kind": "dynamic", "size": f"{enough - 1}Mi"}).notes()
    assert f"storage.size is {enough - 1} MiB: with 338 MiB of data the append-only file before its rewriting" in note
    assert "2 broken ones put aside 676 MiB" in note
    assert f"Make storage.size at least '{enough}Mi'" in note
    # As much as the advice says is enough.
    assert cluster(storage={"kind": "dynamic", "size": note.partition("at least '")[2].partition("'")[0]}).notes() == []


def test_what_the_agent_keeps_is_what_is_reckoned_with() -> None:
    assert KEPT_ASIDE == data_folder.KEPT


@pytest.mark.parametrize(
    ("appendonly", "has_snapshot", "growth", "aside", "needed"),
    [
        (True, True, 100, 2, 600),
        (True, True, 50, 2, 550),
        (True, False, 100, 0, 300),
        (False, True, 100, 2, 400),
        (False, True, 100, 0, 200),
    ],
)
def test_what_a_volume_needs(*, appendonly: bool, has_snapshot: bool, growth: int, aside: int, needed: int) -> None:
    volume = Volume(599 * MIB, 100 * MIB, appendonly, has_snapshot, growth, aside)
    assert volume.needed == needed * MIB
    assert bool([*volume.notes()]) == (needed > 599)
    # Redis rewrites no smaller file than this.
    assert Volume(0, MIB, True, False, 100, 0).needed == 65 * MIB


def test_a_file_that_is_never_rewritten_is_said_to_fill_every_volume() -> None:
    (note,) = cluster(conf={"extra": {"auto-aof-rewrite-percentage": 0}}).notes()
    assert note.startswith("conf.extra.auto-aof-rewrite-percentage is 0")
    half = cluster(conf={"extra": {"auto-aof-rewrite-percentage": "50"}}, storage={"kind": "dynamic", "size": "1900Mi"})
    assert half.notes() == []


def test_a_single_redis_has_no_buffers_for_replicas() -> None:
    settings = parse(standalone_redis={"pages": {"storage": ROOMY}}).standalone_redis["pages"]
    assert settings.memory.buffers is None
    assert settings.memory.most_data == settings.memory.maxmemory == 256 * MIB * 70 // 100
    assert settings.notes() == []
    small = {"kind": "dynamic", "size": "700Mi"}
    (note,) = RedisStandaloneSettings.model_validate({"storage": small}).notes()
    assert "put aside" not in note
    assert "Make storage.size at least '717Mi'" in note
