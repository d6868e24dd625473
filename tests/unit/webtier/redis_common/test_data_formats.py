"""The table of who reads whose data, and what the real servers do."""

import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from command_line.paths import Paths
from devcluster.images.redis import DEFAULT, SERVERS, Server
from devcluster.servers import programs
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import wait_until
from webtier.redis_common.data_formats import READS, readers, unreadable

BY_WORDS = {f"{server.kind} {server.version}": server for server in SERVERS.values()}


def test_the_table_has_every_server_that_the_project_is_tested_with() -> None:
    assert READS.keys() == BY_WORDS.keys()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("redis:8.0", "redis:7.0.15-bookworm", "redis 7.0 can't read what redis 8.0 has written"),
        ("docker.io/valkey/valkey:9.1.2", "redis:8.0", "redis 8.0 can't read what valkey 9.1 has written"),
        ("valkey:8.1", "docker.io/library/redis:8.0.2@sha256:" + "0" * 64, None),
        ("redis:7.0", "webtier.local/valkey:9.1", None),
        ("redis:8.2.1", "redis:7.4", "redis 7.4 may not be able to read what redis 8.2 has written"),
        ("redis:7.4", "redis:8.10", None),
        ("redis:8.10", "redis:8.4", "redis 8.4 may not be able to read what redis 8.10 has written"),
        ("redis:8.2.1", "redis:7.0", "redis 7.0 may not be able to read what redis 8.2 has written"),
        ("redis:8.2.1", "valkey:9.1", "valkey 9.1 may not be able to read what redis 8.2 has written"),
        ("redis:7.4", "valkey:8.1", None),
        ("redis:8.2.1", "valkey:9.2", None),
        ("redis:7.0", "redis:8.2.1", None),
        ("webtier.local/redis:debian-12", "redis:7.0", None),
        ("redis:8.2.1", "mirror/my-redis:7.0", None),
    ],
)
def test_what_can_not_be_taken_back_is_said(old: str, new: str, said: str | None) -> None:
    assert unreadable(old, new) == said


@pytest.mark.parametrize(
    ("image", "able"),
    [
        ("redis:7.0.15", ["redis 7.0", "redis 8.0", "valkey 8.1", "valkey 9.1"]),
        ("docker.io/valkey/valkey:8.1.1", ["redis 8.0", "valkey 8.1", "valkey 9.1"]),
        ("redis:8.2.1", []),
        ("mirror/cache:7.0", []),
    ],
)
def test_who_reads_the_data_of_an_image_is_told(image: str, able: list[str]) -> None:
    assert readers(image) == able


def program(server: Server, name: str) -> str:
    """One of a server's programs; the test is skipped where the server was not made."""
    made = programs(server, Paths.from_environment()) / f"{server.kind}-{name}"
    found = str(made) if made.exists() else None
    if server is DEFAULT:
        found = found or shutil.which(f"redis-{name}")
    if not found:
        pytest.skip(f"{server.name} is not made: `python -m devcluster.servers {server.name}`")
    return found


def ask(server: Server, folder: Path, *command: str) -> str:
    client = [program(server, "cli"), "-s", str(folder / "socket"), *command]
    return subprocess.run(client, capture_output=True, text=True, check=False).stdout.strip()


@contextmanager
def started(server: Server, folder: Path) -> Generator[bool]:
    """Whether it starts with what is there."""
    options = ("--port", "0", "--unixsocket", "socket", "--save", "", "--appendonly", "yes", "--dir", str(folder))
    process = subprocess.Popen([program(server, "server"), *options], cwd=folder, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: process.poll() is not None or ask(server, folder, "PING") == "PONG", "it starts or refuses")
        yield process.poll() is None
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("writer", READS)
@pytest.mark.parametrize("reader", READS)
def test_the_real_servers_read_and_refuse_what_the_table_says(reader: str, writer: str, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    with started(BY_WORDS[writer], folder) as runs:
        assert runs
        ask(BY_WORDS[writer], folder, "SET", "key", "value")
        ask(BY_WORDS[writer], folder, "BGREWRITEAOF")
        base = folder / "appendonlydir/appendonly.aof.2.base.rdb"
        wait_until(
            lambda: base.exists() and "rewrite_in_progress:0" in ask(BY_WORDS[writer], folder, "INFO"), "a base file"
        )
    (folder / "socket").unlink(missing_ok=True)
    with started(BY_WORDS[reader], folder) as reads:
        assert reads == (writer in READS[reader])
        if reads:
            assert ask(BY_WORDS[reader], folder, "GET", "key") == "value"
