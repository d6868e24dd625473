"""Faults of pods."""

import time

from tests.faults.catalog.fault import PLANNED, Expectation, Fault
from tests.faults.harness.context import Scene
from tests.faults.harness.kubernetes import Pod

GONE_SECONDS = 100.0
STATE_OK_SECONDS = 10.0
AHEAD_SECONDS = 15.0
"""For so long a replica is back before its master: Redis would elect it after one and a half node timeouts."""
REDIS = "app.kubernetes.io/name=redis"


def _replaced(scene: Scene, old: list[Pod]) -> bool:
    """Whether each of these pods has gone, and another of its name has a running Redis."""
    uids = {pod.uid for pod in old}
    answering = {facts.pod.name for facts in scene.nodes() if facts.pod.uid not in uids and not facts.pod.leaving}
    return {pod.name for pod in old} <= answering


def _delete_master_pod(scene: Scene) -> None:
    pod = scene.master(0).pod
    scene.begin()
    scene.deployment.kubectl("delete", "pod", pod.name, "--wait=false")
    scene.wait(lambda: _replaced(scene, [pod]), GONE_SECONDS, f"another {pod.name} runs")


def _delete_replica_pod(scene: Scene) -> None:
    pod = scene.replica(0).pod
    scene.begin()
    scene.deployment.kubectl("delete", "pod", pod.name, "--wait=false")
    scene.wait(lambda: _replaced(scene, [pod]), GONE_SECONDS, f"another {pod.name} runs")


def _delete_all_pods(scene: Scene) -> None:
    pods = [facts.pod for facts in scene.nodes()]
    scene.begin()
    scene.deployment.kubectl("delete", "pods", "-l", REDIS, "--wait=false")
    scene.wait(lambda: _replaced(scene, pods), GONE_SECONDS, "all pods are replaced")
    started = scene.now()
    scene.wait_state_ok(60.0)
    taken = scene.now() - started
    scene.note(f"state ok {taken:.1f} s after the last start")
    scene.require(taken <= STATE_OK_SECONDS, f"state ok {taken:.1f} s after the last start, not {STATE_OK_SECONDS:.0f}")


def _replica_first(scene: Scene) -> None:
    """Volumes are on nodes: a pod whose node takes none comes back when it does."""
    replica, master = scene.replica(0).pod, scene.master(0).pod
    kubectl = scene.tier.kubectl
    scene.begin()
    for pod in (replica, master):
        kubectl("cordon", pod.node or "")
        scene.deployment.kubectl("delete", "pod", pod.name)
        # What the master takes now the replica never had.
        time.sleep(2.0)
    kubectl("uncordon", replica.node or "")
    scene.wait(lambda: _replaced(scene, [replica]), GONE_SECONDS, f"another {replica.name} runs")
    time.sleep(AHEAD_SECONDS)
    elected = [facts.pod.name for facts in scene.masters() if facts.pod.shard == 0]
    scene.require(not elected, f"{elected} took over with what it had")
    kubectl("uncordon", master.node or "")
    scene.wait(lambda: _replaced(scene, [master]), GONE_SECONDS, f"another {master.name} runs")


FAULTS = (
    Fault("delete-pod", "`kubectl delete pod` of a master", _delete_master_pod, PLANNED, act_seconds=120),
    Fault("delete-replica", "`kubectl delete pod` of a replica", _delete_replica_pod, PLANNED, act_seconds=120),
    Fault(
        "delete-all-pods",
        "`kubectl delete pods` of all at once",
        _delete_all_pods,
        Expectation(lost=0),
        act_seconds=180,
        subset=True,
    ),
    Fault(
        "replica-first",
        "a replica ends, then its master; the replica is back 15 s before it",
        _replica_first,
        Expectation(lost=0),
        act_seconds=180,
    ),
)
