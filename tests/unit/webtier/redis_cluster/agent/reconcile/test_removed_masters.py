"""A replica too many is the master: converge lets a member that stays take over from it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster, local_cluster, wait_until
from tests.unit.webtier.redis_cluster.agent.harness.resharded import check_complete, outside
from tests.unit.webtier.redis_cluster.agent.harness.watched_connector import WatchedConnector

VOTE = 6
"""The type of a vote among the messages of Redis' bus."""

LOST_FOR = 2.0
"""Seconds, within the first election and not when the next one may be held."""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[LocalCluster]:
    """Three shards with two replicas each; of the first one the last member has become the master."""
    for cluster in local_cluster(tmp_path, 3, 2, node_timeout_ms=2000):
        _let_the_last_take_over(cluster)
        yield cluster


def _let_the_last_take_over(cluster: LocalCluster) -> None:
    cluster.converge()
    first, second, last = cluster.shard_members(0)
    for replica in (second, last):
        cluster.wait_until_known(replica)
    cluster.ask(last, "CLUSTER", "FAILOVER")
    wait_until(lambda: cluster.is_master(last) and not cluster.is_master(first), "a hand-over")
    for replica in (first, second):
        cluster.wait_until_known(replica)


def test_an_election_that_was_lost_is_repeated_when_it_can_be_won(cluster: LocalCluster) -> None:
    """Each keeps writes waiting for five seconds, or for as long as it is asked for again."""
    heirs = cluster.shard_members(0)[:2]
    asked: list[str] = []

    def filter_messages(kind: int) -> None:
        for heir in heirs:
            cluster.ask(heir, "DEBUG", "DROP-CLUSTER-PACKET-FILTER", kind)

    def lose_votes(command: str) -> None:
        if command != "CLUSTER FAILOVER":
            return
        asked.append(command)
        if len(asked) == 1:
            filter_messages(VOTE)
            threading.Timer(LOST_FOR, filter_messages, [-1]).start()

    cluster.reshape(3, 1)
    cluster.converge(WatchedConnector.like(cluster.connector, before=lose_votes))

    check_complete(cluster)
    assert [member.pod for member in outside(cluster) if cluster.is_master(member)] == []
    assert len(asked) == 2


def test_only_a_member_that_stays_takes_over(cluster: LocalCluster) -> None:
    # Without replicas the second is too many as well.
    cluster.reshape(3, 0)
    cluster.converge()
    check_complete(cluster)
    assert cluster.is_master(cluster.topology.member(0, 0))
