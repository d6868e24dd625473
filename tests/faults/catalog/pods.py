"""Faults of pods."""

import time

from tests.faults.catalog.fault import PLANNED, Expectation, Fault
from tests.faults.harness.context import FaultContext
from tests.faults.harness.kubernetes import Pod

GONE_SECONDS = 100.0
ROLLED_SECONDS = 240.0
STATE_OK_SECONDS = 10.0
AHEAD_SECONDS = 15.0
"""For so long a replica is back before its master: Redis would elect it after one and a half node timeouts."""
REDIS = "app.kubernetes.io/name=redis"


def replaced(context: FaultContext, old: list[Pod]) -> bool:
    """Whether each of these pods has gone, and another of its name has a running Redis."""
    uids = {pod.uid for pod in old}
    answering = {facts.pod.name for facts in context.nodes() if facts.pod.uid not in uids and not facts.pod.leaving}
    return {pod.name for pod in old} <= answering


def _delete_master_pod(context: FaultContext) -> None:
    pod = context.master(0).pod
    context.begin()
    context.deployment.kubectl("delete", "pod", pod.name, "--wait=false")
    context.wait(lambda: replaced(context, [pod]), GONE_SECONDS, f"another {pod.name} runs")


def _delete_replica_pod(context: FaultContext) -> None:
    pod = context.replica(0).pod
    context.begin()
    context.deployment.kubectl("delete", "pod", pod.name, "--wait=false")
    context.wait(lambda: replaced(context, [pod]), GONE_SECONDS, f"another {pod.name} runs")


def _delete_all_pods(context: FaultContext) -> None:
    pods = [facts.pod for facts in context.nodes()]
    context.begin()
    context.deployment.kubectl("delete", "pods", "-l", REDIS, "--wait=false")
    context.wait(lambda: replaced(context, pods), GONE_SECONDS, "all pods are replaced")
    started = context.now()
    context.wait_state_ok(60.0)
    taken = context.now() - started
    context.note(f"state ok {taken:.1f} s after the last start")
    context.require(
        taken <= STATE_OK_SECONDS, f"state ok {taken:.1f} s after the last start, not {STATE_OK_SECONDS:.0f}"
    )


def _replica_first(context: FaultContext) -> None:
    """Volumes are on nodes: a pod whose node takes none comes back when it does."""
    replica, master = context.replica(0).pod, context.master(0).pod
    kubectl = context.tier.kubectl
    context.begin()
    for pod in (replica, master):
        kubectl("cordon", pod.node or "")
        context.deployment.kubectl("delete", "pod", pod.name)
        # What the master takes now the replica never had.
        time.sleep(2.0)
    kubectl("uncordon", replica.node or "")
    context.wait(lambda: replaced(context, [replica]), GONE_SECONDS, f"another {replica.name} runs")
    time.sleep(AHEAD_SECONDS)
    elected = [facts.pod.name for facts in context.nodes() if facts.pod.shard == 0 and facts.owns_slots]
    context.require(not elected, f"{elected} took over with what it had")
    kubectl("uncordon", master.node or "")
    context.wait(lambda: replaced(context, [master]), GONE_SECONDS, f"another {master.name} runs")


def _restart_all(context: FaultContext) -> None:
    """Of all shards at once, as somebody does who knows Deployments."""
    sets = context.deployment.kubectl("get", "statefulsets", "-l", REDIS, "-o", "name").split()
    context.begin()
    context.deployment.kubectl("rollout", "restart", *sets)
    for each in sets:
        timeout = f"--timeout={ROLLED_SECONDS:.0f}s"
        context.deployment.kubectl("rollout", "status", each, timeout, timeout=ROLLED_SECONDS + 10)


FAULTS = (
    Fault("delete-pod", "`kubectl delete pod` of a master", _delete_master_pod, PLANNED, act_seconds=120),
    Fault("delete-replica", "`kubectl delete pod` of a replica", _delete_replica_pod, PLANNED, act_seconds=120),
    Fault(
        "rollout-restart",
        "`kubectl rollout restart` of all shards' StatefulSets at once",
        _restart_all,
        PLANNED,
        act_seconds=300,
    ),
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
