"""The nodes' cgroups: made before a kubelet starts, since it makes its own only below one that exists."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from devcluster.cluster.node import wait_until
from devcluster.plan import CGROUP

_ROOT = Path("/sys/fs/cgroup")

_CPU_WEIGHTS = {"cpu.shares": 8 * 1024, "cpu.weight": 8 * 100}
"""What all pods together weigh when the CPUs are busy, by the file of cgroups v1 and v2: 8 times the default.

By default they would weigh as much as one process beside them: kubelets, container runtimes and each test have their
own session, which Linux weighs alike, and pods would miss their probes on a machine that a whole cluster has.
"""


def of_node(name: str) -> str:
    """The kubelet's `cgroupRoot`: a path in every hierarchy."""
    return f"/{CGROUP}/{name}"


def make(name: str) -> None:
    """Make the node's cgroup in every hierarchy, usable from the start."""
    if is_unified():
        _enable_controllers(_ROOT)
        _enable_controllers(_ROOT / CGROUP)
        _weigh(_ROOT / CGROUP)
        _enable_controllers(_ROOT / CGROUP / name)
        return
    for hierarchy in _hierarchies():
        above = hierarchy
        for part in (CGROUP, name):
            here = above / part
            here.mkdir(exist_ok=True)
            # A new cpuset is empty, and no process can be put into an empty one.
            for file in ("cpuset.cpus", "cpuset.mems"):
                if (here / file).exists() and not (here / file).read_text().strip():
                    (here / file).write_text((above / file).read_text())
            above = here
        _weigh(hierarchy / CGROUP)


def _weigh(folder: Path) -> None:
    for file, weight in _CPU_WEIGHTS.items():
        if (folder / file).exists():
            (folder / file).write_text(str(weight))


def remove(name: str | None = None) -> None:
    """Remove the cgroups of one node, or of all of them and their parent. Their processes must have been killed."""
    for hierarchy in _hierarchies() if not is_unified() else [_ROOT]:
        top = hierarchy / CGROUP / name if name else hierarchy / CGROUP
        wait_until(lambda top=top: _is_removed(top), 20, f"the last processes leave {top}")


def _is_removed(top: Path) -> bool:
    for folder, _, _ in os.walk(top, topdown=False):
        try:
            Path(folder).rmdir()
        except FileNotFoundError:
            continue
        except OSError as problem:
            # A killed process is in its cgroup until the kernel has let go of all that it had.
            if problem.errno != errno.EBUSY:
                raise
            return False
    return True


def is_unified() -> bool:
    return (_ROOT / "cgroup.controllers").exists()


def _hierarchies() -> Iterator[Path]:
    for entry in sorted(_ROOT.iterdir()):
        if entry.is_dir() and not entry.is_symlink() and (entry / "cgroup.procs").exists():
            yield entry


def _enable_controllers(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    available = (folder / "cgroup.controllers").read_text().split()
    wanted = [name for name in ("cpu", "cpuset", "memory", "pids", "io") if name in available]
    (folder / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in wanted))
