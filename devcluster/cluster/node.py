"""A node of the cluster: a process tree with its own mount, pid, network, uts and ipc namespaces.

Its root is the node image, read-only, with /var and the configuration from the state folder. Its first
process reaps orphans and does nothing else: when it ends, the kernel ends every process, mount and network
interface of the node, as a power cut would, and nothing of them is left on the host.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from command_line.subprocesses import CommandError, run
from devcluster.plan import NodePlan

MARK = "WEBTIER_MACHINE"
"""The environment variable that every process started here carries, with the node's folder as value.

Its name and the folders' stay: a newer version finds the nodes that an older one has started.
"""

PATH = "/opt/webtier:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_BOOT = (Path(__file__).parent / "boot.sh").read_text()


@dataclass(frozen=True)
class Node:
    plan: NodePlan
    folder: Path

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def var(self) -> Path:
        """The node's /var, as the host sees it."""
        return self.folder / "var"

    @property
    def etc(self) -> Path:
        """The node's /etc/kubernetes, as the host sees it."""
        return self.folder / "etc"

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def first_process(self) -> int | None:
        """The host's number of the node's first process, or None when the node is off."""
        return next(filter(_is_first_in_namespace, marked_processes(self.folder)), None)

    def start(self, image: Path, binaries: Path, neighbours: Path | None = None) -> None:
        """Boot the node from the node image; `neighbours`, if given, appears at /var/lib/machines."""
        for part in (self.var / "lib", self.log, self.etc):
            part.mkdir(parents=True, exist_ok=True)
        booted = self.var / "lib" / "boot"
        booted.unlink(missing_ok=True)
        log = self.log / "boot.log"
        log.unlink(missing_ok=True)
        namespaces = ("--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--propagation", "private")
        self._spawn(
            ["unshare", *namespaces, "/bin/sh", "-c", _BOOT],
            log,
            NAME=self.name,
            FOLDER=str(self.folder),
            IMAGE=str(image),
            BINARIES=str(binaries),
            NEIGHBOURS=str(neighbours or ""),
        )
        wait_until(booted.exists, 20, f"{self.name} boots (its log: {log})")

    def kill(self) -> None:
        """Cut the node's power; returns when every process of it is gone."""
        pid = self.first_process
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self._end_stragglers(), 20, f"the processes of {self.name} end")

    def _end_stragglers(self) -> bool:
        """End what carries the mark but lives outside, such as a boot that was interrupted."""
        found = False
        for pid in marked_processes(self.folder):
            found = True
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return found

    def enter(self, command: Sequence[str]) -> list[str]:
        """The command line that runs `command` inside the node."""
        pid = self.first_process
        if pid is None:
            raise CommandError(command, 1, f"{self.name} is not running")
        target = ("--target", str(pid), "--mount", "--pid", "--net", "--uts", "--ipc", "--root", "--wd")
        environment = (f"PATH={PATH}", f"{MARK}={self.folder}", "HOME=/tmp")
        return ["nsenter", *target, "--", "/usr/bin/env", "-i", *environment, *command]

    def run(self, command: Sequence[str], *, input: str | None = None, timeout: float = 60) -> str:
        """Run a program inside to its end and return its output; like `run` of command_line.subprocesses."""
        try:
            return run(self.enter(command), input=input, timeout=timeout)
        except CommandError as problem:
            raise CommandError(command, problem.code, f"(on {self.name}) {problem.output}") from None

    def succeeds(self, command: Sequence[str], timeout: float) -> bool:
        """Whether a program inside ends well, within so many seconds."""
        try:
            self.run(command, timeout=timeout)
        except (CommandError, subprocess.TimeoutExpired):
            return False
        return True

    def ensure(self, name: str, command: Sequence[str]) -> bool:
        """Start a daemon that does not run, and say whether it had to be started. `name` is that of its program."""
        is_down = self.daemon(name) is None
        if is_down:
            self.spawn(name, command)
        return is_down

    def spawn(self, name: str, command: Sequence[str]) -> None:
        """Start a daemon inside the node; its output is appended to /var/log/<name>.log there."""
        self._spawn(self.enter(command), self.log / f"{name}.log")

    def _spawn(self, command: Sequence[str], log: Path, **variables: str) -> None:
        with log.open("ab") as output:
            subprocess.Popen(
                command,
                env={MARK: str(self.folder), "PATH": PATH, **variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def daemon(self, name: str) -> int | None:
        """The host's number of the node's process whose program has this name, or None."""
        found = (pid for pid in marked_processes(self.folder) if Path(_words(pid, "cmdline")[0]).name == name)
        return next(found, None)


def marked_processes(folder: Path) -> Iterator[int]:
    """Every process whose mark names `folder` or something below it."""
    exact, below = f"{MARK}={folder}", f"{MARK}={folder}/"
    for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        if any(word == exact or word.startswith(below) for word in _words(pid, "environ")):
            yield pid


def _words(pid: int, file: str) -> list[str]:
    try:
        return Path(f"/proc/{pid}/{file}").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return [""]


def _is_first_in_namespace(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    numbers = fields.get("NSpid", "").split()
    return len(numbers) == 2 and numbers[-1] == "1" and not fields["State"].strip().startswith("Z")


def wait_until(true: Callable[[], object], seconds: float, what: str, pause: float = 0.1) -> None:
    """Call `true` until it answers something true; after `seconds` raise CommandError that names `what`."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise CommandError(["wait"], 1, f"after {seconds:.0f} s still waiting until {what}")
        time.sleep(pause)
