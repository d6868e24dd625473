"""Copies that are not on the disk yet, and files that can't be read any more."""

import secrets
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.cluster.harness.tier import one_key_for_each_slot
from tests.faults.catalog.fault import Expectation, Fault
from tests.faults.harness.context import FaultContext
from tests.faults.harness.kubernetes import Pod
from tests.faults.harness.processes import paused, signal_redis

KEY_DELAY_MICROSECONDS = 1500
"""What each key takes a Redis that writes all of its data: as if there were more of it."""
SLOW: Mapping[str, Any] = {
    "conf": {"appendfsync": "always", "extra": {"rdb-key-save-delay": KEY_DELAY_MICROSECONDS}},
}
COPIED_SECONDS = 90.0
HANDED_SECONDS = 40.0
MISSED, MISSED_BYTES = 200, 1000
"""Keys that a replica misses while it is away: more than its master keeps for one."""
LARGE_KEYS, LARGE_BYTES = 40_000, 1000
DAMAGE = 4096
"""Bytes in the middle of a file."""


def _slot_of(context: FaultContext, shard: int) -> str:
    """A key of one of the shard's slots, for use as a tag."""
    return one_key_for_each_slot()[min(context.master(shard).view.myself.slots)]


def _in_the_window(context: FaultContext) -> tuple[Pod, Pod]:
    """The first shard's master, and its replica: that has just copied all, and its disk has older data than it has.

    Where the server makes the copy itself its append-only file, as Valkey 9.1 does, there is no such time.
    """
    master, replica = context.master(0).pod, context.replica(0).pod
    tag = _slot_of(context, 0)
    context.ask(master, "CONFIG", "SET", "repl-backlog-size", 16384)
    copies = _full_copies(context, master)
    signal_redis(replica, signal.SIGKILL)
    context.write_standing({f"{{{tag}}}:{number}": "x" * MISSED_BYTES for number in range(MISSED)})
    context.wait(
        lambda: _is_linked(context, replica) and _full_copies(context, master) > copies,
        COPIED_SECONDS,
        f"{replica.name} has copied its master in full",
    )
    return master, replica


def _full_copies(context: FaultContext, master: Pod) -> int:
    return int(context.info(master, "stats")["sync_full"])


def _is_linked(context: FaultContext, replica: Pod) -> bool:
    found = next((facts for facts in context.nodes() if facts.pod.uid == replica.uid), None)
    return found is not None and found.replication.get("master_link_status") == "up"


def _is_written(context: FaultContext, pod: Pod) -> bool:
    """Whether its append-only file is being written anew."""
    return context.info(pod, "persistence")["aof_rewrite_in_progress"] == "1"


def _keeps_copies(context: FaultContext, pod: Pod) -> bool:
    """Whether the server makes a copy of its master its append-only file (Valkey 9.1: `Reused RDB file`)."""
    version = context.info(pod, "server").get("valkey_version", "0.0")
    return tuple(map(int, version.split(".")[:2])) >= (9, 1)


def _killed_in_the_window(context: FaultContext, hand_over: Callable[[FaultContext, Pod, Pod], None]) -> None:
    master, replica = _in_the_window(context)
    context.begin()
    hand_over(context, master, replica)
    within = _is_written(context, replica)
    at_once = ": the server keeps it as its file" if _keeps_copies(context, replica) else ""
    context.note(f"all were killed {'before' if within else 'after'} the copy was on the disk{at_once}")
    for facts in context.nodes():
        signal_redis(facts.pod, signal.SIGKILL)


def _by_hand(context: FaultContext, _: Pod, replica: Pod) -> None:
    """Somebody makes the replica the master, whatever the agents think of it."""
    context.ask(replica, "CLUSTER", "FAILOVER")
    _wait_handed(context, replica)
    is_in_time = _is_written(context, replica) or _keeps_copies(context, replica)
    context.require(is_in_time, "the copy was on the disk before the shard was handed over")


def _by_its_end(context: FaultContext, master: Pod, replica: Pod) -> None:
    """The master's pod ends, and so hands over."""
    context.deployment.kubectl("delete", "pod", master.name, "--wait=false")
    _wait_handed(context, replica)


def _wait_handed(context: FaultContext, replica: Pod) -> None:
    handed = lambda: any(facts.pod.uid == replica.uid for facts in context.masters())  # noqa: E731
    context.wait(handed, HANDED_SECONDS, f"{replica.name} is the master")
    # So that there is something to be lost.
    time.sleep(1.0)


def _break_a_large_file(context: FaultContext) -> None:
    """In the middle, where no cut-off end explains it."""
    tag = _slot_of(context, 0)
    # Not to be compressed: a file may be made anew, as a snapshot, meanwhile.
    texts = (secrets.token_hex(LARGE_BYTES // 2) for _ in range(LARGE_KEYS))
    context.write_standing({f"{{{tag}}}:{number}": text for number, text in enumerate(texts)})
    replica = context.replica(0).pod
    context.wait_well(60)
    context.begin()
    with paused(replica):
        file = _largest(context.deployment.volume(replica.name).folder / "appendonlydir")
        size = file.stat().st_size
        with file.open("r+b") as opened:
            opened.seek(size // 2)
            opened.write(b"\xff" * DAMAGE)
        signal_redis(replica, signal.SIGKILL)
    context.note(f"{DAMAGE} of {size} bytes of {file.name} were overwritten")
    context.require(size > LARGE_KEYS * LARGE_BYTES // 3, f"{file.name} is not large")


def _largest(folder: Path) -> Path:
    return max(folder.iterdir(), key=lambda file: file.stat().st_size)


FAULTS = (
    Fault(
        "killed-in-the-window",
        "a replica that has just copied all is made the master by hand, and all processes are killed before that copy "
        "is on its disk, with `appendfsync: always`",
        lambda context: _killed_in_the_window(context, _by_hand),
        Expectation(lost=None),
        act_seconds=180,
        changes=SLOW,
    ),
    Fault(
        "ended-in-the-window",
        "the master's pod is deleted while a replica has just copied all, and all processes are killed once that "
        "replica is the master, with `appendfsync: always`",
        lambda context: _killed_in_the_window(context, _by_its_end),
        Expectation(lost=0),
        act_seconds=240,
        changes=SLOW,
    ),
    Fault(
        "large-broken-aof",
        f"{DAMAGE} bytes in the middle of a replica's append-only file of {LARGE_KEYS * LARGE_BYTES // 10**6} MB are "
        "overwritten, and its process is killed",
        _break_a_large_file,
        Expectation(lost=0, longest_gap=1.0),
        act_seconds=180,
    ),
)
