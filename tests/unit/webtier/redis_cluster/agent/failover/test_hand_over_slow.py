"""A node is slow for a moment while a shard is handed over: no lone question that gets no answer ends it."""

import threading
import time
from collections.abc import Callable

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster
from tests.unit.webtier.redis_cluster.agent.harness.remembering import Remembering
from tests.unit.webtier.redis_cluster.agent.harness.watched_connector import WatchedConnector
from webtier.redis_cluster.agent.failover.hand_over import HandOverOptions, Outcome, hand_over
from webtier.redis_cluster.agent.redis.client import Connector
from webtier.redis_cluster.agent.redis.topology import Member

PATIENCE = 0.5
"""Seconds for one answer, and so that a node is not slow for long."""

SLOW = "0.8"


def run(cluster: LocalCluster, member: Member, console: Remembering, connector: Connector) -> Outcome:
    """A machine that is busy with other work is given more time than a pod has."""
    options = HandOverOptions(deadline=60.0, patience=PATIENCE, slow=10.0)
    return hand_over(options, cluster.beside(member, connector), console)


def be_slow(cluster: LocalCluster, member: Member) -> None:
    """Answers nothing from now on, for longer than one answer may take."""
    begun = threading.Event()

    def work() -> None:
        with cluster.tester.open(cluster.addresses[member.host]) as node:
            node.ask("PING")
            begun.set()
            node.ask("DEBUG", "SLEEP", SLOW)

    threading.Thread(target=work, daemon=True).start()
    begun.wait()
    time.sleep(0.05)


def watched(cluster: LocalCluster, before: Callable[[str], None]) -> WatchedConnector:
    return WatchedConnector.like(cluster.connector, before=before)


def test_a_master_that_is_slow_at_each_kind_of_question_hands_over(slow: LocalCluster) -> None:
    master, replica = slow.master_and_replica(0)
    asked: set[str] = set()

    def hiccup(command: str) -> None:
        if command not in asked and command != "CLUSTER MYID":
            asked.add(command)
            be_slow(slow, master)

    console = Remembering()
    assert run(slow, master, console, watched(slow, hiccup)) is Outcome.HANDED_OVER, console.lines
    assert slow.is_master(replica)
    assert len(asked) > 5


def test_a_replica_that_is_slow_when_it_is_asked_takes_over_all_the_same(slow: LocalCluster) -> None:
    master, replica = slow.master_and_replica(1)
    asked: list[str] = []

    def hiccup(command: str) -> None:
        if command == "CLUSTER FAILOVER":
            asked.append(command)
            be_slow(slow, replica)

    console = Remembering()
    assert run(slow, master, console, watched(slow, hiccup)) is Outcome.HANDED_OVER, console.lines
    assert slow.is_master(replica)
    assert len(asked) == 1
    assert console.said(f"{replica.pod} does not answer in time; it may take over all the same")


def test_a_replica_that_leaves_lets_a_slow_master_take_writes_alone(slow: LocalCluster) -> None:
    master, replica = slow.master_and_replica(2)
    slow.ask(master, "CONFIG", "SET", "min-replicas-to-write", 1)
    once: list[str] = []

    def hiccup(command: str) -> None:
        if command == "CONFIG GET min-replicas-to-write" and not once:
            once.append(command)
            be_slow(slow, master)

    assert run(slow, replica, Remembering(), watched(slow, hiccup)) is Outcome.UNNEEDED
    assert "'0'" in slow.ask(master, "CONFIG", "GET", "min-replicas-to-write")


def test_a_redis_that_has_ended_is_not_waited_for(slow: LocalCluster) -> None:
    """The last test of this cluster."""
    _, replica = slow.master_and_replica(2)
    beside = slow.beside(replica)
    slow.kill(replica)
    console = Remembering()
    started = time.monotonic()
    assert hand_over(HandOverOptions(), beside, console) is Outcome.FAILED
    assert time.monotonic() - started < 10, "of the 25 s that a slow one would get"
    assert console.said("this pod's Redis does not accept connections")
