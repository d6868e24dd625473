"""Redis 8.4 and later move slots by themselves, keys and all, in one command to the target.

Written from the documentation of `CLUSTER MIGRATION`, and tried only against a server that answers
as documented: no server that has the command could be had.
"""

import time
from collections.abc import Sequence
from typing import Any

from ..errors import CommandRefusedError
from ..redis.client import Node
from ..redis.topology import as_ranges
from .progress import Progress

_ENDED = frozenset({"completed", "failed", "canceled"})

_INTERVAL = 0.2
"""Seconds between two looks at a task."""


def is_native(node: Node) -> bool:
    """Whether the server has the command; an older one, or one that does not allow it, refuses."""
    try:
        node.ask("CLUSTER", "MIGRATION", "STATUS", "ALL")
    except CommandRefusedError:
        return False
    return True


def import_slots(target: Node, slots: Sequence[int], progress: Progress, end: float) -> None:
    """Lets the target import slots until they are its own, or the time is over.

    A task outlives whoever began it, so one that an earlier run has begun is waited for first.
    CommandRefusedError with the server's reason when a task has failed.
    """
    running = [task for task in _tasks(target, "ALL") if task["state"] not in _ENDED]
    if running:
        task_id = running[0]["id"]
    else:
        bounds = [bound for pair in as_ranges(set(slots)) for bound in pair]
        task_id = str(target.ask("CLUSTER", "MIGRATION", "IMPORT", *bounds))
    while time.monotonic() < end:
        (task,) = _tasks(target, "ID", task_id)
        if task["state"] == "completed":
            progress.add_slots(0 if running else len(slots))
            return
        if task["state"] in _ENDED:
            raise CommandRefusedError(target.says(f"has {task['state']} to import slots: {task['last_error']}"))
        time.sleep(_INTERVAL)


def _tasks(node: Node, *which: str) -> list[dict[str, str]]:
    """Tasks come as flat lists of fields and values."""
    answer: list[list[Any]] = node.ask("CLUSTER", "MIGRATION", "STATUS", *which)
    return [dict(zip(map(str, task[::2]), map(str, task[1::2]), strict=True)) for task in answer]
