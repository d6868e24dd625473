"""A master is gone, or only seems to be: who takes over long before Redis itself would, and who must not.

The node timeout is a minute: whatever happens here, Redis' own failover has not done it.
"""

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pytest
from redis import Redis

from components.redis_cluster.agent.client import Connector, Node
from components.redis_cluster.agent.errors import NodeUnavailableError
from components.redis_cluster.agent.fast_failover import (
    Evidence,
    FastFailover,
    FastFailoverOptions,
    Progress,
    doubt,
)
from components.redis_cluster.agent.reach import answers_as
from components.redis_cluster.agent.replication_info import Replication
from components.redis_cluster.agent.topology import Member
from components.redis_cluster.agent.view import Address, parse_view
from components.redis_cluster.agent.witness import QUESTIONS, Answer, ask_witnesses, question
from tests.unit.agent.agents import Running, watcher, witnesses
from tests.unit.agent.redis_processes import APPLICATION_PASSWORD, LocalCluster, local_cluster, wait_until
from tests.unit.agent.remembering import Remembering
from tests.unit.agent.shard_writer import ShardWriter
from tests.unit.agent.watched_connector import WatchedConnector

SOON = FastFailoverOptions("", threshold=1.0, give_up_after=1.5)
"""For tests in which nothing pauses: they need not wait longer."""


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Three shards with a replica each. A node can be elected once in four node timeouts: once in these tests."""
    for cluster in local_cluster(tmp_path_factory.mktemp("slow"), 3, 1, node_timeout_ms=2000):
        cluster.converge()
        for shard in range(3):
            cluster.wait_until_known(cluster.topology.member(shard, 1))
        cluster.set_node_timeout(60)
        yield cluster


def epochs(cluster: LocalCluster, *members: Member) -> set[str]:
    """Every election, won or lost, begins a new one."""
    lines = [line for member in members for line in cluster.ask(member, "CLUSTER", "INFO").splitlines()]
    return {line for line in lines if line.startswith("cluster_current_epoch")}


def step_until(agent: FastFailover, condition: Callable[[], bool], what: str) -> None:
    def stepped() -> bool:
        agent.step()
        return condition()

    wait_until(stepped, what)


def follow(agent: FastFailover) -> None:
    step_until(agent, lambda: agent.ready, "it has seen that all is well")


def test_a_pause_of_a_second_changes_nothing(slow: LocalCluster) -> None:
    master, replica = slow.topology.shard_members(0)
    members = slow.topology.members()
    console = Remembering()
    with Running([*witnesses(slow, *members), *(watcher(slow, member, console=console) for member in members)]):
        time.sleep(0.6)
        before = epochs(slow, *members)
        slow.stop(master)
        time.sleep(1.0)
        slow.resume(master)
        time.sleep(0.8)

    assert slow.is_master(master)
    assert not slow.is_master(replica)
    assert epochs(slow, *members) == before
    assert not console.said("asked them to elect")


@dataclass(frozen=True)
class CutOffConnector(Connector):
    """All packets to the blocked addresses vanish."""

    blocked: set[str] = field(default_factory=set[str])

    def open(self, ip: str) -> Node:
        return _CutOffNode(ip, self)


class _CutOffNode(Node):
    def __init__(self, ip: str, connector: CutOffConnector) -> None:
        super().__init__(ip, connector)
        self._cut_off = connector

    def ask(self, *command: str | int) -> Any:
        if self.ip in self._cut_off.blocked:
            time.sleep(self._cut_off.timeout)
            raise NodeUnavailableError("does not answer in time")
        return super().ask(*command)


def test_one_replica_that_alone_has_lost_its_master_does_nothing(slow: LocalCluster) -> None:
    master, replica = slow.topology.shard_members(0)
    members = slow.topology.members()
    ours = slow.connector
    connector = CutOffConnector(ours.password, ours.port, ours.bus_port)
    console = Remembering()
    agent = watcher(slow, replica, SOON, console, connector)
    with Running(witnesses(slow, *members)):
        time.sleep(0.3)
        follow(agent)
        before = epochs(slow, *members)
        connector.blocked.add(slow.addresses[master.host])
        step_until(agent, lambda: console.said("left to Redis' own failover"), "the witnesses have been asked")
        assert console.said("it answers 2 other masters: only this replica has lost it")
        assert not agent.ready

    assert epochs(slow, *members) == before
    connector.blocked.clear()
    follow(agent)


def test_without_a_majority_of_masters_nobody_takes_over(slow: LocalCluster) -> None:
    """As on the smaller side of a partition, where one other master may be as well."""
    master, replica = slow.topology.shard_members(0)
    others = [member for member in slow.topology.members() if member != master]
    console = Remembering()
    agent = watcher(slow, replica, SOON, console)
    before = epochs(slow, *others)
    with Running(witnesses(slow, slow.topology.member(1, 0), replica)):
        time.sleep(0.3)
        follow(agent)
        slow.stop(master)
        step_until(agent, lambda: console.said("left to Redis' own failover"), "it gives up")
    slow.resume(master)

    assert console.said("of the other masters 1 miss it as well, 2 are needed")
    assert epochs(slow, *others) == before
    follow(agent)


def test_who_stood_still_begins_anew(slow: LocalCluster) -> None:
    """A node that was frozen as a whole sees an old silence when it goes on; its master may be fine again."""
    master, replica = slow.topology.shard_members(0)
    connector = WatchedConnector.like(slow.connector)
    agent = watcher(slow, replica, replace(SOON, give_up_after=60.0), connector=connector)
    follow(agent)
    slow.stop(master)
    agent.step()
    time.sleep(SOON.threshold + 0.1)
    end = time.monotonic() + 0.7
    while time.monotonic() < end:
        agent.step()
        time.sleep(0.05)
    slow.resume(master)

    assert connector.changes == []
    follow(agent)


def test_a_killed_master_is_replaced(slow: LocalCluster) -> None:
    master, replica = slow.topology.shard_members(1)
    members = slow.topology.members()
    console = Remembering()
    with (
        Running([*witnesses(slow, *members), *(watcher(slow, member, console=console) for member in members)]),
        ShardWriter(slow, 1) as writer,
    ):
        wait_until(lambda: writer.acknowledged > 300, "writes before")
        time.sleep(1.0)
        writer.longest_gap = 0.0
        slow.kill(master)
        wait_until(lambda: slow.is_master(replica), "a failover")
        so_far = writer.acknowledged
        wait_until(lambda: writer.acknowledged > so_far + 100, "writes after")
        wait_until(lambda: console.said(f"took over from {master.pod}"), "the agent has seen it")
        # The old master comes back as a replica, and nobody is confused by it.
        slow.launch(master)
        wait_until(lambda: "master_link_status:up" in slow.ask(master, "INFO", "replication"), "it follows")
    console.event(f"longest gap {writer.longest_gap:.2f} s")

    # One write may have been acknowledged and not been sent on: replication does not wait.
    assert len(writer.lost(replica)) <= 1
    assert slow.is_master(replica)


def join(cluster: LocalCluster, member: Member, master: Member, password: str | None = None) -> None:
    """Another replica; with a wrong password for its master it never gets any data."""
    cluster.start(member)
    if password is not None:
        cluster.ask(member, "CONFIG", "SET", "masterauth", password)
    for other in cluster.topology.members():
        cluster.ask(member, "CLUSTER", "MEET", cluster.addresses[other.host], cluster.port, cluster.bus_port)
    master_id = cluster.ask(master, "CLUSTER", "MYID")

    def knows_all() -> bool:
        view = parse_view(cluster.ask(member, "CLUSTER", "NODES"))
        return len(view.masters) == 3 and all(peer.reachable and peer.address.hostname for peer in view.peers)

    wait_until(knows_all, f"{member.pod} has been introduced")
    cluster.ask(member, "CLUSTER", "REPLICATE", master_id)
    cluster.wait_until_known(member)
    cluster.set_node_timeout(60, member)


def is_linked(cluster: LocalCluster, member: Member) -> bool:
    return "master_link_status:up" in cluster.ask(member, "INFO", "replication")


def test_only_the_replica_with_all_data_takes_over(slow: LocalCluster) -> None:
    master, best = slow.topology.shard_members(2)
    behind, empty = slow.topology.member(2, 2), slow.topology.member(2, 3)
    join(slow, behind, master)
    join(slow, empty, master, password="wrong")
    wait_until(lambda: is_linked(slow, behind), "the first copy")
    console = Remembering()
    connector = WatchedConnector.like(slow.connector)
    patient = FastFailoverOptions("", threshold=60.0, give_up_after=60.0)
    best_agent = watcher(slow, best, patient)
    behind_agent = watcher(slow, behind, patient, console)
    empty_agent = watcher(slow, empty, SOON, connector=connector)

    with Running([*witnesses(slow, *slow.topology.members()), best_agent, empty_agent]):
        follow(behind_agent)
        # Now it falls behind, and its agent does not see it.
        slow.ask(behind, "CONFIG", "SET", "masterauth", "wrong")
        slow.ask(master, "CLIENT", "KILL", "TYPE", "replica")
        with ShardWriter(slow, 2) as writer:
            wait_until(lambda: writer.acknowledged > 10, "writes")
        wait_until(lambda: is_linked(slow, best) and not writer.lost(best), "one replica has them")
        wait_until(lambda: best_agent.ready, "its agent has seen that")
        slow.stop(master)
        behind_agent.step()
        behind_agent.options = replace(behind_agent.options, threshold=SOON.threshold)
        step_until(behind_agent, lambda: console.said(f"{best.pod} goes first"), "it has asked")
        best_agent.options = replace(best_agent.options, threshold=SOON.threshold)
        wait_until(lambda: slow.is_master(best), "a failover")

    assert connector.changes == []
    slow.resume(master)
    wait_until(lambda: not slow.is_master(master) and is_linked(slow, master), "the old master follows")
    assert not writer.lost(best)


def test_with_two_masters_there_is_no_majority(two_nodes: LocalCluster) -> None:
    two_nodes.converge()
    master, replica = two_nodes.topology.shard_members(0)
    console = Remembering()
    connector = WatchedConnector.like(two_nodes.connector)
    agent = watcher(two_nodes, replica, SOON, console, connector)
    step_until(agent, lambda: console.said("no fast failover with 1 masters: it takes 3 or more"), "it says so")
    two_nodes.stop(master)
    agent.step()
    two_nodes.resume(master)
    agent.step()

    assert len(console.lines) == 1
    assert connector.changes == []


def test_nobody_without_the_password_makes_a_witness_speak(slow: LocalCluster) -> None:
    ids = slow.node_ids()
    (master, replica), (other, follower), (witness, _) = (slow.master_and_replica(shard) for shard in range(3))
    local_ip = slow.addresses[replica.host]
    asked = question(ids[replica.pod], ids[master.pod], [])
    forged = json.dumps(asdict(question(ids[follower.pod], ids[other.pod], [])))
    console = Remembering()
    (agent,) = witnesses(slow, witness)
    agent.console = console

    def answers() -> dict[str, Answer]:
        return ask_witnesses(asked, {ids[witness.pod]}, 1, slow.connector, local_ip, 1.0)

    with (
        Running([agent]),
        Redis(host=local_ip, port=slow.port, username="app", password=APPLICATION_PASSWORD) as anybody,
    ):
        wait_until(lambda: bool(answers()), "it listens")
        for message in ("", forged, f"{'0' * 64} {forged}", b"\xff\xfe"):
            anybody.publish(QUESTIONS, message)
        wait_until(lambda: bool(answers()), "it still listens")

    assert console.said(f"asked about {master.pod}, which answers here")
    assert not console.said(other.pod)


def test_a_sign_of_life_is_more_than_a_connection(slow: LocalCluster) -> None:
    master = slow.topology.member(0, 0)
    ip = slow.addresses[master.host]
    own_id = slow.ask(master, "CLUSTER", "MYID")
    quick = replace(slow.connector, timeout=0.3)
    stranger = replace(quick, password=lambda: "wrong")

    assert answers_as(own_id, ip, quick)
    assert answers_as(own_id, ip, stranger), "it refuses the password: it lives"
    assert not answers_as("0" * 40, ip, quick), "another node has the address now"
    assert not answers_as(own_id, slow.fresh_address(), quick)
    slow.stop(master)
    assert not answers_as(own_id, ip, quick), "the kernel takes connections for a stopped process"
    slow.resume(master)
    with slow.connector.open(ip) as node:
        node.ask("CONFIG", "SET", "maxclients", 1)
        assert answers_as(own_id, ip, quick), "it has no connection left: it lives"
        node.ask("CONFIG", "SET", "maxclients", 10000)


MASTERS = ("a", "b", "c", "d", "e")


def evidence() -> Evidence:
    """Five masters; c does not answer, and nothing speaks against its replica c1 taking over. c2 has as much data."""
    lines = [
        f"{master} 10.0.0.1:6379@16379,{master}.test master - 0 0 1 connected {n}" for n, master in enumerate(MASTERS)
    ]
    lines += ["c1 10.0.0.2:6379@16379,c1.test myself,slave c 0 0 1 connected"]
    lines += ["c2 10.0.0.3:6379@16379,c2.test slave c 0 0 1 connected"]
    view = parse_view("\n".join(lines))
    replication = Replication(True, "history", 100, True, "", frozenset())
    return Evidence(
        view=view,
        master=view.records["c"],
        own=replication,
        own_epoch=7,
        silence=1.6,
        waited=0.0,
        answers={witness: Answer("", witness, False, 1.5, 7) for witness in MASTERS if witness != "c"},
        siblings={"c2": replication},
        link="connect",
        linked=frozenset(MASTERS),
    )


def with_answer(witness: str, **changes: Any) -> Evidence:
    found = evidence()
    return replace(found, answers=found.answers | {witness: replace(found.answers[witness], **changes)})


def with_sibling(node_id: str, **changes: Any) -> Evidence:
    found = evidence()
    return replace(found, siblings={node_id: replace(found.own, **changes)})


def without(*witnesses: str) -> Evidence:
    found = evidence()
    return replace(found, answers={key: value for key, value in found.answers.items() if key not in witnesses})


@pytest.mark.parametrize(
    ("found", "reason", "lasting"),
    [
        (with_answer("a", reached=True), "it answers 1 other masters", True),
        # It was heard from a second and more after this replica had lost it: the replica's data is as old.
        (with_answer("e", heard_ago=0.2), "others have heard from it", True),
        (without("d", "e"), "2 miss it as well, 3 are needed", False),
        # A vote for an older epoch than its own is what a master never gives.
        (with_answer("b", epoch=8), "has not heard of the latest election", False),
        (with_sibling("c2", offset=101), "c2 goes first", False),
        (with_sibling("c0", offset=100), "c0 goes first", False),
        (replace(evidence(), link="handshake"), "it has just answered", False),
        (replace(evidence(), link="sync"), "it has just answered", False),
        (replace(evidence(), own=replace(evidence().own, heard_ago=0)), "it has just answered", False),
        # The lost master's own link is of no use.
        (
            replace(evidence(), linked=frozenset("abc")),
            "2 of their votes would reach this replica, 3 are needed",
            False,
        ),
        # a has gone as well, and each voter has one vote in an epoch.
        (without("a"), "replicas of other lost masters go first", False),
    ],
)
def test_a_doubt_is_enough(found: Evidence, reason: str, lasting: bool) -> None:
    if "c0" in found.siblings:
        found.view.records["c0"] = replace(found.view.records["c2"], id="c0", address=Address.parse("::1:1@2,c0.test"))
    said = doubt(found, FastFailoverOptions(""))
    assert said is not None
    assert reason in said.reason
    assert said.lasting is lasting


@pytest.mark.parametrize(
    "found",
    [
        evidence(),
        # Only one who goes with a later name: its replica waits for this one.
        without("e"),
        with_sibling("c2", offset=99),
        # It has not followed this master's stream, so that its number says nothing.
        with_sibling("c2", offset=101, history="another"),
        # It has become a master meanwhile.
        with_sibling("c2", offset=101, is_replica=False),
        # Another clock, or a gossip that was late.
        with_answer("a", heard_ago=0.8),
        replace(without("a"), waited=0.6),
        replace(evidence(), linked=frozenset("abd")),
        # A process that only stands still keeps its connections.
        replace(evidence(), link="connected", own=replace(evidence().own, heard_ago=1)),
    ],
)
def test_without_a_doubt_it_takes_over(found: Evidence) -> None:
    assert doubt(found, FastFailoverOptions("")) is None


def test_a_replica_that_falls_behind_is_told_from_its_offset() -> None:
    progress = Progress()
    progress.note(own_offset=0, now=0.0, master_offset=100)
    assert progress.lag(0.0) == math.inf
    progress.note(own_offset=100, now=1.0, master_offset=200)
    assert progress.lag(1.0) == 1.0
    progress.note(own_offset=150, now=2.0, master_offset=300)
    progress.note(own_offset=199, now=5.0, master_offset=900)
    assert progress.lag(5.0) == 5.0
    progress.note(own_offset=200, now=6.0, master_offset=999)
    assert progress.lag(6.0) == 5.0
    progress.note(own_offset=999, now=6.5, master_offset=999)
    assert progress.lag(6.5) == 0.5
