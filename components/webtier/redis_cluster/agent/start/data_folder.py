"""Redis' folder on the volume, and the files that the agent keeps in it.

`begun-without-data` is there from a start without data until a whole copy is on the volume: what
Redis has written by then looks like data and is not. `accept-data-loss` is made by a person.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..redis.nodes_file import read_view, sync_folder
from ..redis.view import ClusterView
from .aof import AOF_FOLDER, RDB_FILE, UNFINISHED, find_aof_fault, find_rdb_fault

NODES_FILE = "nodes.conf"
ACCEPT_FILE = "accept-data-loss"
MARK_FILE = "begun-without-data"

KEPT = 2
"""So many of what was put aside stay, the newest ones: the volume must not fill with them."""


@dataclass(frozen=True)
class Data:
    """Whether Redis would load this node's data. Else `fault` says why not, in words that follow "its data".

    `writer` is the server that has written it, where nothing is wrong with it but that this one can't read that.
    """

    whole: bool
    broken: bool = False
    fault: str = ""
    writer: str = ""


@dataclass(frozen=True)
class DataFolder:
    """`appendonly` is Redis' setting: the file that it reads depends on it."""

    path: Path
    appendonly: bool = True

    @property
    def nodes_file(self) -> Path:
        """Where Redis keeps what it knows of the cluster."""
        return self.path / NODES_FILE

    def read_nodes_file(self) -> tuple[ClusterView | None, str]:
        """What it says, or None and why it is unusable, in words that follow its name."""
        try:
            return read_view(self.nodes_file.read_text(encoding="utf-8")), ""
        except FileNotFoundError:
            return None, "is gone"
        except ValueError as error:
            return None, f"is broken: {error}"

    @property
    def accept_file(self) -> Path:
        """With it a person says that this node's data may be lost."""
        return self.path / ACCEPT_FILE

    def look(self) -> Data:
        """What is there, by names and lengths: only Redis itself reads all of it."""
        try:
            fault = find_aof_fault(self.path) if self.appendonly else find_rdb_fault(self.path)
        except FileNotFoundError:
            return Data(whole=False, fault="is gone")
        return Data(whole=True) if fault is None else Data(whole=False, broken=True, fault=f"is broken: {fault}")

    @property
    def snapshots(self) -> list[Path]:
        """Those that Redis would read, as far as they are there."""
        return sorted((self.path / AOF_FOLDER).glob("*.base.rdb") if self.appendonly else self.path.glob(RDB_FILE))

    @property
    def marked(self) -> bool:
        """Whether Redis began without data and has no whole copy on the volume yet."""
        return (self.path / MARK_FILE).exists()

    def mark(self) -> None:
        """Before Redis starts without data."""
        (self.path / MARK_FILE).touch()
        sync_folder(self.path)

    def unmark(self) -> None:
        """Once all that Redis has is on the volume."""
        (self.path / MARK_FILE).unlink(missing_ok=True)
        sync_folder(self.path)

    @property
    def has_unwritten_copy(self) -> bool:
        """Whether Redis has copied its master in full and was or is about to write that: the data here is older."""
        return self.appendonly and (self.path / UNFINISHED).exists()

    def drop_unwritten_copy(self) -> None:
        """Before Redis starts: it would not remove what it can't use either."""
        if self.has_unwritten_copy:
            (self.path / UNFINISHED).unlink()
            sync_folder(self.path / AOF_FOLDER)

    def put_aside(self, name: str, say: Callable[[str], None]) -> None:
        """Moves a file or folder out of Redis' way; nothing happens when there is none."""
        source = self.path / name
        if not source.exists():
            return
        target = self.path / f"{name}.broken-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
        source.rename(target)
        sync_folder(self.path)
        say(f"put {name} aside as {target.name}")
        for old in sorted(self.path.glob(f"{name}.broken-*"))[:-KEPT]:
            if old.is_dir():
                shutil.rmtree(old)
            else:
                old.unlink()
            say(f"removed {old.name}: the newest {KEPT} are kept")

    def put_data_aside(self, say: Callable[[str], None]) -> None:
        """The data that Redis would read, and nothing else."""
        self.put_aside(AOF_FOLDER if self.appendonly else RDB_FILE, say)
