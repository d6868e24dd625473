"""A master that misses how slots move past it keeps their keys when it is given these slots later."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from webtier.redis_cluster.agent.reconcile.cluster_state import read_cluster_state
from webtier.redis_cluster.agent.reconcile.migration import migrate
from webtier.redis_cluster.agent.reconcile.progress import Progress
from webtier.redis_cluster.agent.reconcile.steps import Move
from webtier.redis_cluster.agent.redis.client import Connector, Node
from webtier.redis_cluster.agent.redis.topology import Member
from webtier.redis_cluster.agent.redis.view import Address, parse_view

pytestmark = pytest.mark.usefixtures("key_by_key")

PONG = 1
NO_FILTER = -1
SLOTS = 6
NOWHERE = Address("", 0, 0, "")


@pytest.fixture
def trio(tmp_path: Path) -> Iterator[LocalCluster]:
    """Three masters that ping each other seldom."""
    for cluster in local_cluster(tmp_path, 3, 0):
        cluster.converge()
        cluster.set_node_timeout(60, *cluster.topology.members())
        yield cluster


def speak(node: Node, hearer: Address) -> None:
    """Once the hearer has been told what the node owns: a known node takes MEET as it takes a PING."""

    def sent() -> int:
        return int(node.fields("CLUSTER", "INFO").get("cluster_stats_messages_meet_sent", 0))

    before = sent()
    node.ask("CLUSTER", "MEET", hearer.ip, hearer.port, hearer.bus_port)
    wait_until(lambda: sent() > before, "the hearer has been told")


@dataclass(frozen=True)
class Overtaken(Connector):
    """Lets the hearer know that the source has given up slots before anybody says whose they are."""

    source: str = ""
    hearer: Address = NOWHERE

    def open(self, ip: str) -> Node:
        return _OvertakenNode(ip, self) if ip == self.source else super().open(ip)


class _OvertakenNode(Node):
    def __init__(self, ip: str, connector: Overtaken) -> None:
        super().__init__(ip, connector)
        self._hearer = connector.hearer

    def ask_all(self, commands: Sequence[tuple[str | int, ...]]) -> list[Any]:
        answers = super().ask_all(commands)
        if commands[0][:2] == ("CLUSTER", "SETSLOT") and commands[0][3] == "NODE":
            speak(self, self._hearer)
        return answers


def give(trio: LocalCluster, keys: Sequence[str], source: Member, target: Member) -> None:
    """The keys with their slots, which the source claims once more before it hears of the target."""
    ids, slots = trio.node_ids(), [slot_of(trio, key) for key in keys]
    there = (trio.addresses[target.host], trio.port, "", 0, 30000, "AUTH2", TESTER, TESTER)
    with (
        trio.tester.open(trio.addresses[source.host]) as giver,
        trio.tester.open(trio.addresses[target.host]) as taker,
    ):
        taker.ask_all([("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source.pod]) for slot in slots])
        giver.ask_all([("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target.pod]) for slot in slots])
        for key in keys:
            giver.ask("MIGRATE", *there, "KEYS", key)
        taker.ask_all([("CLUSTER", "SETSLOT", slot, "NODE", ids[target.pod]) for slot in slots])
        speak(giver, trio.announced(target))


def test_slots_that_moved_past_a_deaf_master_can_be_given_to_it(trio: LocalCluster) -> None:
    source, target, bystander = trio.topology.members()
    of_source = set(trio.topology.target_slots(0))
    keys = [key for key in (f"key-{number}" for number in range(100)) if slot_of(trio, key) in of_source][:SLOTS]
    slots = tuple(sorted(slot_of(trio, key) for key in keys))
    nodes = read_cluster_state(trio.topology, trio.connector).nodes
    late = Overtaken(**vars(trio.connector), source=trio.addresses[source.host], hearer=trio.announced(bystander))
    trio.ask(bystander, "DEBUG", "DROP-CLUSTER-PACKET-FILTER", PONG)
    migrate([Move(nodes[0], nodes[1], slots)], nodes, late, Progress(Console()), 60.0)
    trio.ask(bystander, "DEBUG", "DROP-CLUSTER-PACKET-FILTER", NO_FILTER)
    ids = trio.node_ids()

    def believes(member: Member, owner: Member) -> bool:
        owners = parse_view(trio.ask(member, "CLUSTER", "NODES")).owners()
        return all(owners[slot] == ids[owner.pod] for slot in slots)

    wait_until(lambda: believes(bystander, target), "the bystander knows the owner")
    with Application(trio) as application:
        for key in keys:
            application.ask("SET", key, "value")

    trio.ask(target, "DEBUG", "DROP-CLUSTER-PACKET-FILTER", PONG)
    give(trio, keys, target, bystander)
    trio.ask(target, "DEBUG", "DROP-CLUSTER-PACKET-FILTER", NO_FILTER)

    wait_until(lambda: believes(target, bystander), "the target has heard", 30.0)
    with Application(trio) as application:
        assert [application.ask("GET", key) for key in keys] == [b"value"] * len(keys)
