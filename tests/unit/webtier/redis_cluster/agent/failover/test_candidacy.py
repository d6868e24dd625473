"""A replica that is back before its master is not elected with what it has: its master may have more."""

import time
from collections.abc import Iterator

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.guarded_cluster import GuardedCluster, guarded_cluster
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import wait_until
from tests.unit.webtier.redis_cluster.agent.harness.remembering import Remembering
from webtier.redis_cluster.agent.failover.draining import NO_FAILOVER, is_draining
from webtier.redis_cluster.agent.failover.hand_over import HandOverOptions, Outcome, hand_over
from webtier.redis_cluster.agent.redis.topology import Member
from webtier.redis_cluster.agent.redis.view import parse_view

KEYS = 20
LONG_ENOUGH = 4.0
"""Seconds after the masters have agreed that one is gone, at a node timeout of one: elections are over by then."""
SHORT = 3.0


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedCluster]:
    yield from guarded_cluster(tmp_path_factory.mktemp("trio"), shards=3)


def is_missed(cluster: GuardedCluster, missed: Member, by: Member) -> bool:
    """Whether the masters have agreed that it is gone, upon which a replica is elected."""
    view = parse_view(cluster.ask(by, "CLUSTER", "NODES"))
    return any(record.name == missed.pod and "fail" in record.flags for record in view.peers)


def keys(cluster: GuardedCluster, member: Member) -> int:
    return int(cluster.ask(member, "DBSIZE"))


def end_with_late_writes(cluster: GuardedCluster, shard: int) -> tuple[Member, Member]:
    """Master and replica, both down: the replica since before the master took KEYS writes and ended."""
    wait_until(cluster.is_healthy, "healthy before")
    master, replica = cluster.master_and_replica(shard)
    wait_until(lambda: cluster.can_succeed(replica), "the replica can be elected")
    cluster.terminate(replica)
    cluster.set_keys(master, shard, "late", KEYS)
    cluster.terminate(master)
    return master, replica


def test_what_the_master_took_alone_is_kept(trio: GuardedCluster) -> None:
    master, replica = end_with_late_writes(trio, 0)
    trio.patience = 600.0
    trio.let_in(replica)
    wait_until(lambda: is_missed(trio, master, by=replica), "the master is missed")
    warning = f"{master.pod} is away and may have writes that"
    wait_until(lambda: any(event.startswith(warning) for event in trio.events), "the sidecar says that it waits")
    time.sleep(LONG_ENOUGH)
    assert not trio.is_master(replica)
    assert not trio.stands(replica)

    trio.let_in(master)

    wait_until(lambda: keys(trio, replica) == KEYS, "the replica has what the master took alone")
    assert trio.is_master(master)
    wait_until(lambda: trio.stands(replica), "it stands for election again")


def test_redis_alone_elects_the_replica_and_drops_them(trio: GuardedCluster) -> None:
    """So that the test above can't pass for another reason."""
    master, replica = end_with_late_writes(trio, 1)
    trio.unattended.add(replica.pod)
    trio.launch(replica)
    wait_until(lambda: trio.is_master(replica), "it is elected")
    trio.let_in(master)
    wait_until(trio.is_healthy, "the master follows it")
    trio.unattended.clear()
    assert (keys(trio, master), keys(trio, replica)) == (0, 0)


def test_a_master_that_is_gone_for_good_is_succeeded(trio: GuardedCluster) -> None:
    master, replica = end_with_late_writes(trio, 2)
    trio.patience = SHORT
    began = time.monotonic()
    trio.let_in(replica)
    wait_until(lambda: trio.is_master(replica), "the replica is elected in the end")
    assert time.monotonic() - began > SHORT
    assert f"{master.pod} has been away for 3 s: this replica may be elected as it is" in trio.events
    trio.let_in(master)
    wait_until(trio.is_healthy, "the master follows it")


def test_a_master_that_was_replaced_stands_once_it_has_copied_its_successor(trio: GuardedCluster) -> None:
    wait_until(trio.is_healthy, "healthy before")
    master, replica = trio.master_and_replica(0)
    wait_until(lambda: trio.stands(replica) and trio.stands(master), "nobody is kept from standing for election")
    with trio.stopped(master):
        wait_until(lambda: trio.is_master(replica), "the replica is elected")
        for member in trio.topology.members():
            if member != master:
                trio.ask(member, "ACL", "SETUSER", "replication", "off")
    wait_until(lambda: not trio.is_master(master), "the old master follows")
    wait_until(lambda: not trio.stands(master), "it has not copied anything")
    for member in trio.topology.members():
        trio.ask(member, "ACL", "SETUSER", "replication", "on")
    wait_until(lambda: trio.stands(master), "it has copied its successor")


def test_a_draining_node_stays_marked(trio: GuardedCluster) -> None:
    wait_until(trio.is_healthy, "healthy before")
    _, replica = trio.master_and_replica(1)
    wait_until(lambda: trio.stands(replica), "the replica stands for election")
    trio.set_mark(replica, draining=True)
    with trio.beside(replica).open_local() as redis:
        trio.candidacy(replica).step(redis)
    assert not trio.stands(replica)
    with trio.connector.open(trio.addresses[replica.host]) as node:
        assert is_draining(node)
    trio.set_mark(replica, draining=False)


def test_a_replica_that_does_not_stand_yet_is_handed_the_masters_role(trio: GuardedCluster) -> None:
    """Its agent looks once a second, and a roll may end the master before that."""
    wait_until(trio.is_healthy, "healthy before")
    master, replica = trio.master_and_replica(2)
    trio.wait_until_known(replica)
    trio.unattended.add(replica.pod)
    trio.ask(replica, "CONFIG", "SET", NO_FAILOVER, "yes")
    try:
        assert hand_over(HandOverOptions(), trio.beside(master), Remembering()) is Outcome.HANDED_OVER
    finally:
        trio.unattended.clear()
        trio.set_mark(master, draining=False)
