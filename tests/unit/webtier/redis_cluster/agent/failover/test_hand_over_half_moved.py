"""A run is killed inside a slot, then one of both masters ends as planned: the next run finishes the slot."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.application import Application
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import (
    TESTER,
    LocalCluster,
    local_cluster,
    wait_until,
)
from tests.unit.webtier.redis_cluster.agent.harness.resharded import slot_of
from webtier.redis_cluster.agent.console import Console
from webtier.redis_cluster.agent.failover.hand_over import HandOverOptions, Outcome, hand_over
from webtier.redis_cluster.agent.redis.topology import Member

pytestmark = pytest.mark.usefixtures("key_by_key")

KEYS = 200


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[LocalCluster]:
    for made in local_cluster(tmp_path, 3, 1):
        made.converge()
        for shard in range(3):
            made.wait_until_known(made.topology.member(shard, 1))
        yield made


def move_half(cluster: LocalCluster, source: Member, target: Member, tag: str) -> None:
    """Of the tag's keys, as a run that is killed leaves it."""
    slot, port = slot_of(cluster, tag), cluster.port
    with Application(cluster) as application:
        for number in range(KEYS):
            application.ask("SET", f"{tag}{number}", number)
    ids = cluster.node_ids()
    cluster.ask(target, "CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source.pod])
    cluster.ask(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target.pod])
    keys = [f"{tag}{number}" for number in range(KEYS // 2)]
    there = (cluster.addresses[target.host], port, "", 0, 30000, "AUTH2", TESTER, TESTER)
    cluster.ask(source, "MIGRATE", *there, "KEYS", *keys)


@pytest.mark.parametrize("ends", ["source", "target"])
def test_a_slot_is_finished_after_a_hand_over(cluster: LocalCluster, ends: str) -> None:
    source, target = cluster.topology.member(2, 0), cluster.topology.member(0, 0)
    slots = cluster.topology.target_slots(2)
    tag = next(tag for tag in (f"{{tag-{number}}}" for number in range(1000)) if slot_of(cluster, tag) in slots)
    move_half(cluster, source, target, tag)
    ending = source if ends == "source" else target
    assert hand_over(HandOverOptions(slots=0.3), cluster.beside(ending), Console()) is Outcome.HANDED_OVER
    cluster.terminate(ending)
    cluster.launch(ending)
    wait_until(lambda: not cluster.is_master(ending), "it follows its successor")
    # The new master knows that some keys have moved already, and the other end goes on with it.
    with Application(cluster) as application:
        assert application.ask("INCRBY", f"{tag}5", 1000) == 1005
        assert application.ask("INCRBY", f"{tag}{KEYS - 1}", 1000) == KEYS + 999
    values = [number + (1000 if number in (5, KEYS - 1) else 0) for number in range(KEYS)]

    cluster.converge()

    wait_until(cluster.is_healthy, "healthy")
    with Application(cluster) as application:
        found = [application.ask("GET", f"{tag}{number}") for number in range(KEYS)]
    assert found == [str(number).encode() for number in values]
