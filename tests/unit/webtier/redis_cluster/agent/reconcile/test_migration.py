"""Slots with keys of every kind change hands between real Redis processes, and nothing is lost on the way."""

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.application import Application
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import (
    INTERNAL,
    LocalCluster,
    local_cluster,
    wait_until,
)
from tests.unit.webtier.redis_cluster.agent.harness.resharded import put_aside, slot_of
from tests.unit.webtier.redis_cluster.agent.harness.watched_connector import Killed, WatchedConnector
from webtier.redis_cluster.agent.console import Console
from webtier.redis_cluster.agent.errors import CommandRefusedError
from webtier.redis_cluster.agent.reconcile.cluster_state import read_cluster_state
from webtier.redis_cluster.agent.reconcile.migration import migrate
from webtier.redis_cluster.agent.reconcile.progress import Progress
from webtier.redis_cluster.agent.reconcile.steps import Move
from webtier.redis_cluster.agent.redis.client import Connector, Node
from webtier.redis_cluster.agent.redis.view import parse_view
from webtier.redis_cluster.credentials.acl import AGENT_USER

pytestmark = pytest.mark.usefixtures("key_by_key")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Two masters without keys. Shared: leave it so; which slots are whose changes."""
    for cluster in local_cluster(tmp_path_factory.mktemp("pair"), 2, 0):
        cluster.converge()
        yield cluster


def tag_of(cluster: LocalCluster, shard: int, number: int = 0) -> str:
    """Hash tag number so many of which the slot belongs to the shard just now."""
    owned = parse_view(cluster.ask(cluster.topology.member(shard, 0), "CLUSTER", "NODES")).myself.slots
    found = (f"{{tag-{n}}}" for n in range(1000) if slot_of(cluster, f"{{tag-{n}}}") in owned)
    return [next(found) for _ in range(number + 1)][number]


def move_slot(cluster: LocalCluster, slot: int, source: int, target: int, connector: Connector | None = None) -> None:
    nodes = read_cluster_state(cluster.topology, cluster.connector).nodes
    moves = [Move(nodes[source], nodes[target], (slot,))]
    migrate(moves, nodes, connector or cluster.connector, Progress(Console()), 60.0)


def owner(cluster: LocalCluster, slot: int) -> str:
    views = [parse_view(cluster.ask(member, "CLUSTER", "NODES")) for member in cluster.topology.members()]
    owners = {view.records[view.owners()[slot]].name for view in views}
    assert len(owners) == 1
    return owners.pop()


def test_keys_of_every_kind_arrive_as_they_were(pair: LocalCluster) -> None:
    pair.converge()
    tag = tag_of(pair, 0)
    source, target = pair.topology.members()
    with Application(pair) as application:
        application.ask("SET", f"{tag}text", "value")
        application.ask("SET", f"{tag}short-lived", "value", "PX", 3_600_000)
        application.ask("SET", f"{tag}large", b"\x00\xff" * 1_000_000)
        application.ask("HSET", f"{tag}hash", "field", "value")
        application.ask("RPUSH", f"{tag}list", *range(1000))
        application.ask("ZADD", f"{tag}ranking", 1, "one", 2, "two")
        application.ask("XADD", f"{tag}stream", "1-1", "field", "value")
        application.ask("SET", tag.encode() + b"\xff\xfe no text \r\n", b"\x80")
        names = [tag.encode() + name for name in (b"text", b"short-lived", b"large", b"hash", b"list", b"ranking")]
        names += [f"{tag}stream".encode(), tag.encode() + b"\xff\xfe no text \r\n"]
        before = [application.ask("DUMP", name) for name in names]

        move_slot(pair, slot_of(pair, tag), 0, 1)

        assert owner(pair, slot_of(pair, tag)) == "redis-shard-1-0"
        assert (pair.ask(source, "DBSIZE"), pair.ask(target, "DBSIZE")) == ("0", str(len(names)))
        assert [application.ask("DUMP", name) for name in names] == before
        assert 0 < int(str(application.ask("PTTL", f"{tag}short-lived"))) <= 3_600_000
        for name in names:
            application.ask("DEL", name)


@dataclass(frozen=True)
class Pausing(Connector):
    """Stops a process while a key is being moved to it, until the source has given up waiting.

    With `dies` the run is killed then.
    """

    process: int = 0
    dies: bool = False

    def open(self, ip: str) -> Node:
        return _PausingNode(ip, self)


class _PausingNode(Node):
    def __init__(self, ip: str, connector: Pausing) -> None:
        super().__init__(ip, connector)
        self._process, self._dies = connector.process, connector.dies

    def ask(self, *command: str | int) -> Any:
        if command[0] != "MIGRATE":
            return super().ask(*command)
        os.kill(self._process, signal.SIGSTOP)
        try:
            return super().ask(*command)
        except CommandRefusedError:
            if self._dies:
                raise Killed from None
            raise
        finally:
            os.kill(self._process, signal.SIGCONT)


def test_a_key_that_is_deleted_after_it_could_not_be_moved_stays_deleted(pair: LocalCluster) -> None:
    """The target reads on what it has been sent, also after the source has given up and kept the key."""
    key = tag_of(pair, 0, 3) + "key"
    slot = slot_of(pair, key)
    _, target = pair.topology.members()
    pausing = Pausing(pair.connector.password, pair.port, pair.bus_port, 10.0, process=pair.processes[target.pod].pid)
    with Application(pair) as application:
        application.ask("SET", key, "value")
        with pytest.raises(
            CommandRefusedError,
            match=r"redis-shard-0-0 can't move a key of 0.0 MB to redis-shard-1-0 within 0.5 s; split",
        ):
            move_slot(pair, slot, 0, 1, pausing)
        assert application.ask("GET", key) == b"value"
        assert application.ask("DEL", key) == 1
        assert application.ask("EXISTS", key) == 0
        pair.converge()
        assert application.ask("EXISTS", key) == 0
    move_slot(pair, slot, 1, 0)


@pytest.mark.parametrize("again", [None, "new"])
def test_a_key_that_is_deleted_before_the_target_has_read_it_stays_deleted(
    pair: LocalCluster, again: str | None
) -> None:
    """And one that a client then makes anew, at the target, stays there."""
    key = tag_of(pair, 0, 3) + "key"
    slot = slot_of(pair, key)
    _, target = pair.topology.members()
    stopped: list[threading.Timer] = []

    def delete() -> None:
        with Application(pair) as client:
            assert client.ask("DEL", key) == 1
        pair.resume(target)
        if again is not None:
            with Application(pair) as client:
                client.ask("SET", key, again)

    def stop(command: str) -> None:
        if command.startswith("MIGRATE") and not stopped:
            pair.stop(target)
            # After the source has given up, and before its node timeout.
            stopped.append(threading.Timer(0.7, delete))
            stopped[0].start()

    with Application(pair) as application:
        application.ask("SET", key, "value")
        move_slot(pair, slot, 0, 1, WatchedConnector.like(pair.connector, before=stop))
        stopped[0].join()
        wait_until(pair.is_healthy, "healthy")
        assert application.ask("GET", key) == (again.encode() if again else None)
        application.ask("DEL", key)
    move_slot(pair, slot, 1, 0)


def test_a_key_that_is_made_anew_while_its_copy_is_removed_stays(pair: LocalCluster) -> None:
    """A client deletes it at the source and makes it at the target, between a look at both and what is done then."""
    key = tag_of(pair, 0, 3) + "key"
    slot = slot_of(pair, key)
    _, target = pair.topology.members()
    seen: list[str] = []

    def interfere(command: str) -> None:
        seen.append(command.partition(" ")[0])
        if seen.count("MIGRATE") == 1 and seen[-1] == "MIGRATE":
            pair.stop(target)
            threading.Timer(0.7, pair.resume, [target]).start()
        # The copy is looked at after the PING, and removed after a look at what the source has.
        if seen[-1] == "ASKING" and "MEMORY" in seen[seen.index("PING") :] and "made anew" not in seen:
            seen.append("made anew")
            with Application(pair) as client:
                assert client.ask("DEL", key) == 1
                client.ask("SET", key, "new")

    with Application(pair) as application:
        application.ask("SET", key, "value")
        move_slot(pair, slot, 0, 1, WatchedConnector.like(pair.connector, before=interfere))
        assert "made anew" in seen
        assert application.ask("GET", key) == b"new"
        application.ask("DEL", key)
    move_slot(pair, slot, 1, 0)


def test_a_key_that_an_interruption_left_on_both_sides_keeps_its_newer_value(pair: LocalCluster) -> None:
    tag = tag_of(pair, 0, 1)
    slot = slot_of(pair, tag)
    source, target = pair.topology.members()
    process = pair.processes[target.pod].pid
    pausing = Pausing(pair.connector.password, pair.port, pair.bus_port, 10.0, process=process, dies=True)
    with Application(pair) as application:
        application.ask("SET", f"{tag}key", "old")
        with pytest.raises(Killed):
            move_slot(pair, slot, 0, 1, pausing)
        wait_until(lambda: pair.ask(target, "CLUSTER", "COUNTKEYSINSLOT", slot) == "1", "the copy arrives late")
        assert pair.ask(source, "CLUSTER", "COUNTKEYSINSLOT", slot) == "1"

        # The source still has it, and so it still serves it.
        application.ask("SET", f"{tag}key", "new")
        assert pair.ask(source, "GET", f"{tag}key") == "new"
        pair.converge()

        assert application.ask("GET", f"{tag}key") == b"new"
        application.ask("DEL", f"{tag}key")
    assert owner(pair, slot) == "redis-shard-1-0"


def test_keys_on_the_target_are_found_whatever_marks_are_left(pair: LocalCluster) -> None:
    source, target = pair.topology.members()
    keys = [tag_of(pair, 0, number) + "key" for number in range(3)]
    for key in keys:
        put_aside(pair, key, source, target)
    # A failover forgets the marks of one side, two those of both.
    pair.ask(target, "CLUSTER", "SETSLOT", slot_of(pair, keys[1]), "STABLE")
    for member in (source, target):
        pair.ask(member, "CLUSTER", "SETSLOT", slot_of(pair, keys[2]), "STABLE")

    pair.converge()

    with Application(pair) as application:
        assert [application.ask("GET", key) for key in keys] == [b"value"] * 3
        for key in keys:
            application.ask("DEL", key)
    for member in (source, target):
        view = parse_view(pair.ask(member, "CLUSTER", "NODES"))
        assert not view.importing
        assert not view.migrating
        assert pair.ask(member, "DBSIZE") == "0"


def test_the_agents_password_is_in_no_log_and_in_no_error(pair: LocalCluster) -> None:
    key = tag_of(pair, 0, 2) + "key"
    source, _ = pair.topology.members()
    secret = INTERNAL.current(AGENT_USER)
    pair.ask(source, "CONFIG", "SET", "slowlog-log-slower-than", 0)
    with Application(pair) as application:
        application.ask("SET", key, "value")
    move_slot(pair, slot_of(pair, key), 0, 1)
    entries = pair.ask(source, "SLOWLOG", "GET", 1000)
    assert "MIGRATE" in entries
    assert secret not in entries

    class Mistaken(Connector):
        def credentials(self) -> tuple[str, ...]:
            return ("AUTH2", self.user, "hush-hush")

    mistaken = Mistaken(pair.connector.password, pair.port, pair.bus_port)
    with pytest.raises(CommandRefusedError, match=r"redis-shard-1-0 refused MIGRATE .* WRONGPASS") as refused:
        move_slot(pair, slot_of(pair, key), 1, 0, mistaken)
    assert "hush-hush" not in str(refused.value)
    assert secret not in str(refused.value)

    pair.converge()
    with Application(pair) as application:
        assert application.ask("GET", key) == b"value"
        application.ask("DEL", key)
