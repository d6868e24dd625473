"""Lost and full volumes. Whatever a master comes back without, its replica must not lose."""

import shutil
import signal
from pathlib import Path

from devcluster.cluster.node import Node
from tests.faults.catalog.fault import Expectation, Fault
from tests.faults.harness.context import FaultContext
from tests.faults.harness.deployment import Volume
from tests.faults.harness.kubernetes import Pod
from tests.faults.harness.processes import paused, signal_redis

NODES_CONF = "nodes.conf"
FULL_SECONDS, LONG_FULL_SECONDS = 10.0, 600.0
VOLUME_MIB = 24


def _empty(folder: Path, *, keep: str | None = None) -> None:
    for entry in folder.iterdir():
        if entry.name == keep:
            continue
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def lose_volume_and_pod(context: FaultContext, pod: Pod) -> None:
    """Redis must not get to write anything on its way out, so it is stopped before."""
    folder = context.deployment.volume(pod.name).folder
    context.begin()
    with paused(pod):
        _empty(folder)
        context.deployment.kubectl("delete", "pod", pod.name, "--grace-period=0", "--force", "--wait=false")
        context.wait(lambda: _is_replaced(context, pod), 60, f"another {pod.name} runs")


def _is_replaced(context: FaultContext, pod: Pod) -> bool:
    return any(other.name == pod.name and other.uid != pod.uid and other.ip for other in context.pods())


def _lose_replica_volume(context: FaultContext) -> None:
    lose_volume_and_pod(context, context.replica(0).pod)


def _lose_master_volume_new_ip(context: FaultContext) -> None:
    lose_volume_and_pod(context, context.master(0).pod)


def _lose_master_volume_same_ip(context: FaultContext) -> None:
    _restart_emptied(context, keep=None)


def _empty_restart(context: FaultContext) -> None:
    _restart_emptied(context, keep=NODES_CONF)


def _restart_emptied(context: FaultContext, keep: str | None) -> None:
    """The container alone is restarted: the pod, its address and, with nodes.conf, the node's identity stay."""
    pod = context.master(0).pod
    folder = context.deployment.volume(pod.name).folder
    context.begin()
    with paused(pod):
        _empty(folder, keep=keep)
        signal_redis(pod, signal.SIGKILL)


# A volume that can be full


def _fill_volume(context: FaultContext, seconds: float) -> None:
    """A replica gets a small volume and becomes the master; then something else fills that volume."""
    replica = context.replica(0)
    volume = context.deployment.volume(replica.pod.name)
    _remount(context, replica.pod, volume, small=True)
    context.deployment.kubectl("delete", "pod", context.master(0).pod.name, "--wait=false")
    context.wait(lambda: _master_name(context) == replica.pod.name, 60, f"{replica.pod.name} is the master")
    context.wait_well(60)
    context.begin()
    # It is mounted inside the node alone.
    ballast = f"{volume.inside}/ballast"
    try:
        # Never more than the volume holds: if it were not mounted, this would go to the machine's own disk.
        _fill(volume.machine, ballast, VOLUME_MIB)
        assert _is_small(volume), "the small volume is no longer mounted"
        context.wait(lambda: not context.written_since(0, context.now() - 2.0), 60, "the full volume stops the writes")
        context.wait(lambda: context.now() - context.begun > seconds, seconds + 5, "it stays full for a while")
        context.note("writes were refused while the volume was full")
    finally:
        volume.machine.run(["rm", "-f", ballast])


def _fill(machine: Node, file: str, mebibytes: int) -> None:
    """Until there is no room, or so much is written."""
    machine.run(["sh", "-c", f"dd if=/dev/zero of={file} bs=64k count={mebibytes * 16} 2>/dev/null; :"])


def _is_small(volume: Volume) -> bool:
    return f" {volume.inside} " in volume.machine.run(["cat", "/proc/self/mounts"])


def _master_name(context: FaultContext) -> str | None:
    masters = [facts.pod.name for facts in context.nodes() if facts.pod.shard == 0 and facts.owns_slots]
    return masters[0] if len(masters) == 1 else None


def _remount(context: FaultContext, pod: Pod, volume: Volume, *, small: bool) -> None:
    """Another pod of that name gets an empty volume: one of VOLUME_MIB MiB, or again the folder itself."""
    with paused(pod):
        if small:
            _empty(volume.folder)
            options = f"size={VOLUME_MIB}m,mode=2775,gid=999"
            # What is mounted in a shared tree also appears where the old pod has the folder, and goes with that pod.
            for command in (
                ["mount", "--bind", volume.inside, volume.inside],
                ["mount", "--make-private", volume.inside],
                ["mount", "-t", "tmpfs", "-o", options, "tmpfs", volume.inside],
            ):
                volume.machine.run(command)
        else:
            volume.machine.run(["sh", "-c", f"while mountpoint -q {volume.inside}; do umount -l {volume.inside}; done"])
        context.deployment.kubectl("delete", "pod", pod.name, "--grace-period=0", "--force", "--wait=false")
        context.wait(lambda: _is_replaced(context, pod), 60, f"another {pod.name} runs")
    context.wait_well(90)


def _unmount_small_volume(context: FaultContext) -> None:
    for facts in context.nodes():
        volume = context.deployment.volume(facts.pod.name)
        if _is_small(volume):
            _remount(context, facts.pod, volume, small=False)


UNPLANNED = Expectation(lost=None, longest_gap=15.0)

FAULTS = (
    Fault(
        "lose-replica-volume",
        "a replica's volume is emptied and its pod deleted",
        _lose_replica_volume,
        Expectation(lost=0, longest_gap=1.0),
    ),
    Fault(
        "lose-master-volume-new-ip",
        "a master's volume is emptied and its pod deleted",
        _lose_master_volume_new_ip,
        UNPLANNED,
    ),
    Fault(
        "lose-master-volume-same-ip",
        "a master's volume is emptied and its process killed: the pod stays",
        _lose_master_volume_same_ip,
        UNPLANNED,
    ),
    Fault(
        "empty-restart",
        "a master's data is removed, but not its nodes.conf, and its process killed",
        _empty_restart,
        UNPLANNED,
    ),
    Fault(
        "fill-volume",
        f"a master's volume is full for {FULL_SECONDS:.0f} s",
        lambda context: _fill_volume(context, FULL_SECONDS),
        Expectation(lost=0),
        act_seconds=300,
        restore=_unmount_small_volume,
    ),
    Fault(
        "long-full-volume",
        f"a master's volume is full for {LONG_FULL_SECONDS / 60:.0f} min",
        lambda context: _fill_volume(context, LONG_FULL_SECONDS),
        Expectation(lost=0),
        act_seconds=300 + LONG_FULL_SECONDS,
        long=True,
        restore=_unmount_small_volume,
    ),
)
