"""Servers that move slots themselves: Valkey, where the tests run with it, and a Redis that answers as documented."""

import socketserver
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.application import writing
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import INTERNAL, LocalCluster, wait_until
from tests.unit.webtier.redis_cluster.agent.harness.resharded import check_complete, lost_keys, settle
from tests.unit.webtier.redis_cluster.agent.harness.watched_connector import Killed, WatchedConnector
from webtier.redis_cluster.agent.console import Console
from webtier.redis_cluster.agent.errors import CommandRefusedError
from webtier.redis_cluster.agent.reconcile.cluster_state import read_cluster_state
from webtier.redis_cluster.agent.reconcile.migration import migrate
from webtier.redis_cluster.agent.reconcile.native_migration import RESTRICTED, ImportByTarget, native_migration
from webtier.redis_cluster.agent.reconcile.progress import Progress
from webtier.redis_cluster.agent.reconcile.steps import Move
from webtier.redis_cluster.agent.redis.client import Connector, Node
from webtier.redis_cluster.agent.redis.topology import Member
from webtier.redis_cluster.agent.redis.view import parse_view
from webtier.redis_cluster.credentials.acl import REPLICATION_USER, render_acl_file

LIBRARY = "#!lua name=library\nredis.register_function('answer', function() return 42 end)"


@pytest.fixture
def valkey(replicated: LocalCluster) -> LocalCluster:
    """Three shards with a replica each, of servers that move slots themselves."""
    settle(replicated, 3, 1)
    master = replicated.master(0)
    if "unknown" in _answer(replicated, master, "CLUSTER", "GETSLOTMIGRATIONS").lower():
        pytest.skip("this server has no CLUSTER MIGRATESLOTS")
    return replicated


def _answer(cluster: LocalCluster, member: Member, *command: str) -> str:
    try:
        return cluster.ask(member, *command)
    except CommandRefusedError as error:
        return str(error)


def jobs(cluster: LocalCluster, member: Member) -> str:
    return cluster.ask(member, "CLUSTER", "GETSLOTMIGRATIONS")


def replication_rules(cluster: LocalCluster, member: Member) -> str:
    return cluster.ask(member, "ACL", "GETUSER", REPLICATION_USER)


def test_what_the_user_of_replication_may_do_again_is_what_its_acl_says() -> None:
    line = next(line for line in render_acl_file([], "", INTERNAL).splitlines() if f"user {REPLICATION_USER}" in line)
    assert [word for word in RESTRICTED if word.startswith("+")] == [word for word in line.split() if word[0] == "+"]


def test_valkey_grows_and_shrinks_under_a_writer_without_one_ask(valkey: LocalCluster) -> None:
    valkey.ask(valkey.master(0), "FUNCTION", "LOAD", "REPLACE", LIBRARY)
    with writing(valkey) as writer:
        valkey.reshape(4, 1)
        watched = WatchedConnector.like(valkey.connector)
        valkey.converge(watched)
        check_complete(valkey)
        newcomer = valkey.master(3)
        assert "library" in valkey.ask(newcomer, "FUNCTION", "LIST")
        commands = {" ".join(change.split()[:2]) for change in watched.changes}
        assert "CLUSTER MIGRATESLOTS" in commands
        assert not commands & {"CLUSTER SETSLOT", "MIGRATE"}
        valkey.reshape(3, 1)
        valkey.converge()
        check_complete(valkey)
    assert writer.errors == []
    assert writer.acknowledged
    assert writer.lost() == []
    assert lost_keys(valkey) == []
    for member in valkey.topology.members():
        rules = replication_rules(valkey, member)
        assert "syncslots" not in rules
        assert "@write" not in rules


def test_a_run_that_is_killed_leaves_a_job_that_the_next_one_waits_for(valkey: LocalCluster) -> None:
    valkey.reshape(4, 1)

    def die(command: str) -> None:
        if command == "CLUSTER GETSLOTMIGRATIONS" and any("MIGRATESLOTS" in change for change in watched.changes):
            raise Killed

    watched = WatchedConnector.like(valkey.connector, before=die)
    with pytest.raises(Killed):
        valkey.converge(watched)
    sources = [valkey.master(shard) for shard in range(3)]
    wait_until(lambda: any("success" in jobs(valkey, source) for source in sources), "it goes on")

    valkey.converge()

    check_complete(valkey)
    assert lost_keys(valkey) == []


def move_of(cluster: LocalCluster, count: int) -> Move:
    """Of some slots of shard 0 to shard 1."""
    nodes = read_cluster_state(cluster.topology, cluster.connector).nodes
    source, target = (next(n for n in nodes if n.member == cluster.master(shard)) for shard in (0, 1))
    return Move(source, target, tuple(sorted(source.myself.slots)[:count]))


def test_a_failure_is_told_in_the_servers_words_and_after_three_keys_are_moved_one_by_one(valkey: LocalCluster) -> None:
    move = move_of(valkey, 5)
    target = valkey.master(1)

    def withdraw(command: str) -> None:
        if command.startswith("CLUSTER MIGRATESLOTS"):
            valkey.ask(target, "ACL", "SETUSER", REPLICATION_USER, "-cluster|syncslots")

    watched = WatchedConnector.like(valkey.connector, before=withdraw)
    for _ in range(3):
        with pytest.raises(
            CommandRefusedError, match=rf"{move.source.pod} moved no slots to {target.pod}, failed: .*NOPERM"
        ):
            migrate([move], [], watched, Progress(Console()), 60.0)
        assert "@write" not in replication_rules(valkey, target)
    assert {*move.slots} <= parse_view(valkey.ask(valkey.master(0), "CLUSTER", "NODES")).myself.slots

    progress = Progress(Console())
    migrate([move], [], watched, progress, 60.0)

    assert progress.slots == 5
    assert sum("MIGRATING" in change for change in watched.changes) == 5
    valkey.converge()
    check_complete(valkey)
    assert lost_keys(valkey) == []


def test_a_target_that_nobody_may_log_in_to_is_given_keys_one_by_one(valkey: LocalCluster) -> None:
    source, target = valkey.master(0), valkey.master(1)
    valkey.ask(target, "ACL", "SETUSER", REPLICATION_USER, "off")
    try:
        with (
            valkey.connector.open(valkey.addresses[source.host]) as one,
            valkey.connector.open(valkey.addresses[target.host]) as other,
        ):
            assert native_migration(one, other, {0}) is None
    finally:
        valkey.ask(target, "ACL", "SETUSER", REPLICATION_USER, "on")


def test_a_job_that_is_cancelled_leaves_its_slots_with_their_owner(valkey: LocalCluster) -> None:
    move = move_of(valkey, 200)
    source, target = valkey.master(0), valkey.master(1)

    def cancel(command: str) -> None:
        if command.startswith("CLUSTER MIGRATESLOTS"):
            valkey.stop(target)
        elif command == "CLUSTER GETSLOTMIGRATIONS" and any("MIGRATESLOTS" in change for change in watched.changes):
            with suppress(CommandRefusedError):
                valkey.ask(source, "CLUSTER", "CANCELSLOTMIGRATIONS")
            valkey.resume(target)

    watched = WatchedConnector.like(valkey.connector, before=cancel)
    with pytest.raises(CommandRefusedError, match=rf"{source.pod} moved no slots to {target.pod}, cancelled"):
        migrate([move], [], watched, Progress(Console()), 60.0)

    assert {*move.slots} <= parse_view(valkey.ask(source, "CLUSTER", "NODES")).myself.slots
    wait_until(valkey.is_healthy, "healthy")
    assert lost_keys(valkey) == []


Answer = str | Exception | Sequence["Answer"]


@dataclass
class ScriptedServer:
    """Answers commands as it is told, in Redis' protocol: no server with CLUSTER MIGRATION could be had."""

    answer: Callable[[list[str]], Answer]
    asked: list[list[str]] = field(default_factory=list[list[str]])

    @contextmanager
    def running(self) -> Generator[Node]:
        script = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while head := self.rfile.readline():
                    words: list[str] = []
                    for _ in range(int(head[1:])):
                        size = int(self.rfile.readline()[1:])
                        words.append(self.rfile.read(size + 2)[:-2].decode())
                    if words[0] == "AUTH":
                        self.wfile.write(b"+OK\r\n")
                        continue
                    script.asked.append(words)
                    self.wfile.write(_encode(script.answer(words)))

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                with Connector(lambda: "secret", server.server_address[1]).open("127.0.0.1") as node:
                    yield node
            finally:
                server.shutdown()
                thread.join()


def _encode(answer: Answer) -> bytes:
    if isinstance(answer, Exception):
        return f"-{answer}\r\n".encode()
    if isinstance(answer, str):
        return f"${len(answer)}\r\n{answer}\r\n".encode()
    return f"*{len(answer)}\r\n".encode() + b"".join(map(_encode, answer))


def task(state: str, error: str = "") -> list[str]:
    return ["id", "task-1", "slots", "5-7", "operation", "import", "state", state, "last_error", error]


def test_a_redis_that_moves_slots_itself_is_asked_to() -> None:
    states: Iterator[Answer] = iter([[], [task("streaming-buffer")], [task("completed")]])
    server = ScriptedServer(lambda words: "task-1" if "IMPORT" in words else next(states))
    progress = Progress(Console())
    with server.running() as node:
        ImportByTarget(node).move([5, 6, 7, 9], progress, time.monotonic() + 60)
    assert server.asked[1] == ["CLUSTER", "MIGRATION", "IMPORT", "5", "7", "9", "9"]
    assert server.asked[2:] == [["CLUSTER", "MIGRATION", "STATUS", "ID", "task-1"]] * 2
    assert progress.slots == 4


def test_a_task_of_an_earlier_run_is_waited_for_and_a_failed_one_says_why() -> None:
    states: Iterator[Answer] = iter([[task("send-stream")], [task("failed", "out of memory")]])
    server = ScriptedServer(lambda _: next(states))
    with (
        server.running() as node,
        pytest.raises(CommandRefusedError, match="has failed to import slots: out of memory"),
    ):
        ImportByTarget(node).move([5, 6, 7], Progress(Console()), time.monotonic() + 60)
    assert not any("IMPORT" in words for words in server.asked)
