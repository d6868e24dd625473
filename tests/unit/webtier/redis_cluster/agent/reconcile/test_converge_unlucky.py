"""Converge on real Redis processes while a look-up or a connection fails now and then."""

import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import DOMAIN, LocalCluster, wait_until
from tests.unit.webtier.redis_cluster.agent.harness.remembering import Remembering
from tests.unit.webtier.redis_cluster.agent.harness.watched_connector import WatchedConnector
from tests.unit.webtier.redis_cluster.agent.redis.test_users import secret_folder
from webtier.redis_cluster.agent import __main__ as agent
from webtier.redis_cluster.agent.console import Console
from webtier.redis_cluster.agent.errors import (
    CommandRefusedError,
    DeadlinePassedError,
    NodeAliveError,
    NodeUnavailableError,
)
from webtier.redis_cluster.agent.reconcile.converge import converge as run_converge
from webtier.redis_cluster.agent.redis.client import Connector, Node
from webtier.redis_cluster.agent.redis.resolver import Resolve
from webtier.redis_cluster.agent.redis.topology import Member
from webtier.redis_cluster.agent.redis.users import grant_access
from webtier.redis_cluster.credentials.acl import APPLICATION_USER

PASSWORD = "of-the-application"


@dataclass
class UnluckyDns:
    """The answers for a name are now and then empty, the first one among them."""

    resolve: Resolve
    asked: Counter[str] = field(default_factory=Counter[str])

    def __call__(self, host: str) -> list[str]:
        self.asked[host] += 1
        return self.resolve(host) if self.asked[host] % 4 != 1 else []


@dataclass(frozen=True)
class UnluckyConnector(Connector):
    """Now and then a connection to an address is refused, the first one among them."""

    opened: Counter[str] = field(default_factory=Counter[str])

    def open(self, ip: str) -> Node:
        self.opened[ip] += 1
        if self.opened[ip] % 4 == 1:
            raise NodeUnavailableError("does not accept connections")
        return super().open(ip)


def the_application_may_log_in(cluster: LocalCluster, member: Member) -> bool:
    connector = Connector(lambda: PASSWORD, cluster.port, cluster.bus_port, user=APPLICATION_USER)
    with connector.open(cluster.addresses[member.host]) as node:
        return node.ask("PING") == "PONG"


def job(cluster: LocalCluster, folder: Path, deadline: float) -> int:
    shape = ("--shards", str(cluster.topology.shards), "--replicas-per-shard", str(cluster.topology.replicas_per_shard))
    return agent.main(
        [
            *("--port", str(cluster.port), "--bus-port", str(cluster.bus_port), "converge"),
            *("--name", cluster.topology.name, "--domain", DOMAIN, *shape),
            *("--deadline", str(deadline), "--auth", str(folder)),
        ]
    )


def test_no_single_empty_answer_of_dns_fails_the_job(
    two_nodes: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dns = UnluckyDns(two_nodes.resolve)

    def converged_and_then_unlucky(*given: Any, **times: Any) -> None:
        run_converge(*given, **times)
        dns.asked.clear()

    monkeypatch.setattr(agent, "Connector", partial(Connector, resolve=dns))
    monkeypatch.setattr(agent, "converge", converged_and_then_unlucky)
    secret_folder(tmp_path, [PASSWORD])

    assert job(two_nodes, tmp_path, deadline=60.0) == 0, capsys.readouterr().out

    # The first look-up of each after the cluster was complete has failed.
    assert dns.asked == {member.host: 2 for member in two_nodes.topology.members()}
    assert two_nodes.is_healthy()
    assert all(the_application_may_log_in(two_nodes, member) for member in two_nodes.topology.members())


def test_no_single_refused_connection_fails_it(two_nodes: LocalCluster, tmp_path: Path) -> None:
    ours = two_nodes.connector
    unlucky = UnluckyConnector(ours.password, ours.port, ours.bus_port, resolve=ours.resolve)
    two_nodes.converge(unlucky)
    unlucky.opened.clear()
    grant_access(two_nodes.topology, unlucky, secret_folder(tmp_path, [PASSWORD]), Console(), soon(30), 0.05)
    assert two_nodes.is_healthy()
    assert all(the_application_may_log_in(two_nodes, member) for member in two_nodes.topology.members())


def test_a_node_that_is_busy_with_a_script_is_asked_again(two_nodes: LocalCluster, tmp_path: Path) -> None:
    two_nodes.converge()
    member = two_nodes.topology.member(0, 0)
    two_nodes.ask(member, "CONFIG", "SET", "busy-reply-threshold", 20)
    console = Remembering()
    with two_nodes.tester.open(two_nodes.addresses[member.host]) as node:
        script = threading.Thread(target=run_script, args=(node,), daemon=True)
        script.start()
        wait_until(lambda: is_busy(two_nodes, member), "it runs a script")
        killer = threading.Thread(target=kill_script, args=(two_nodes, member, console), daemon=True)
        killer.start()
        grant_access(two_nodes.topology, two_nodes.connector, secret_folder(tmp_path, [PASSWORD]), console, soon(60))
        killer.join()
        script.join()
    assert console.said(f"waiting: {member.pod} is busy with a script")
    assert the_application_may_log_in(two_nodes, member)


def run_script(node: Node) -> None:
    with suppress(CommandRefusedError):
        node.ask("EVAL", "while true do end", 0)


def is_busy(cluster: LocalCluster, member: Member) -> bool:
    try:
        cluster.ask(member, "PING")
    except (NodeAliveError, CommandRefusedError):
        return True
    return False


def kill_script(cluster: LocalCluster, member: Member, console: Remembering) -> None:
    """Once it has been waited for."""
    wait_until(lambda: console.said("waiting: "), "it is waited for")
    cluster.ask(member, "SCRIPT", "KILL")


def test_an_address_that_was_handed_on_to_another_redis_is_asked_again(two_nodes: LocalCluster, tmp_path: Path) -> None:
    """To one that is in no cluster, and refuses such questions."""
    two_nodes.converge()
    first, second = two_nodes.topology.members()
    asked: list[str] = []

    def before(command: str) -> None:
        if command == "CLUSTER NODES" and not asked:
            asked.append(command)
            raise CommandRefusedError("refused CLUSTER NODES: ERR This instance has cluster support disabled")

    connector = WatchedConnector.like(two_nodes.connector, before=before)
    grant_access(two_nodes.topology, connector, secret_folder(tmp_path, [PASSWORD]), Console(), soon(30), 0.05)
    assert all(the_application_may_log_in(two_nodes, member) for member in (first, second))


def test_what_never_answers_is_named_at_the_deadline_and_the_others_are_told(
    two_nodes: LocalCluster, tmp_path: Path
) -> None:
    two_nodes.converge()
    first, second = two_nodes.topology.members()
    ours = {first.host: two_nodes.addresses[first.host]}
    cases: list[tuple[Resolve, str]] = [
        (lambda host: [ours[host]] if host in ours else [], "has no address yet"),
        (lambda _: [ours[first.host]], f"has an address at which {first.host} answers"),
    ]
    for resolve, why in cases:
        files = secret_folder(tmp_path, [PASSWORD])
        connector = replace(two_nodes.connector, resolve=resolve)
        with pytest.raises(DeadlinePassedError, match=f"^not every node knows .*: {second.pod} {why}$"):
            grant_access(two_nodes.topology, connector, files, Console(), soon(0.5), 0.1)
        assert the_application_may_log_in(two_nodes, first)


def test_a_rule_that_redis_refuses_is_said_at_once(two_nodes: LocalCluster, tmp_path: Path) -> None:
    two_nodes.converge()
    files = secret_folder(tmp_path, [PASSWORD])
    (tmp_path / "users.acl").write_text("user another on nopass ~* +no-such-command\n")
    began = time.monotonic()
    with pytest.raises(CommandRefusedError, match=r"^redis-shard-0-0 refused ACL SETUSER"):
        grant_access(two_nodes.topology, two_nodes.connector, files, Console(), soon(60))
    assert time.monotonic() - began < 30


def test_what_is_no_redis_can_t_be_asked_for_now() -> None:
    with _answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        connector = Connector(lambda: "password", port)
        with (
            pytest.raises(NodeUnavailableError, match="does not answer as a Redis does"),
            connector.open("127.0.0.1") as node,
        ):
            node.ask("PING")


def soon(seconds: float) -> float:
    return time.monotonic() + seconds


class _answering:  # noqa: N801 - used as a function is
    """A server that answers whatever comes with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def __enter__(self) -> int:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self._socket.getsockname()[1]

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _serve(self) -> None:
        try:
            while True:
                peer, _ = self._socket.accept()
                with peer:
                    peer.recv(65536)
                    peer.sendall(self._answer)
        except OSError:
            return
