"""What must be true before anything is changed; each failure is one paragraph that says what to do."""

import fcntl
import os
import platform
import shutil
import socket
import struct
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from command_line.errors import UserError
from command_line.subprocesses import run, succeeds
from devcluster.paths import ClusterPaths

MEMORY_NEEDED_KIB = 6 * 2**20
"""The idle cluster with the tier takes 2 GiB; the linker of the largest binary takes 3 GiB more."""
DISK_NEEDED_BYTES = 6 * 2**30
"""Images, node root and state, measured at 4 GiB, when nothing has to be built."""
CACHE_NEEDED_BYTES = 20 * 2**30
"""What Go's caches and the results need while everything is built, measured: 17 GB."""

HOST_PACKAGES = {
    "mmdebstrap": "mmdebstrap",
    "ip": "iproute2",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "gcc": "gcc",
}
"""The programs that run on the host itself, and the Debian packages that hold them."""

HOST_FILES = {
    "/usr/lib/*/libc.a": "libc6-dev",
    "/usr/share/keyrings/debian-archive-keyring.*": "debian-archive-keyring",
}
"""Files that must be there, as patterns, with their packages: the pause image is one static C program."""

_FEATURES = {
    "/proc/sys/net/ipv4/ip_forward": "IPv4 forwarding",
    "/proc/self/ns/net": "network namespaces",
    "/proc/self/ns/pid": "pid namespaces",
    "/proc/sys/net/bridge/bridge-nf-call-iptables": "bridge netfilter (module br_netfilter)",
}

_NETLINK_NETFILTER = 12
_NFTABLES_GENERATION = (10 << 8) | 16
"""The question for the number of the newest change to nftables' rules: linux/netfilter/nf_tables.h."""


def check_platform() -> None:
    if platform.system() != "Linux":
        raise UserError(
            f"The embedded cluster needs Linux; this is {platform.system()}. Use kind or minikube and the stack "
            "`dev` instead: see 'Your own cluster' in the README."
        )
    if os.geteuid() != 0:
        raise UserError(
            f"The embedded cluster makes network namespaces, mounts and cgroups, which only root may do; you are uid "
            f"{os.geteuid()}. Run `sudo make up`, or use kind or minikube and the stack `dev`: see the README."
        )


def check_kernel() -> None:
    for module in ("overlay", "br_netfilter", "nf_tables", "veth"):
        succeeds(["modprobe", module])
    missing = [what for path, what in _FEATURES.items() if not Path(path).exists()]
    if not _netfilter_answers(_NFTABLES_GENERATION):
        missing.append("nftables, for Services and NetworkPolicies (module nf_tables)")
    if "overlay" not in Path("/proc/filesystems").read_text():
        missing.append("overlayfs (module overlay)")
    if not any(Path("/sys/fs/cgroup").glob("*/cgroup.procs")) and not Path("/sys/fs/cgroup/cgroup.procs").exists():
        missing.append("cgroups mounted at /sys/fs/cgroup")
    if missing:
        raise UserError(
            f"This kernel ({platform.release()}) lacks what the nodes need: {', '.join(missing)}. Load the modules "
            "named (`modprobe NAME`), or use a machine whose kernel has them."
        )


def _netfilter_answers(question: int) -> bool:
    """Whether the kernel knows this message of netfilter; what it doesn't have, it answers with an error."""
    is_request, error = 1, 2
    message = struct.pack("=IHHIIBBH", 20, question, is_request, 1, 0, 0, 0, 0)
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as kernel:
            kernel.settimeout(10)
            kernel.send(message)
            (kind,) = struct.unpack_from("=H", kernel.recv(4096), 4)
    except OSError:
        return False
    return kind != error


def check_room(paths: ClusterPaths, will_build: bool) -> None:
    """Disk and memory for what is about to happen."""
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    memory = int(fields["MemTotal"].split()[0])
    if memory < MEMORY_NEEDED_KIB:
        raise UserError(
            f"This machine has {memory / 2**20:.1f} GiB of memory; building and running the embedded cluster takes "
            f"{MEMORY_NEEDED_KIB / 2**20:.0f} GiB. Use a larger machine, or another cluster with `pulumi up -s dev`."
        )
    needed = DISK_NEEDED_BYTES + (CACHE_NEEDED_BYTES if will_build else 0)
    for folder in (paths.cache, paths.state):
        free = shutil.disk_usage(_nearest_existing(folder)).free
        if free < needed:
            variable = "XDG_CACHE_HOME" if folder == paths.cache else "XDG_STATE_HOME"
            raise UserError(
                f"{folder} is on a disk with {free / 2**30:.1f} GiB free; this needs {needed / 2**30:.0f} GiB"
                f"{' while it builds' if will_build else ''}. Free some, or set {variable} to a larger disk."
            )


def install_host_packages() -> list[str]:
    """Install Debian's packages that are missing; returns them. UserError that names them where there is no apt-get."""
    missing = sorted(
        {package for program, package in HOST_PACKAGES.items() if shutil.which(program) is None}
        | {package for pattern, package in HOST_FILES.items() if not any(Path("/").glob(pattern[1:]))}
    )
    if not missing:
        return []
    if shutil.which("apt-get") is None:
        raise UserError(
            f"These packages are missing, and there is no apt-get to install them: {', '.join(missing)}. Install "
            "them with this machine's package manager and run `make up` again."
        )
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-q"], env=environment, timeout=300)
    run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing], env=environment, timeout=600)
    return missing


@contextmanager
def only_one(paths: ClusterPaths, command: str) -> Generator[None]:
    """Hold the state folder for one `up` or `down` at a time; the kernel lets go of it when the process ends."""
    paths.state.mkdir(parents=True, exist_ok=True)
    with (paths.state / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read().strip() or "another process"
            raise UserError(
                f"The embedded cluster is being changed by {holder}. Wait until that has ended, or stop it, and "
                f"run `make {command}` again."
            ) from None
        lock.truncate(0)
        lock.write(f"`make {command}` (process {os.getpid()})")
        lock.flush()
        yield
        lock.truncate(0)


def _nearest_existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
