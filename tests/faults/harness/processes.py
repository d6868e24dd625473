"""Processes of pods, found and signalled from this machine; nothing in the pods helps with it."""

import os
import signal
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.faults.harness.kubernetes import Pod

SERVERS = ("redis-server", "valkey-server")
"""The programs' names: Valkey's images may lack the first."""


def _all() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _read(pid: int, file: str) -> str:
    """Empty for a process that has gone."""
    try:
        return Path(f"/proc/{pid}/{file}").read_text(errors="replace")
    except OSError:
        return ""


def program(pid: int) -> str:
    """The first 15 characters of its name."""
    return _read(pid, "comm").strip()


def processes_of(uid: str, name: str | None = None) -> list[int]:
    """The host's numbers of a pod's processes; those of one program, if it is named."""
    candidates = (pid for pid in _all() if name is None or program(pid) == name)
    return [pid for pid in candidates if f"/pod{uid}/" in _read(pid, "cgroup")]


def servers_of(uid: str) -> list[int]:
    """The host's numbers of a pod's Redis processes, whichever server its image brings."""
    return [pid for name in SERVERS for pid in processes_of(uid, name)]


def descendants(ancestor: int) -> list[int]:
    """The processes that a process has started, and those that these have."""
    parents = {pid: int(stat.rsplit(")", 1)[1].split()[1]) for pid in _all() if (stat := _read(pid, "stat"))}
    found = [ancestor]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]


def kill_engine() -> None:
    """Pulumi's engine and its plugins, as far as this process has started them."""
    for pid in descendants(os.getpid()):
        if program(pid).startswith("pulumi"):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def signal_redis(pod: Pod, number: signal.Signals) -> bool:
    """Whether there was a process to send it to."""
    pids = servers_of(pod.uid)
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
    return bool(pids)


def keep_killing(pods: list[Pod], seconds: float) -> int:
    """SIGKILL to every Redis process of these pods, and to those that come after it; returns how many."""
    end, killed = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        killed += sum(signal_redis(pod, signal.SIGKILL) for pod in pods)
        time.sleep(0.05)
    return killed


@contextmanager
def paused(pod: Pod) -> Generator[None]:
    """Redis is stopped (SIGSTOP) inside, and goes on afterwards in any case."""
    signal_redis(pod, signal.SIGSTOP)
    try:
        yield
    finally:
        signal_redis(pod, signal.SIGCONT)
