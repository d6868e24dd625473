"""Addresses are handed out again: a pod of another shard is no master to be copied, whatever its address was before."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.agents import Running, healer, listening, watcher
from tests.unit.webtier.redis_cluster.agent.harness.guarded_cluster import GuardedCluster, formed_from_nothing
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import wait_until
from webtier.redis_cluster.agent.redis.topology import Member
from webtier.redis_cluster.agent.redis.view import parse_view
from webtier.redis_cluster.settings import RedisConf

KEYS = 200


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[GuardedCluster]:
    # Of a replica whose master is late, as long as a pod may take: it must not be what saves the data here.
    with formed_from_nothing(tmp_path, 3, RedisConf(node_timeout_ms=1000, save=[]), patience=10.0) as cluster:
        cluster.write_keys(KEYS)
        yield cluster


@contextmanager
def sidecars(cluster: GuardedCluster, *members: Member) -> Generator[None]:
    """All of the agent beside these, which run."""
    healers = [healer(cluster, member) for member in members]
    watchers = [watcher(cluster, member) for member in members]
    with cluster.releasing(), listening(cluster, *members), Running([*healers, *watchers]):
        yield


def slots_of(cluster: GuardedCluster, member: Member) -> object:
    return parse_view(cluster.ask(member, "CLUSTER", "NODES")).myself.slot_ranges


def test_a_replica_does_not_copy_another_shards_master_at_its_masters_address(filled: GuardedCluster) -> None:
    """Two masters are lost with their node, and one comes back at the other's address; its replica runs on."""
    topology = filled.topology
    late, replica, early = topology.member(0, 0), topology.member(0, 1), topology.member(1, 0)
    running = [member for member in topology.members() if member not in (late, early)]
    with sidecars(filled, *running):
        wait_until(lambda: all(filled.can_succeed(member) for member in running), "all is well")
        filled.kill(late, early)
        late_address = filled.addresses.pop(late.host)
        wait_until(lambda: "fail" in filled.ask(replica, "CLUSTER", "NODES"), "they are missed")
        filled.addresses[early.host] = late_address
        filled.let_in(early)
        # The shard is succeeded although its master is at no address, and by data of its own.
        wait_until(lambda: bool(slots_of(filled, replica)), "the replica has taken over", 40)
        assert int(filled.ask(replica, "DBSIZE")) == KEYS
        filled.addresses[late.host] = filled.fresh_address()
        filled.let_in(late)
        with filled.releasing(), Running([healer(filled, late), healer(filled, early)]):
            wait_until(filled.is_healthy, "healthy")
    assert filled.count_keys() == 3 * KEYS


def test_a_power_cut_that_swaps_addresses_costs_no_shard(filled: GuardedCluster) -> None:
    """All pods are back but one master, at whose address another shard's master is now."""
    topology = filled.topology
    late, replica, early = topology.member(0, 0), topology.member(0, 1), topology.member(1, 0)
    filled.kill(*topology.members())
    old = dict(filled.addresses)
    for member in topology.members():
        filled.addresses[member.host] = filled.fresh_address()
    filled.addresses[early.host] = old[late.host]
    del filled.addresses[late.host]
    rest = [member for member in topology.members() if member != late]
    filled.let_in(*rest)
    with sidecars(filled, *rest):
        wait_until(lambda: bool(slots_of(filled, replica)), "the replica has taken over", 40)
        assert int(filled.ask(replica, "DBSIZE")) == KEYS
        filled.addresses[late.host] = filled.fresh_address()
        filled.let_in(late)
        with Running([healer(filled, late)]):
            wait_until(filled.is_healthy, "healthy")
    assert filled.count_keys() == 3 * KEYS
