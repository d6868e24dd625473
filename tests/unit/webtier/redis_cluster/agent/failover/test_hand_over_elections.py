"""An election is lost on the way: when a master asks for the next one, so that it can be won."""

import time
from collections.abc import Iterator

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.interfering import interfering
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster, local_cluster, wait_until
from tests.unit.webtier.redis_cluster.agent.harness.remembering import Remembering
from tests.unit.webtier.redis_cluster.agent.harness.shard_writer import ShardWriter
from webtier.redis_cluster.agent.failover.elections import Elections
from webtier.redis_cluster.agent.failover.hand_over import HandOverOptions, Outcome, hand_over
from webtier.redis_cluster.agent.redis.topology import Member

VOTE = 6
"""The type of a vote's packet, as Redis numbers them; -1 for none."""


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """One shard with two replicas: the master's own vote is all that it takes. Of four node timeouts Redis' own 5 s of
    trying are the smaller part, as they are where nobody has set another one.
    """
    for cluster in local_cluster(tmp_path_factory.mktemp("trio"), 1, 2, node_timeout_ms=1500):
        cluster.converge()
        for replica in cluster.shard_members(0)[1:]:
            cluster.wait_until_known(replica)
        yield cluster


def run_and_lose_a_vote(
    cluster: LocalCluster, member: Member, console: Remembering, deadline: float = 60.0
) -> tuple[Outcome, list[Member]]:
    """The vote for whoever is asked first does not arrive. Returns also who was asked, one after the other."""
    asked: list[Member] = []

    def lose(replica: Member) -> None:
        cluster.ask(replica, "DEBUG", "DROP-CLUSTER-PACKET-FILTER", -1 if asked else VOTE)
        asked.append(replica)

    options = HandOverOptions(deadline=deadline, attempt=1.0)
    return hand_over(options, cluster.beside(member, interfering(cluster, lose)), console), asked


def hand_over_at_the_second_attempt(cluster: LocalCluster) -> list[Member]:
    """Loses no write. Returns who was asked; the last of them is the master, and the others begin anew."""
    console = Remembering()
    master = cluster.master(0)
    with ShardWriter(cluster, 0) as writer:
        outcome, asked = run_and_lose_a_vote(cluster, master, console)
        so_far = writer.acknowledged
        wait_until(lambda: writer.acknowledged > so_far + 100, "writes after")
    assert outcome is Outcome.HANDED_OVER
    assert console.said(f"{asked[0].pod} has not taken over: the masters did not elect it in time")
    assert console.said(f"{asked[-1].pod} can be elected again in")
    new = cluster.master(0)
    assert new == asked[-1]
    assert not writer.lost(new)
    others = [member for member in cluster.shard_members(0) if member != new]
    cluster.kill(*others)
    cluster.launch(*others)
    return asked


def test_another_replica_is_asked_when_the_masters_vote_again(trio: LocalCluster) -> None:
    first, second = hand_over_at_the_second_attempt(trio)
    assert first != second


def test_the_only_replica_is_asked_when_it_asks_for_votes_again(trio: LocalCluster) -> None:
    wait_until(trio.is_healthy, "healthy before")
    candidate, other = [member for member in trio.shard_members(0) if member != trio.master(0)]
    trio.set_mark(other, draining=True)
    assert hand_over_at_the_second_attempt(trio) == [candidate, candidate]


def test_what_can_not_succeed_before_the_deadline_is_not_tried(trio: LocalCluster) -> None:
    wait_until(trio.is_healthy, "healthy before")
    console = Remembering()
    master = trio.master(0)

    outcome, asked = run_and_lose_a_vote(trio, master, console, deadline=2.0)

    assert outcome is Outcome.FAILED
    assert len(asked) == 1
    assert console.said("s, which is too long")


@pytest.mark.parametrize(
    ("node_timeout", "was_held", "same", "another"),
    [(1000.0, True, 4000, 2000), (1000.0, False, 4000, 0), (0.5, True, 4, 1)],
)
def test_votes_and_elections_last_as_long_as_redis_says(
    node_timeout: float, was_held: bool, same: int, another: int
) -> None:
    elections = Elections(node_timeout)
    assert elections.seconds_until("one") == 0
    elections.lost("one", time.monotonic(), was_held)
    assert elections.seconds_until("one") == pytest.approx(same, abs=1)
    assert elections.seconds_until("two") == pytest.approx(another, abs=1)
