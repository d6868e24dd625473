"""nodes.conf before a start: addresses are renewed, all else is left as it was."""

from pathlib import Path

import pytest

from webtier.redis_cluster.agent.console import Console
from webtier.redis_cluster.agent.redis.view import Address
from webtier.redis_cluster.agent.start.prepare import prepare

OWN, NAMED, LOST, NAMELESS, SIX, GONE = (letter * 40 for letter in "abcdef")

FILE = f"""\
{OWN} 10.0.0.1:6379@16379,own.nodes myself,master - 0 0 1 connected 0-5460
{NAMED} 10.0.0.2:6379@16379,named.nodes,shard-id=77 master - 0 1700000000000 2 connected 5461-10922 [7->-{OWN}]
{LOST} :0@0,lost.nodes slave,fail,noaddr {NAMED} 1 1 2 disconnected
{NAMELESS} 10.0.0.4:6379@16379 slave {OWN} 0 1 1 connected
{SIX} fd00::5:6379@16379,six.nodes master - 0 1 3 connected 10923-16383
{GONE} 10.0.0.6:6379@16379,gone.nodes slave,fail {SIX} 1 1 3 disconnected
vars currentEpoch 6 lastVoteEpoch 0
"""

RENEWED = f"""\
{OWN} 10.9.0.1:6379@16379,own.nodes myself,master - 0 0 1 connected 0-5460
{NAMED} 10.9.0.2:6379@16379,named.nodes,shard-id=77 master - 0 1700000000000 2 connected 5461-10922 [7->-{OWN}]
{LOST} 10.9.0.3:6379@16379,lost.nodes slave,fail {NAMED} 1 1 2 disconnected
{NAMELESS} 10.0.0.4:6379@16379 slave {OWN} 0 1 1 connected
{SIX} fd00::9:6379@16379,six.nodes master - 0 1 3 connected 10923-16383
{GONE} 10.0.0.6:6379@16379,gone.nodes slave,fail {SIX} 1 1 3 disconnected
vars currentEpoch 6 lastVoteEpoch 0
"""

AT = Address("10.9.0.1", 6379, 16379, "own.nodes")
DNS = {"named.nodes": ["10.9.0.2"], "lost.nodes": ["10.9.0.3"], "six.nodes": ["fd00::9"]}


def renew(path: Path, dns: dict[str, list[str]], wait: float = 0.0) -> None:
    prepare(path, AT, lambda host: dns.get(host, []), Console(), longest_wait=wait, wait_for_rest=0.0)


def test_every_peer_that_has_an_address_gets_it(tmp_path: Path) -> None:
    path = tmp_path / "nodes.conf"
    path.write_text(FILE)
    path.chmod(0o640)

    renew(path, DNS)

    assert path.read_text() == RENEWED
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_node_that_was_never_in_a_cluster_is_left_alone(tmp_path: Path) -> None:
    renew(tmp_path / "nodes.conf", DNS)
    assert list(tmp_path.iterdir()) == []


def test_without_dns_only_the_own_address_changes(tmp_path: Path) -> None:
    path = tmp_path / "nodes.conf"
    path.write_text(FILE)
    renew(path, {})
    assert path.read_text() == FILE.replace("10.0.0.1:", "10.9.0.1:")


def test_what_is_up_to_date_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "nodes.conf"
    path.write_text(RENEWED)
    before = path.stat()
    renew(path, DNS)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("content", [b"", b"half a li", b"\xff\xfe\x00", b"a b c d e f g h\nvars\n"])
def test_what_is_not_understood_is_left_as_it_was(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "nodes.conf"
    path.write_bytes(content)
    renew(path, DNS)
    assert path.read_bytes() == content


def test_a_name_that_comes_late_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "nodes.conf"
    path.write_text(f"{OWN} 10.0.0.1:6379@16379,own.nodes myself,master - 0 0 1 connected\n" + FILE.splitlines()[1])
    asked: list[str] = []

    def late(host: str) -> list[str]:
        asked.append(host)
        return DNS[host] if len(asked) > 1 else []

    prepare(path, AT, late, Console(), longest_wait=30.0)
    assert "10.9.0.2:6379" in path.read_text()


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "nodes.conf"
    path.write_text(FILE)

    def full(_descriptor: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full)
    renew(path, DNS)
    assert path.read_text() == FILE
    assert list(tmp_path.iterdir()) == [path]


def test_announced_addresses_of_peers_are_not_rewritten(tmp_path: Path) -> None:
    """Where nodes announce their hosts' addresses and ports, the pods' own would be wrong."""
    path = tmp_path / "nodes.conf"
    path.write_text(FILE)
    asked: list[str] = []

    def resolved(host: str) -> list[str]:
        asked.append(host)
        return DNS.get(host, [])

    prepare(path, AT, resolved, Console(), rewrite_peers=False)

    assert path.read_text() == FILE.replace("10.0.0.1:", "10.9.0.1:")
    assert asked == []
