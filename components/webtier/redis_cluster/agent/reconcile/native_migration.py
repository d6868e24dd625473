"""Servers that move slots by themselves, keys and all: Valkey 9 and later, and Redis 8.4 and later.

Either copies the slots from a snapshot, then what was written since, and gives them away at once: no client is sent
after a key. What has been begun goes on when whoever began it ends, and is waited for by the next run; what fails
leaves the slots with their owner.

Redis' part is written from the documentation of `CLUSTER MIGRATION`, and tried only against a server that answers as
documented: no server that has the command could be had.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import CommandRefusedError
from ..redis.client import Node
from ..redis.replication_user import REPLICATION_USER, accepted_hashes, is_withheld, password_hash
from ..redis.topology import as_ranges
from .progress import Progress

_ENDED = frozenset({"completed", "success", "failed", "canceled", "cancelled"})

_INTERVAL = 0.2
"""Seconds between two looks at a task."""

_MOST_FAILURES = 3
"""After so many, which a server remembers while it runs, its slots are moved key by key."""

RESTRICTED = ("nocommands", "+psync", "+replconf", "+ping", "resetkeys", "resetchannels")
"""What the user of replication may do, but for passwords."""

_ADMITTED = (
    *("+select", "+multi", "+exec", "+@write", "-flushall", "-flushdb", "-swapdb"),
    *("+cluster|syncslots", "allkeys", "allchannels"),
)
"""What it has to be allowed besides where slots arrive: Valkey's source logs in as a replica does, and writes."""


class NativeMigration(Protocol):
    """A way of one kind of server."""

    def move(self, slots: Sequence[int], progress: Progress, end: float) -> None:
        """Lets the servers move slots until they are the target's, or the time is over.

        CommandRefusedError with the server's reason when that has failed.
        """
        ...


def native_migration(source: Node, target: Node, slots: Collection[int]) -> NativeMigration | None:
    """The way that both servers have; None where the slots have to be moved key by key."""
    if _knows(source, "MIGRATION", "STATUS", "ALL") and _knows(target, "MIGRATION", "STATUS", "ALL"):
        return ImportByTarget(target)
    if not (_knows(source, "GETSLOTMIGRATIONS") and _knows(target, "GETSLOTMIGRATIONS")):
        return None
    export = ExportBySource(source, target)
    usable = export.can_log_in() and export.failures(slots) < _MOST_FAILURES
    return export if usable else None


def _knows(node: Node, *question: str) -> bool:
    """Whether the server has the command; an older one, or one that does not allow it, refuses."""
    try:
        node.ask("CLUSTER", *question)
    except CommandRefusedError:
        return False
    return True


@dataclass(frozen=True)
class ImportByTarget:
    """Redis: the target is asked."""

    target: Node

    def move(self, slots: Sequence[int], progress: Progress, end: float) -> None:
        running = [task for task in self._tasks("ALL") if task["state"] not in _ENDED]
        if running:
            task_id = running[0]["id"]
        else:
            task_id = str(self.target.ask("CLUSTER", "MIGRATION", "IMPORT", *_bounds(slots)))
        while time.monotonic() < end:
            (task,) = self._tasks("ID", task_id)
            if task["state"] == "completed":
                progress.add_slots(0 if running else len(slots))
                return
            if task["state"] in _ENDED:
                raise CommandRefusedError(
                    self.target.says(f"has {task['state']} to import slots: {task['last_error']}")
                )
            time.sleep(_INTERVAL)

    def _tasks(self, *which: str) -> list[dict[str, str]]:
        return _as_dicts(self.target.ask("CLUSTER", "MIGRATION", "STATUS", *which))


@dataclass(frozen=True)
class ExportBySource:
    """Valkey: the source is asked, which then logs in at the target as the user of replication."""

    source: Node
    target: Node

    def can_log_in(self) -> bool:
        """Not at a node that nobody may copy for now."""
        return not is_withheld(self.target)

    def failures(self, slots: Collection[int]) -> int:
        """How often the source has failed to move any of these slots, as far as it remembers."""
        return sum(job["state"] == "failed" and not _slots(job).isdisjoint(slots) for job in self._jobs())

    def move(self, slots: Sequence[int], progress: Progress, end: float) -> None:
        known = self._jobs()
        running = [job for job in known if job["state"] not in _ENDED]
        name = running[0]["name"] if running else self._begin(slots, {job["name"] for job in known})
        while time.monotonic() < end:
            job = self._find_job(lambda job: job["name"] == name)
            if job["state"] in _ENDED:
                # What an interrupted run leaves allowed ends with the Job, which gives every node its users anew.
                password = self._password()
                let_in = [f"!{password}"] if password in accepted_hashes(self.target, REPLICATION_USER) else []
                self.target.ask("ACL", "SETUSER", REPLICATION_USER, *RESTRICTED, *let_in)
                if job["state"] != "success":
                    to = f"to {self.target.name}" if self.target.name else "away"
                    raise CommandRefusedError(
                        self.source.says(f"moved no slots {to}, {job['state']}: {job['message'].strip()}")
                    )
                progress.add_slots(len(_slots(job) & {*slots}))
                return
            time.sleep(_INTERVAL)

    def _begin(self, slots: Sequence[int], known: set[str]) -> str:
        """The new job's name: Valkey tells nobody but who asks what there is."""
        # The source has the password of its own shard, which the target does not accept else.
        self.target.ask("ACL", "SETUSER", REPLICATION_USER, *_ADMITTED, f"#{self._password()}")
        target_id = str(self.target.ask("CLUSTER", "MYID"))
        self.source.ask("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", *_bounds(slots), "NODE", target_id)
        return self._find_job(lambda job: job["name"] not in known)["name"]

    def _find_job(self, is_meant: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        """CommandRefusedError for one that the source has dropped from its log: who has the slots is looked up anew."""
        found = next(filter(is_meant, self._jobs()), None)
        if found is None:
            raise CommandRefusedError(
                self.source.says(
                    "no longer says what became of its slot migration; cluster-slot-migration-log-max-len is too small"
                )
            )
        return found

    def _password(self) -> str:
        """The hash of what the source logs in with."""
        return password_hash(str(self.source.ask("CONFIG", "GET", "masterauth")[1]))

    def _jobs(self) -> list[dict[str, str]]:
        jobs = _as_dicts(self.source.ask("CLUSTER", "GETSLOTMIGRATIONS"))
        return [job for job in jobs if job["operation"] == "EXPORT"]


def _bounds(slots: Collection[int]) -> list[int]:
    return [bound for pair in as_ranges({*slots}) for bound in pair]


def _slots(job: dict[str, str]) -> set[int]:
    """Of a job of Valkey's, which writes "0-10 20-29"."""
    pairs = (part.partition("-") for part in job["slot_ranges"].split())
    return {slot for first, _, last in pairs for slot in range(int(first), int(last or first) + 1)}


def _as_dicts(answer: list[list[Any]]) -> list[dict[str, str]]:
    """Tasks come as flat lists of fields and values."""
    return [dict(zip(map(str, task[::2]), map(str, task[1::2]), strict=True)) for task in answer]
