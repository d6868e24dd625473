"""Processes of pods, found and signalled from this machine; nothing in the pods helps with it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator, Sequence
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
    signal_all([pid for pid in descendants(os.getpid()) if program(pid).startswith("pulumi")], signal.SIGKILL)


def signal_redis(pod: Pod, number: signal.Signals) -> bool:
    """Whether there was a process to send it to."""
    pids = servers_of(pod.uid)
    signal_all(pids, number)
    return bool(pids)


def keep_killing(pods: list[Pod], seconds: float) -> int:
    """SIGKILL to every Redis process of these pods, and to those that come after it; returns how many."""
    end, killed = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        killed += sum(signal_redis(pod, signal.SIGKILL) for pod in pods)
        time.sleep(0.05)
    return killed


@contextmanager
def kept_down(pods: Sequence[Pod], name: str) -> Generator[None]:
    """SIGKILL to every process of this program in these pods, and to those that come after it, while it lasts."""
    over = threading.Event()

    def kill() -> None:
        while not over.is_set():
            named = (pid for pid in _all() if program(pid) == name)
            groups = {pid: _read(pid, "cgroup") for pid in named}
            found = [pid for pid, group in groups.items() if any(f"/pod{pod.uid}/" in group for pod in pods)]
            signal_all(found, signal.SIGKILL)
            over.wait(0.1)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def busy_machine(loops: int, seconds: float) -> Generator[None]:
    """So many programs that use all the processor time they get; none goes on for longer than `seconds`."""
    code = f"import time\nend = time.monotonic() + {seconds}\nwhile time.monotonic() < end: pass"
    programs = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(loops)]
    try:
        yield
    finally:
        for each in programs:
            each.kill()
            each.wait()


@contextmanager
def paused(pod: Pod) -> Generator[None]:
    """Redis is stopped (SIGSTOP) inside, and goes on afterwards in any case."""
    with stopped(servers_of(pod.uid)):
        yield


@contextmanager
def stopped(pids: Sequence[int]) -> Generator[None]:
    """These processes are stopped (SIGSTOP) inside, and go on afterwards in any case."""
    signal_all(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        signal_all(pids, signal.SIGCONT)


def signal_all(pids: Sequence[int], number: signal.Signals) -> None:
    """One that has ended meanwhile is no error."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
