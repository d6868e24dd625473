"""The append-only file on the volume: whether it is there, and whether it is whole.

Redis keeps it as a folder of files and a manifest that names them. Two faults it doesn't notice
itself: without a manifest it starts empty, and a base file of no length it reads as an empty one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

AOF_FOLDER = "appendonlydir"
MANIFEST = f"{AOF_FOLDER}/appendonly.aof.manifest"
UNFINISHED = f"{AOF_FOLDER}/temp-appendonly.aof.incr"
"""Where Redis notes writes after a full copy, until it has written that copy; what else is there is older."""
RDB_FILE = "dump.rdb"

_RDB_ERROR = "--- RDB ERROR DETECTED ---"
"""What `redis-check-rdb` says before the line with the reason; statistics follow."""

_OTHER_FORM = re.compile(r"Can't handle RDB format version|Wrong signature|(?:Future|Foreign) RDB version")
"""What it says of a snapshot that is whole, and newer than the program or of another server."""
_ONLY_NOTED = re.compile(r"(?:Future|Foreign) RDB version \d+ detected")
"""That of Valkey 9 reads what its server refuses, and calls it well."""
_WRITTEN_BY = re.compile(rb"(?:REDIS|VALKEY)[0-9]+\xfa.(redis|valkey)-ver.([0-9.]+)", re.DOTALL)
"""How a snapshot begins: its form, and which server has written it."""

_BASE, _HISTORY, _INCREMENT = "b", "h", "i"
_LONGEST_NUMBER = 32
"""Of a line with one, in bytes."""


@dataclass(frozen=True)
class Part:
    """One file of the append-only file: `kind` is b for the base, i for what came after, h for what is over."""

    name: str
    kind: str


def read_manifest(text: str) -> list[Part]:
    """The files that make up the data, in order. ValueError for what Redis refuses as well."""
    parts: list[Part] = []
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        words = line.split()
        fields = dict(zip(words[::2], words[1::2], strict=False))
        part = Part(fields.get("file", ""), fields.get("type", ""))
        if len(words) % 2 or not part.name or "/" in part.name or part.kind not in (_BASE, _HISTORY, _INCREMENT):
            raise ValueError(f"its line '{line[:80]}' names no file")
        parts.append(part)
    if not parts or not text.endswith("\n"):
        raise ValueError("it ends too early")
    if sum(part.kind == _BASE for part in parts) > 1:
        raise ValueError("it names two base files")
    return [part for part in parts if part.kind != _HISTORY]


def find_aof_fault(folder: Path) -> str | None:
    """What a look at names and lengths tells. FileNotFoundError where there is no append-only file at all."""
    files = {path.name: path.stat().st_size for path in (folder / AOF_FOLDER).iterdir()}
    if not files:
        raise FileNotFoundError(AOF_FOLDER)
    try:
        parts = read_manifest((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return f"{AOF_FOLDER} has no manifest"
    except ValueError as error:
        return f"{MANIFEST} is broken: {error}"
    for part in parts:
        if part.name not in files:
            return f"{AOF_FOLDER}/{part.name} is missing"
        # A base is made even of no keys; in that form alone it has no length then.
        if part.kind == _BASE and not files[part.name] and part.name.endswith(".rdb"):
            return f"{AOF_FOLDER}/{part.name} is empty"
    return None


def find_rdb_fault(folder: Path) -> str | None:
    """What the length tells. FileNotFoundError where there is no snapshot."""
    return None if (folder / RDB_FILE).stat().st_size else f"{RDB_FILE} is empty"


def find_fault_in_report(folder: Path, status: int, report: str) -> str | None:
    """What `redis-check-aof` of the files in turn, or `redis-check-rdb`, found; None for what Redis can read.

    A last file that only ends too early is such: Redis cuts it off behind its last whole command.
    """
    if noted := _ONLY_NOTED.search(report):
        return f"RDB: {noted[0]}"
    if status == 0 or _is_cut_off(folder, report):
        return None
    lines = [line.strip() for line in report.splitlines() if line.strip()]
    if _RDB_ERROR in lines[:-1]:
        return f"RDB: {lines[lines.index(_RDB_ERROR) + 1]}"
    telling = [line for line in lines if re.search(r"not valid|rror|not sane|Cannot|FATAL|Expected|too long", line)]
    return (telling or lines or [f"the check ended with status {status}"])[-1]


def find_writer(snapshots: Iterable[Path], fault: str) -> str | None:
    """The server that has written what this one can't read for that alone, such as `redis 8.0.2`; None for a fault."""
    if not _OTHER_FORM.search(fault):
        return None
    for file in snapshots:
        with file.open("rb") as opened:
            if found := _WRITTEN_BY.match(opened.read(64)):
                return f"{found[1].decode()} {found[2].decode()}"
    return None


def last_file(folder: Path) -> str:
    """The append-only file's last one, at whose end an interrupted write is; the manifest where that can't be read."""
    try:
        return f"{AOF_FOLDER}/{read_manifest((folder / MANIFEST).read_text(encoding='utf-8'))[-1].name}"
    except (OSError, ValueError):
        return MANIFEST


def _is_cut_off(folder: Path, report: str) -> bool:
    analyzed = re.findall(r"AOF analyzed: filename=(\S+), size=\d+, ok_up_to=(\d+)", report)
    if not analyzed:
        return False
    path, good = analyzed[-1]
    name = Path(path).name
    try:
        last = read_manifest((folder / MANIFEST).read_text(encoding="utf-8"))[-1]
        if last.kind != _INCREMENT or name != last.name:
            return False
        with (folder / AOF_FOLDER / name).open("rb") as file:
            size = file.seek(0, 2)
            file.seek(int(good))
            # The check's own words are the same for what is no command at all.
            while file.tell() < size:
                _skip_command(file, size)
    except EOFError:
        return True
    except (OSError, ValueError):
        return False
    return True


def _skip_command(file: BinaryIO, size: int) -> None:
    if file.read(1) == b"#":
        file.readline()
        return
    file.seek(-1, 1)
    for _ in range(_read_number(file, b"*")):
        length = _read_number(file, b"$")
        if file.tell() + length + 2 > size:
            raise EOFError
        file.seek(length, 1)
        if file.read(2) != b"\r\n":
            raise ValueError


def _read_number(file: BinaryIO, sign: bytes) -> int:
    """The number on the next line. EOFError where the file ends within that line, ValueError for another line."""
    line = file.readline(_LONGEST_NUMBER)
    if not line:
        raise EOFError
    number = line[1:].removesuffix(b"\n").removesuffix(b"\r")
    if line[:1] != sign or (number and not number.isdigit()):
        raise ValueError
    if line.endswith(b"\r\n") and number:
        return int(number)
    if line.endswith(b"\n") or len(line) == _LONGEST_NUMBER:
        raise ValueError
    raise EOFError
