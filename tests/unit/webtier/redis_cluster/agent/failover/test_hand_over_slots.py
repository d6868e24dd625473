"""A master hands over while its slots move: its successor would not know of one that is half moved."""

import threading
import time
from collections.abc import Iterator

import pytest
from redis.crc import key_slot

from tests.unit.webtier.redis_cluster.agent.harness.application import writing
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster, wait_until
from tests.unit.webtier.redis_cluster.agent.harness.remembering import Remembering
from tests.unit.webtier.redis_cluster.agent.harness.watched_connector import WatchedConnector
from webtier.redis_cluster.agent.console import Console
from webtier.redis_cluster.agent.errors import AgentError
from webtier.redis_cluster.agent.failover.hand_over import HandOverOptions, Outcome, hand_over
from webtier.redis_cluster.agent.reconcile.cluster_state import read_cluster_state
from webtier.redis_cluster.agent.reconcile.migration import migrate
from webtier.redis_cluster.agent.reconcile.progress import Progress
from webtier.redis_cluster.agent.reconcile.steps import Move
from webtier.redis_cluster.agent.redis.client import Connector
from webtier.redis_cluster.agent.redis.topology import Member
from webtier.redis_cluster.agent.redis.view import parse_view

pytestmark = pytest.mark.usefixtures("key_by_key")

SLOTS = 100
KEYS_A_SLOT = 60
"""So many that each slot moves alone."""


def run(
    cluster: LocalCluster,
    member: Member,
    console: Console | None = None,
    connector: Connector | None = None,
    slots: float = 60.0,
) -> Outcome:
    options = HandOverOptions(deadline=90.0, slots=slots)
    return hand_over(options, cluster.beside(member, connector), console or Remembering())


def open_slots(cluster: LocalCluster, member: Member) -> set[int]:
    view = parse_view(cluster.ask(member, "CLUSTER", "NODES"))
    return {*view.importing, *view.migrating}


@pytest.fixture
def half_moved(slow: LocalCluster) -> Iterator[tuple[Member, Member, int]]:
    """A slot on its way from the first to the second."""
    source, target = slow.topology.member(2, 0), slow.topology.member(0, 0)
    slot = slow.topology.target_slots(2)[0]
    ids = slow.node_ids()
    slow.ask(target, "CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source.pod])
    slow.ask(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target.pod])
    yield source, target, slot
    for member in (source, target):
        if slow.is_master(member):
            slow.ask(member, "CLUSTER", "SETSLOT", slot, "STABLE")
        slow.set_mark(member, draining=False)


def test_a_slot_that_stays_half_moved_is_named(slow: LocalCluster, half_moved: tuple[Member, Member, int]) -> None:
    source, _, slot = half_moved
    _, replica = slow.shard_members(2)
    slow.set_mark(replica, draining=True)
    console = Remembering()

    assert run(slow, source, console, slots=0.5) is Outcome.NO_REPLICA

    assert console.said(f"the slots {slot} are still being moved and this node hands over all the same")
    slow.set_mark(replica, draining=False)


def test_a_slot_that_is_half_moved_is_waited_for(slow: LocalCluster, half_moved: tuple[Member, Member, int]) -> None:
    source, target, slot = half_moved
    connector = WatchedConnector.like(slow.connector)
    outcomes: list[Outcome] = []
    handing = threading.Thread(target=lambda: outcomes.append(run(slow, source, connector=connector)))
    handing.start()
    handing.join(1.0)
    assert handing.is_alive()
    assert "CLUSTER FAILOVER" not in connector.changes

    for member in (target, source):
        slow.ask(member, "CLUSTER", "SETSLOT", slot, "STABLE")
    handing.join()

    assert outcomes == [Outcome.HANDED_OVER]


def fill(cluster: LocalCluster, member: Member) -> list[int]:
    """Keys in some of a master's slots, which are returned."""
    slots = sorted(owned(cluster, member))[:SLOTS]
    tags = {key_slot(b"%d" % number): number for number in range(200000)}
    with cluster.tester.open(cluster.addresses[member.host]) as node:
        node.ask_all([("SET", f"{{{tags[slot]}}}{n}", n) for slot in slots for n in range(KEYS_A_SLOT)])
    return slots


@pytest.mark.parametrize("draining", [1, 0], ids=["source", "target"])
def test_who_moves_slots_lets_a_master_go(slow: LocalCluster, draining: int) -> None:
    """In a stream of slots there is hardly a moment in which none is under way."""
    member = slow.master(draining)
    slots = fill(slow, slow.master(1))
    masters = {
        node.member.shard: node
        for node in read_cluster_state(slow.topology, slow.connector).nodes
        if node.myself.is_master
    }

    def dawdle(command: str) -> None:
        if command.startswith("CLUSTER GETKEYSINSLOT"):
            time.sleep(0.02)

    at_failover: list[set[int]] = []

    def look(command: str) -> None:
        if command == "CLUSTER FAILOVER":
            at_failover.append(open_slots(slow, member))

    stopped: list[str] = []

    def move() -> None:
        try:
            mover = WatchedConnector.like(slow.connector, before=dawdle)
            migrate([Move(masters[1], masters[0], tuple(slots))], masters.values(), mover, Progress(Console()), 120.0)
        except AgentError as error:
            stopped.append(str(error))

    moving = threading.Thread(target=move)
    with writing(slow) as writer:
        moving.start()
        wait_until(lambda: slots[2] in owned(slow, slow.master(0)), "a stream of slots")
        console = Remembering()
        assert run(slow, member, console, WatchedConnector.like(slow.connector, before=look)) is Outcome.HANDED_OVER
        moving.join()

    assert stopped == [f"{member.pod} is draining: no slots are moved to it or from it"]
    assert at_failover == [set()]
    assert not any(open_slots(slow, each) for each in slow.topology.members())
    assert writer.errors == []
    assert writer.lost() == []


def owned(cluster: LocalCluster, member: Member) -> set[int]:
    return parse_view(cluster.ask(member, "CLUSTER", "NODES")).myself.slots
