"""Lost and full volumes. Whatever a master comes back without, its replica must not lose."""

import shutil
import signal
from pathlib import Path

from devcluster.cluster.node import Node
from tests.faults.catalog.fault import Expectation, Fault
from tests.faults.harness.context import Scene
from tests.faults.harness.deployment import Volume
from tests.faults.harness.kubernetes import Pod
from tests.faults.harness.observer import Facts
from tests.faults.harness.processes import paused, signal_redis

NODES_CONF = "nodes.conf"
FULL_SECONDS = 10.0
VOLUME_MIB = 24


def _empty(folder: Path, *, keep: str | None = None) -> None:
    for entry in folder.iterdir():
        if entry.name == keep:
            continue
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _lose_volume_and_pod(scene: Scene, pod: Pod) -> None:
    """Redis must not get to write anything on its way out, so it is stopped before."""
    folder = scene.deployment.volume(pod.name).folder
    scene.begin()
    with paused(pod):
        _empty(folder)
        scene.deployment.kubectl("delete", "pod", pod.name, "--grace-period=0", "--force", "--wait=false")
        scene.wait(lambda: _is_replaced(scene, pod), 60, f"another {pod.name} runs")


def _is_replaced(scene: Scene, pod: Pod) -> bool:
    return any(other.name == pod.name and other.uid != pod.uid and other.ip for other in scene.observer.pods.list())


def _lose_replica_volume(scene: Scene) -> None:
    _lose_volume_and_pod(scene, scene.replica(0).pod)


def _lose_master_volume_new_ip(scene: Scene) -> None:
    _lose_volume_and_pod(scene, scene.master(0).pod)


def _lose_master_volume_same_ip(scene: Scene) -> None:
    _restart_emptied(scene, keep=None)


def _empty_restart(scene: Scene) -> None:
    _restart_emptied(scene, keep=NODES_CONF)


def _restart_emptied(scene: Scene, keep: str | None) -> None:
    """The container alone is restarted: the pod, its address and, with nodes.conf, the node's identity stay."""
    pod = scene.master(0).pod
    folder = scene.deployment.volume(pod.name).folder
    scene.begin()
    with paused(pod):
        _empty(folder, keep=keep)
        signal_redis(pod, signal.SIGKILL)


# A volume that can be full


def _fill_volume(scene: Scene) -> None:
    """A replica gets a small volume and becomes the master; then something else fills that volume."""
    replica = scene.replica(0)
    volume = scene.deployment.volume(replica.pod.name)
    _remount(scene, replica.pod, volume, small=True)
    scene.deployment.kubectl("delete", "pod", scene.master(0).pod.name, "--wait=false")
    scene.wait(lambda: _master_name(scene) == replica.pod.name, 60, f"{replica.pod.name} is the master")
    scene.wait_well(60)
    scene.begin()
    # It is mounted inside the node alone.
    ballast = f"{volume.inside}/ballast"
    try:
        # Never more than the volume holds: if it were not mounted, this would go to the machine's own disk.
        _fill(volume.machine, ballast, VOLUME_MIB)
        assert _is_small(volume), "the small volume is no longer mounted"
        scene.wait(lambda: not scene.written_since(0, scene.now() - 2.0), 60, "the full volume stops the writes")
        scene.wait(lambda: scene.now() - scene.begun > FULL_SECONDS, FULL_SECONDS + 5, "it stays full for a while")
        scene.note("writes were refused while the volume was full")
    finally:
        volume.machine.run(["rm", "-f", ballast])


def _fill(machine: Node, file: str, mebibytes: int) -> None:
    """Until there is no room, or so much is written."""
    machine.run(["sh", "-c", f"dd if=/dev/zero of={file} bs=64k count={mebibytes * 16} 2>/dev/null; :"])


def _is_small(volume: Volume) -> bool:
    return f" {volume.inside} " in volume.machine.run(["cat", "/proc/self/mounts"])


def _master_name(scene: Scene) -> str | None:
    masters: list[Facts] = [facts for facts in scene.masters() if facts.pod.shard == 0 and facts.view.myself.slots]
    return masters[0].pod.name if len(masters) == 1 else None


def _remount(scene: Scene, pod: Pod, volume: Volume, *, small: bool) -> None:
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
        scene.deployment.kubectl("delete", "pod", pod.name, "--grace-period=0", "--force", "--wait=false")
        scene.wait(lambda: _is_replaced(scene, pod), 60, f"another {pod.name} runs")
    scene.wait_well(90)


def _unmount_small_volume(scene: Scene) -> None:
    for facts in scene.nodes():
        volume = scene.deployment.volume(facts.pod.name)
        if _is_small(volume):
            _remount(scene, facts.pod, volume, small=False)


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
        _fill_volume,
        Expectation(lost=0),
        act_seconds=300,
        restore=_unmount_small_volume,
    ),
)
