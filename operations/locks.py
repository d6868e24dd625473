"""Who is at work on a stack: the locks that Pulumi keeps beside a state in files."""

import json
import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from command_line.errors import UserError

_FILES = "file://"
_ORGANIZATION, _PROJECT = "organization", "webtier"


@dataclass(frozen=True)
class Lock:
    """What a deployment writes while it lasts; `since` as Pulumi writes it (RFC 3339)."""

    user: str
    host: str
    process: int
    since: str

    @property
    def is_of_this_machine(self) -> bool:
        return self.host == socket.gethostname()

    @property
    def is_held(self) -> bool:
        """Whether its process runs; of another machine that can't be known, and is taken for so."""
        return not self.is_of_this_machine or _is_pulumi(self.process)

    def __str__(self) -> str:
        if not self.is_of_this_machine:
            state = "whether it still runs can only be seen there"
        else:
            state = "which runs" if self.is_held else "which has ended without giving its lock back"
        return f"{self.user}@{self.host}, process {self.process}, since {self.since}, {state}"


def read_locks(backend: str, stack: str) -> list[Lock]:
    """Of a stack of this project. None where the state is not in files: there Pulumi itself says who it is."""
    if not backend.startswith(_FILES):
        return []
    root = Path(backend.removeprefix(_FILES)).expanduser()
    folder = root / ".pulumi" / "locks" / _ORGANIZATION / _PROJECT / stack
    return [lock for file in sorted(folder.glob("*.json")) if (lock := _read(file)) is not None]


def refuse_if_held(locks: Iterable[Lock], stack: str) -> None:
    """UserError when a deployment of the stack may be at work: it names who, and says how to go on."""
    held = [lock for lock in locks if lock.is_held]
    if not held:
        return
    listed = "\n".join(f"  {lock}" for lock in held)
    raise UserError(
        f"Another deployment of the stack '{stack}' is at work:\n{listed}\nWait until it has ended. If it is dead, as "
        f"after a power cut of its machine: `pulumi cancel --stack {stack}` takes its lock away, and then "
        f"`pulumi refresh --stack {stack}` reads what it has done."
    )


def refuse_if_locked(backend: str, stack: str) -> None:
    """The same, and also for a deployment that is known to be dead."""
    locks = read_locks(backend, stack)
    refuse_if_held(locks, stack)
    if locks:
        listed = "\n".join(f"  {lock}" for lock in locks)
        raise UserError(
            f"The last deployment of the stack '{stack}' was cut off:\n{listed}\n`pulumi cancel --stack {stack}` takes "
            f"its lock away; `pulumi refresh --stack {stack}` reads what it has done, and then this can be run again."
        )


def _read(file: Path) -> Lock | None:
    try:
        found: Mapping[str, Any] = json.loads(file.read_text())
        return Lock(str(found["username"]), str(found["hostname"]), int(found["pid"]), str(found["timestamp"]))
    except FileNotFoundError:
        return None  # given back in this moment
    except (OSError, ValueError, KeyError, TypeError):
        return Lock("somebody", "a machine that is not known", 0, "a time that is not known")


def _is_pulumi(process: int) -> bool:
    """Another program may have got the number since."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        return "pulumi" in (Path("/proc") / str(process) / "cmdline").read_text()
    except OSError:
        return not Path("/proc/self").exists()
