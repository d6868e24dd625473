"""Keys that take longer to move than a node may be silent for, and keys that can't be moved."""

import re
import threading
import time
from ast import literal_eval
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.application import Application, writing
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster, local_cluster, wait_until
from tests.unit.webtier.redis_cluster.agent.harness.remembering import Remembering
from tests.unit.webtier.redis_cluster.agent.harness.resharded import check_complete, slot_of
from tests.unit.webtier.redis_cluster.agent.harness.watched_connector import WatchedConnector
from tests.unit.webtier.redis_cluster.agent.reconcile.test_migration import move_slot, owner
from webtier.redis_cluster.agent.errors import CommandRefusedError, RefusedError
from webtier.redis_cluster.agent.healing.lower_node_timeout import LowerNodeTimeout
from webtier.redis_cluster.agent.reconcile.cluster_state import read_cluster_state
from webtier.redis_cluster.agent.reconcile.large_keys import LongerTimeouts
from webtier.redis_cluster.agent.redis.node_timeout import (
    LARGE_KEY,
    is_raised_on_purpose,
    node_timeout,
    set_node_timeout,
)
from webtier.redis_cluster.agent.redis.topology import Member
from webtier.redis_cluster.agent.redis.view import parse_view

pytestmark = pytest.mark.usefixtures("key_by_key")

TIMEOUT = 3.0
"""Seconds after which a node is suspected: on a busy machine none of them is silent for so long by itself."""

LARGE = 80_000_000
"""Bytes, for which eight seconds are allowed."""

BUFFER = "client-output-buffer-limit"

PAUSE = 5.0
"""Seconds for which the target of a move stands still, and its source waits."""


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Three shards with a replica each. Shared: leave it without keys; which slots are whose changes."""
    for cluster in local_cluster(tmp_path_factory.mktemp("shards"), 3, 1, node_timeout_ms=round(TIMEOUT * 1000)):
        cluster.converge()
        for shard in range(3):
            cluster.wait_until_known(cluster.topology.member(shard, 1))
        yield cluster


@pytest.fixture
def unlimited(shards: LocalCluster) -> Iterator[LocalCluster]:
    """What is held back for replicas is not limited."""
    before = [shards.ask(member, "CONFIG", "GET", BUFFER) for member in shards.topology.members()]
    for member in shards.topology.members():
        shards.ask(member, "CONFIG", "SET", BUFFER, "replica 0 0 0")
    yield shards
    for member, setting in zip(shards.topology.members(), before, strict=True):
        shards.ask(member, "CONFIG", "SET", BUFFER, literal_eval(setting)[1])


def masters(cluster: LocalCluster) -> list[Member]:
    return [cluster.master(shard) for shard in range(cluster.topology.shards)]


def tag_at(cluster: LocalCluster, member: Member, number: int = 0) -> str:
    """Hash tag number so many of which the slot belongs to that master."""
    owned = parse_view(cluster.ask(member, "CLUSTER", "NODES")).myself.slots
    return [tag for tag in (f"{{tag-{n}}}" for n in range(1000)) if slot_of(cluster, tag) in owned][number]


def timeouts(cluster: LocalCluster) -> set[float]:
    """Those in effect at the masters, in seconds."""
    found: set[float] = set()
    for member in masters(cluster):
        with cluster.tester.open(cluster.addresses[member.host]) as node:
            found.add(node_timeout(node))
    return found


class Slow:
    """Lets a process stand still for a moment when the first key is moved to it."""

    def __init__(self, cluster: LocalCluster, target: Member) -> None:
        self._cluster, self._target = cluster, target
        self.timeouts: set[float] = set()
        self.subscribers: list[str] = []

    def __call__(self, command: str) -> None:
        if not command.startswith("MIGRATE") or self.timeouts:
            return
        self.timeouts = timeouts(self._cluster)
        for member in masters(self._cluster):
            self.subscribers.append(self._cluster.ask(member, "PUBSUB", "NUMSUB", LARGE_KEY))
        self._cluster.stop(self._target)
        threading.Timer(PAUSE, self._cluster.resume, [self._target]).start()


def test_a_large_key_moves_without_a_failover(unlimited: LocalCluster) -> None:
    shards = unlimited
    before = masters(shards)
    key = tag_at(shards, before[0]) + "large"
    slow = Slow(shards, before[1])
    connector = WatchedConnector.like(shards.connector, before=slow)
    with Application(shards) as application, writing(shards) as writer:
        application.ask("SET", key, b"x" * LARGE)
        members = shards.topology.members()
        nodes = [members.index(member) for member in before]

        move_slot(shards, slot_of(shards, key), nodes[0], nodes[1], connector)

        wait_until(shards.is_healthy, "healthy")
        assert masters(shards) == before
        assert owner(shards, slot_of(shards, key)) == before[1].pod
        assert application.ask("STRLEN", key) == LARGE
        application.ask("DEL", key)
    assert writer.lost() == []
    assert min(slow.timeouts) >= TIMEOUT + 2 * LARGE / 10e6
    assert all("1]" in each for each in slow.subscribers)
    assert timeouts(shards) == {TIMEOUT}


def test_a_key_that_is_larger_than_it_looked_is_given_its_time(unlimited: LocalCluster) -> None:
    """Redis looks at five parts of a key to tell its size."""
    shards = unlimited
    before = masters(shards)
    key = tag_at(shards, before[0], 1) + "uneven"
    sent: list[str] = []

    def give_up(command: str) -> None:
        if command.startswith("MIGRATE"):
            sent.append(command)
            if len(sent) == 1:
                raise CommandRefusedError("refused MIGRATE: IOERR error or timeout reading to target instance")

    connector = WatchedConnector.like(shards.connector, before=give_up)
    with Application(shards) as application:
        application.ask("HSET", key, *[word for number in range(2000) for word in (f"field-{number}", number)])
        application.ask("HSET", key, "large", b"x" * LARGE)
        members = shards.topology.members()

        move_slot(shards, slot_of(shards, key), members.index(before[0]), members.index(before[1]), connector)

        wait_until(shards.is_healthy, "healthy")
        assert owner(shards, slot_of(shards, key)) == before[1].pod
        assert application.ask("HSTRLEN", key, "large") == LARGE
        application.ask("DEL", key)
    # What each of both nodes gets for one key, in milliseconds.
    given = [int(number) for command in sent for number in re.findall(r" 0 (\d+) REPLACE", command)]
    assert given[0] == TIMEOUT / 2 * 1000
    assert given[1] >= LARGE / 10e6 * 1000


def test_what_a_killed_run_raised_is_set_back_by_the_agents(shards: LocalCluster) -> None:
    """But not before a MIGRATE that it had begun has ended."""
    console = Remembering()
    agent = LowerNodeTimeout(TIMEOUT, console)
    allowed = 1.5
    ip = shards.addresses[masters(shards)[0].host]
    with shards.connector.open(ip) as redis:
        with shards.connector.open(ip) as run:
            run.ask("SUBSCRIBE", LARGE_KEY)
            set_node_timeout(redis, TIMEOUT + allowed)
            agent.step(redis)
            killed_at = time.monotonic()

        def is_set_back() -> bool:
            agent.step(redis)
            return node_timeout(redis) == TIMEOUT

        wait_until(is_set_back, "Redis sees that the subscriber is gone")
        assert time.monotonic() - killed_at >= allowed
        assert console.said("the node timeout is 3 s again; for a large key it was 4.5 s")
        agent.step(redis)
        assert node_timeout(redis) == TIMEOUT


def test_agents_do_not_take_a_run_that_ends_well_for_killed(shards: LocalCluster) -> None:
    nodes = read_cluster_state(shards.topology, shards.connector).nodes
    seen: list[tuple[float, bool]] = []
    with shards.connector.open(nodes[0].ip) as redis:
        with ExitStack() as stack:
            LongerTimeouts(nodes, shards.connector, stack).allow(5.0)
            over = threading.Event()

            def look() -> None:
                while not over.wait(0.02):
                    seen.append((node_timeout(redis), is_raised_on_purpose(redis)))

            watching = threading.Thread(target=look)
            watching.start()
        over.set()
        watching.join()
    assert (TIMEOUT + 10.0, True) in seen
    assert (TIMEOUT + 10.0, False) not in seen


def test_keys_that_can_not_be_moved_are_named_before_anything_moves(shards: LocalCluster) -> None:
    shards.converge()
    owners = masters(shards)
    owned = [tag_at(shards, member) for member in owners]
    with Application(shards) as application:
        for tag in owned:
            application.ask("SET", f"{tag}small", b"x" * 1000)
        application.ask("SET", f"{owned[2]}large", b"x" * 3_000_000)
        # It stays where it is.
        application.ask("SET", f"{owned[0]}staying", b"x" * 3_000_000)
        for member in shards.topology.members():
            shards.ask(member, "CONFIG", "SET", "proto-max-bulk-len", 2_000_000)
        connector = WatchedConnector.like(shards.connector)
        shards.reshape(2, 1)
        try:
            with pytest.raises(RefusedError) as refusal:
                shards.converge(connector)
        finally:
            shards.reshape(3, 1)
        for member in shards.topology.members():
            shards.ask(member, "CONFIG", "SET", "proto-max-bulk-len", 512_000_000)

        assert f"{owners[2].pod} has keys that can't be moved to another shard: '{owned[2]}large' (3." in str(
            refusal.value
        )
        assert f"allowed: at most 2.0 MB, proto-max-bulk-len of {owners[0].pod}" in str(refusal.value)
        assert "staying" not in str(refusal.value)
        assert [change for change in connector.changes if "SETSLOT" in change] == []
        shards.converge()
        check_complete(shards)
        for name in (*(f"{tag}small" for tag in owned), f"{owned[2]}large", f"{owned[0]}staying"):
            assert application.ask("DEL", name) == 1


def test_replicas_limit_what_can_be_moved(shards: LocalCluster) -> None:
    tag = tag_at(shards, masters(shards)[2])
    with Application(shards) as application:
        application.ask("SET", f"{tag}large", b"x" * 60_000_000)
        shards.reshape(2, 1)
        try:
            with pytest.raises(RefusedError, match=r"at most 5\d\.\d MB, the limit of the output buffer for replicas"):
                shards.converge()
        finally:
            shards.reshape(3, 1)
        shards.converge()
        assert application.ask("DEL", f"{tag}large") == 1
