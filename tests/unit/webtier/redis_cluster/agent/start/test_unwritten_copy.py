"""A replica that has copied its master in full writes that to its disk, which has older data until it ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.guarded_cluster import GuardedCluster, formed_from_nothing
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import wait_until
from webtier.redis_cluster.agent.console import Console
from webtier.redis_cluster.agent.failover.hand_over import HandOverOptions, Outcome, hand_over
from webtier.redis_cluster.agent.redis.topology import Member
from webtier.redis_cluster.agent.start.aof import AOF_FOLDER
from webtier.redis_cluster.settings import RedisConf

EARLY, LATER, LAST = 100, 500, 100
SLOW_WRITE = "rdb-key-save-delay 10000\n"
"""As a large data set: 10 ms for each key."""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[GuardedCluster]:
    conf = RedisConf(node_timeout_ms=1000, save=[], appendfsync="always")
    with formed_from_nothing(tmp_path, 3, conf) as made:
        made.write_keys(EARLY)
        yield made


def copy_in_full(cluster: GuardedCluster) -> tuple[Member, Member]:
    """The first shard's master, and its replica, which has all in memory and goes on writing it to its disk."""
    master, replica = cluster.topology.member(0, 0), cluster.topology.member(0, 1)
    cluster.terminate(replica)
    cluster.ask(master, "CONFIG", "SET", "repl-backlog-size", "20000")
    cluster.set_keys(master, 0, "later", LATER)
    cluster.extra_conf = {replica.pod: SLOW_WRITE}
    cluster.let_in(replica)
    cluster.extra_conf = {}
    wait_until(lambda: "link_status:up" in cluster.ask(replica, "INFO", "replication"), "it has copied all")
    assert is_writing(cluster, replica) or has_on_disk(cluster, replica)
    cluster.wait_until_known(replica)
    return master, replica


def is_writing(cluster: GuardedCluster, replica: Member) -> bool:
    return "aof_rewrite_in_progress:1" in cluster.ask(replica, "INFO", "persistence")


def has_on_disk(cluster: GuardedCluster, replica: Member) -> bool:
    """Whether the append-only file begins with what was copied: Valkey 9.1 puts what it was sent there as it is."""
    (base,) = (cluster.volume(replica).path / AOF_FOLDER).glob("*.base.rdb")
    return b"later-" in base.read_bytes()


def skip_without_writing(cluster: GuardedCluster, replica: Member) -> None:
    if not is_writing(cluster, replica):
        pytest.skip("this server has on its disk what it was sent before it has it in memory")


def hand_over_shard(cluster: GuardedCluster, master: Member) -> Outcome:
    return hand_over(HandOverOptions(), cluster.beside(master), Console())


def test_a_hand_over_waits_until_the_copy_is_on_the_disk(cluster: GuardedCluster) -> None:
    with cluster.releasing():
        master, replica = copy_in_full(cluster)
        assert hand_over_shard(cluster, master) is Outcome.HANDED_OVER
        assert "aof_rewrite_in_progress:0" in cluster.ask(replica, "INFO", "persistence")
        cluster.set_keys(replica, 0, "last", LAST)
        cluster.ask(replica, "WAIT", 1, 2000)
    cluster.kill(*cluster.topology.members())
    cluster.let_in(*cluster.topology.members())
    with cluster.releasing():
        wait_until(cluster.is_healthy, "healthy")
        assert int(cluster.ask(cluster.master(0), "DBSIZE")) == EARLY + LATER + LAST


def test_a_node_that_was_killed_in_that_time_starts_as_one_without_data(cluster: GuardedCluster) -> None:
    """A master that was elected in that time, and then was lost as well: who has the data takes over."""
    with cluster.releasing():
        master, replica = copy_in_full(cluster)
        skip_without_writing(cluster, replica)
        cluster.ask(replica, "CLUSTER", "FAILOVER")
        wait_until(lambda: cluster.is_master(replica), "it was elected")
        wait_until(lambda: "link_status:up" in cluster.ask(master, "INFO", "replication"), "the other one follows")
        cluster.set_keys(replica, 0, "last", LAST)
        assert int(cluster.ask(replica, "WAIT", 1, 2000)) == 1
    cluster.kill(*cluster.topology.members())
    others = [member for member in cluster.topology.members() if member != replica]
    cluster.let_in(*others)
    assert "was not written to the disk completely" in cluster.reason(replica)
    with cluster.releasing():
        cluster.let_in(replica)
        wait_until(cluster.is_healthy, "healthy")
        assert cluster.is_master(master)
        assert int(cluster.ask(master, "DBSIZE")) == EARLY + LATER + LAST
        wait_until(lambda: int(cluster.ask(replica, "DBSIZE")) == EARLY + LATER + LAST, "it has copied it")


def test_a_replica_stands_for_election_once_its_copy_is_on_the_disk(cluster: GuardedCluster) -> None:
    with cluster.releasing():
        _, replica = copy_in_full(cluster)
        skip_without_writing(cluster, replica)
        assert not cluster.stands(replica)
        wait_until(lambda: cluster.stands(replica), "it may be elected")
        assert "aof_rewrite_in_progress:0" in cluster.ask(replica, "INFO", "persistence")
