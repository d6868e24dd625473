"""Damaged files on the volume: what is called broken is what real Redis can't read, or reads as nothing."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import wait_until
from tests.unit.webtier.redis_cluster.agent.harness.servers import check_data, find_redis_server, find_tool
from webtier.redis_cluster.agent.start.aof import AOF_FOLDER, find_writer
from webtier.redis_cluster.agent.start.data_folder import DataFolder

KEYS = 40
BASE, INCREMENT, MANIFEST = (f"appendonly.aof.{part}" for part in ("2.base.rdb", "2.incr.aof", "manifest"))


@dataclass
class Volume:
    """A folder in which a plain Redis, without a cluster and without a port, may be started."""

    path: Path
    appendonly: bool = True

    def start(self) -> subprocess.Popen[bytes]:
        setting = "yes" if self.appendonly else "no"
        command = [find_redis_server(), "--port", "0", "--unixsocket", "socket", "--save", "", "--appendonly", setting]
        return subprocess.Popen([*command, "--dir", str(self.path)], cwd=self.path, stdout=subprocess.DEVNULL)

    def cli(self, *command: str, lines: str = "") -> str:
        """One command, or many as lines."""
        client = [find_tool("cli"), "-s", str(self.path / "socket"), *command]
        return subprocess.run(client, input=lines, capture_output=True, text=True, check=False).stdout.strip()

    def keys_after_start(self) -> int | None:
        """How many keys Redis finds, None when it refuses to start."""
        process = self.start()
        try:
            wait_until(lambda: process.poll() is not None or self.cli("PING") == "PONG", "it starts or refuses")
            return None if process.poll() is not None else int(self.cli("DBSIZE"))
        finally:
            process.kill()
            process.wait()

    def fault(self) -> str | None:
        """What the agent finds, at a look or in the report of the real check."""
        data = DataFolder(self.path, self.appendonly).look()
        if not data.whole:
            return data.fault
        return check_data(self.path, self.appendonly)

    def writer(self) -> str | None:
        """Who has written it, where it is called broken for that alone."""
        return find_writer(DataFolder(self.path, self.appendonly).snapshots, self.fault() or "nothing")

    def damage(self, name: str, content: bytes) -> None:
        """In the middle; of an append-only file where a command begins, since its values have no checksum."""
        whole = bytearray(self.file(name).read_bytes())
        at = whole.index(b"*3\r\n", len(whole) // 2) if name == INCREMENT else len(whole) // 2
        whole[at : at + len(content)] = content
        self.file(name).write_bytes(whole)

    def cut(self, name: str, to: int) -> None:
        content = self.file(name).read_bytes()
        self.file(name).write_bytes(content[:to])

    def file(self, name: str) -> Path:
        return self.path / name if name == "dump.rdb" else self.path / AOF_FOLDER / name


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half of the keys in the base file, half in the one behind it, all of them in a snapshot too."""
    volume = Volume(tmp_path_factory.mktemp("written"))
    process = volume.start()
    wait_until(lambda: volume.cli("PING") == "PONG", "Redis runs")
    lines = [f"SET key-{number} {f'value-{number}-' * 8}\n" for number in range(KEYS)]
    volume.cli(lines="".join(lines[: KEYS // 2]))
    volume.cli("BGREWRITEAOF")
    wait_until(lambda: volume.file(BASE).exists() and "rewrite_in_progress:0" in volume.cli("INFO"), "rewritten")
    volume.cli(lines="".join(lines[KEYS // 2 :]))
    volume.cli("SAVE")
    wait_until(lambda: "aof_buffer_length:0" in volume.cli("INFO"), "all is on file")
    process.kill()
    process.wait()
    (volume.path / "socket").unlink()
    return volume.path


@pytest.fixture
def volume(written: Path, tmp_path: Path) -> Volume:
    """To be damaged."""
    shutil.copytree(written, tmp_path / "volume")
    return Volume(tmp_path / "volume")


Damage = Callable[[Volume], object]

GARBAGE = b"\x07garbage\xff" * 4


REFUSED: dict[str, tuple[Damage, str]] = {
    "increment": (lambda volume: volume.damage(INCREMENT, GARBAGE), f"{INCREMENT} is not valid"),
    "zeros": (lambda volume: volume.damage(INCREMENT, bytes(200)), f"{INCREMENT} is not valid"),
    "no-increment": (lambda volume: volume.file(INCREMENT).unlink(), f"{INCREMENT} is missing"),
    "base": (lambda volume: volume.damage(BASE, GARBAGE), "RDB"),
    "three-bytes-of-base": (lambda volume: volume.damage(BASE, b"\0\1\2"), "RDB"),
    "half-a-base": (lambda volume: volume.cut(BASE, 300), "RDB"),
    "no-base": (lambda volume: volume.file(BASE).unlink(), f"{BASE} is missing"),
    "manifest": (lambda volume: volume.file(MANIFEST).write_text("garbage\n"), MANIFEST),
    "empty-manifest": (lambda volume: volume.file(MANIFEST).write_text(""), MANIFEST),
    "half-a-manifest": (lambda volume: volume.cut(MANIFEST, 30), MANIFEST),
}


@pytest.mark.parametrize(("damage", "finding"), REFUSED.values(), ids=REFUSED)
def test_what_redis_refuses_is_broken(volume: Volume, damage: Damage, finding: str) -> None:
    damage(volume)
    assert finding in (volume.fault() or "nothing")
    assert volume.keys_after_start() is None


TAKEN_FOR_NO_DATA: dict[str, tuple[Damage, str]] = {
    "no-manifest": (lambda volume: volume.file(MANIFEST).unlink(), "has no manifest"),
    "empty-base": (lambda volume: volume.cut(BASE, 0), f"{BASE} is empty"),
    "nothing": (lambda volume: shutil.rmtree(volume.path / AOF_FOLDER), "is gone"),
}


@pytest.mark.parametrize(("damage", "finding"), TAKEN_FOR_NO_DATA.values(), ids=TAKEN_FOR_NO_DATA)
def test_what_redis_takes_for_no_data_is_not_taken_for_some(volume: Volume, damage: Damage, finding: str) -> None:
    damage(volume)
    assert finding in (volume.fault() or "nothing")
    assert (volume.keys_after_start() or 0) <= KEYS // 2


def test_a_file_that_only_ends_too_early_is_not_broken(volume: Volume) -> None:
    """Redis cuts it off itself, and the check calls it as invalid as one with garbage in it."""
    size = volume.file(INCREMENT).stat().st_size
    last = volume.file(INCREMENT).read_bytes().rindex(b"*3\r\n")
    for length in (*range(last - 2, last + 12), (last + size) // 2, size - 2, size - 1, size):
        cut = Volume(volume.path.parent / "cut")
        shutil.copytree(volume.path, cut.path)
        cut.cut(INCREMENT, length)
        assert cut.fault() is None, f"cut off at {length} of {size}"
        shutil.rmtree(cut.path)
    volume.cut(INCREMENT, last + 5)
    assert volume.keys_after_start() == KEYS - 1


def test_a_transaction_that_was_cut_off_is_not_broken(volume: Volume) -> None:
    with volume.file(INCREMENT).open("ab") as file:
        file.write(b"*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n")
    assert volume.fault() is None
    assert volume.keys_after_start() == KEYS


@pytest.mark.parametrize("appendonly", [True, False])
def test_data_of_another_server_is_told_from_broken_data(volume: Volume, appendonly: bool) -> None:
    volume.appendonly = appendonly
    name = BASE if appendonly else "dump.rdb"
    whole = volume.file(name).read_bytes()
    # The number of a form that no server has, behind REDIS0 or VALKEY, and no checksum.
    volume.file(name).write_bytes(whole[:6] + b"999" + whole[9:-8] + bytes(8))
    assert volume.keys_after_start() is None
    writer = volume.writer()
    assert re.fullmatch(r"(redis|valkey) [0-9.]+", writer or "nobody")
    assert f"v={(writer or 'nobody').partition(' ')[2]} " in version_of_server()
    volume.file(name).write_bytes(bytes(9) + whole[9:])
    assert volume.keys_after_start() is None
    assert volume.writer() is None


def version_of_server() -> str:
    return subprocess.run([find_redis_server(), "--version"], capture_output=True, text=True, check=True).stdout


BROKEN_SNAPSHOTS: dict[str, Damage] = {
    "garbage": lambda volume: volume.damage("dump.rdb", GARBAGE),
    "half": lambda volume: volume.cut("dump.rdb", 300),
    "empty": lambda volume: volume.cut("dump.rdb", 0),
}


@pytest.mark.parametrize("damage", BROKEN_SNAPSHOTS.values(), ids=BROKEN_SNAPSHOTS)
def test_a_broken_snapshot_is_found_where_there_is_no_append_only_file(volume: Volume, damage: Damage) -> None:
    volume.appendonly = False
    assert volume.fault() is None
    damage(volume)
    assert volume.fault() is not None
    assert volume.keys_after_start() is None


def test_only_the_newest_of_what_was_put_aside_is_kept(volume: Volume) -> None:
    said: list[str] = []
    folder = DataFolder(volume.path)
    before = {path.name for path in volume.path.iterdir()}
    for number in range(4):
        volume.file("number").write_text(str(number))
        folder.put_data_aside(said.append)
        (volume.path / AOF_FOLDER).mkdir()
    kept = sorted(volume.path.glob("appendonlydir.broken-*"))
    assert [(path / "number").read_text() for path in kept] == ["2", "3"]
    assert {path.name for path in volume.path.iterdir()} - {path.name for path in kept} == before
    assert sum(text.startswith("put appendonlydir aside as appendonlydir.broken-20") for text in said) == 4
    assert sum(text.startswith("removed appendonlydir.broken-20") for text in said) == 2
