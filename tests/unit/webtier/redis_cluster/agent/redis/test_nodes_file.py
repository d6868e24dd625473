"""nodes.conf as real Redis reads it: what it refuses is called broken, and what is made anew is understood."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.free_ports import free_ports
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import wait_until
from tests.unit.webtier.redis_cluster.agent.harness.servers import find_redis_server, find_tool
from webtier.redis_cluster.agent.redis.nodes_file import read_view, render_nodes_file
from webtier.redis_cluster.agent.redis.view import ClusterView, parse_view

IP = "127.0.0.1"
OWN, PEER, LOST = (letter * 40 for letter in "abc")
FILE = f"""\
{OWN} {IP}:6379@16379,own.nodes myself,master - 0 0 3 connected 0-99 200 300-301
{PEER} {IP}:6380@16380,peer.nodes slave,nofailover {OWN} 0 1700000000000 3 connected
{LOST} :0@0,lost.nodes master,fail,noaddr - 1 1 2 disconnected 5000-16383
vars currentEpoch 9 lastVoteEpoch 4
"""


@dataclass
class Server:
    """A Redis that is started on a given nodes.conf."""

    folder: Path

    def view(self, nodes_file: str) -> ClusterView | None:
        """What it then says, None when it refuses to start."""
        (self.folder / "nodes.conf").write_text(nodes_file)
        port, bus_port = free_ports(IP)
        process = subprocess.Popen(
            [
                *(find_redis_server(), "--bind", IP, "--port", str(port), "--dir", str(self.folder), "--save", ""),
                *("--cluster-enabled", "yes", "--cluster-port", str(bus_port), "--crash-log-enabled", "no"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        client = [find_tool("cli"), "-h", IP, "-p", str(port)]

        def ask(*command: str) -> str:
            return subprocess.run([*client, *command], capture_output=True, text=True, check=False).stdout

        try:
            wait_until(lambda: process.poll() is not None or "PONG" in ask("PING"), "it starts or refuses")
            return None if process.poll() is not None else parse_view(ask("CLUSTER", "NODES"))
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_what_redis_reads_is_read(server: Server) -> None:
    ours, theirs = read_view(FILE), server.view(FILE)
    assert theirs is not None
    assert ours.own_id == theirs.own_id == OWN
    for node_id, record in ours.records.items():
        assert record.slot_ranges == theirs.records[node_id].slot_ranges
        assert record.epoch == theirs.records[node_id].epoch


def test_what_is_made_anew_is_what_redis_reads(server: Server) -> None:
    view = read_view(FILE)
    text = render_nodes_file(view.records.values(), 9)
    heard_from_nobody = {key: replace(record, connected=True, pong_ms=0) for key, record in view.records.items()}
    assert read_view(text) == ClusterView(heard_from_nobody, OWN)
    theirs = server.view(text)
    assert theirs is not None
    assert {node_id: record.slot_ranges for node_id, record in theirs.records.items()} == {
        node_id: record.slot_ranges for node_id, record in view.records.items()
    }
    assert "currentEpoch 9 lastVoteEpoch 9" in (server.folder / "nodes.conf").read_text()


DAMAGES: dict[str, Callable[[str], str]] = {
    "60 bytes": lambda text: text[:60],
    "cut in a line": lambda text: text[: text.index(" connected")],
    "zeros": lambda text: "\0" * len(text),
    "blank": lambda text: "\n" * len(text),
    "unknown flag": lambda text: text.replace("nofailover", "nofail"),
    "nobody's own": lambda text: text.replace("myself,", ""),
    "two own lines": lambda text: text.replace("slave,", "myself,slave,"),
    "no such slot": lambda text: text.replace("16383", "16384"),
    "short id": lambda text: text.replace(OWN, OWN[:-1]),
    "cut in the last line": lambda text: text.replace("lastVoteEpoch 4", "lastVoteEpoch"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_redis_refuses_is_broken(server: Server, damage: Callable[[str], str]) -> None:
    with pytest.raises(ValueError, match=r"\bits\b"):
        read_view(damage(FILE))
    assert server.view(damage(FILE)) is None


@pytest.mark.parametrize("content", ["", FILE[: FILE.index(" 200")] + "\n"], ids=["empty", "without its end"])
def test_what_redis_takes_for_less_than_was_written_is_broken(server: Server, content: str) -> None:
    with pytest.raises(ValueError, match="its last line is missing"):
        read_view(content)
    theirs = server.view(content)
    assert theirs is not None
    assert theirs.myself.slot_ranges != read_view(FILE).myself.slot_ranges
