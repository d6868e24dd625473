"""How each kind of step is done. All of it is bounded, and undone when the step ends, whatever ends it."""

import json
import signal
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager

from pulumi import automation

from command_line.subprocesses import CommandError
from tests.faults.catalog.pods import replaced
from tests.faults.catalog.volumes import lose_volume_and_pod
from tests.faults.chaos.kinds import SABOTAGE
from tests.faults.chaos.schedule import Step
from tests.faults.chaos.site import LeftOutError, Site
from tests.faults.clients.access import Access
from tests.faults.harness import verify
from tests.faults.harness.deployment import NAME
from tests.faults.harness.harness import in_short
from tests.faults.harness.kubernetes import Pod
from tests.faults.harness.observer import Shape
from tests.faults.harness.partition import cut_off
from tests.faults.harness.processes import kill_engine, paused, processes_of, signal_all, signal_redis

REPLACED_SECONDS = 120.0
AGENT = "python3"
"""The agent's program."""
SABOTAGED_WRITES = 3

Act = Callable[[Site, Step], str]
"""Does it, and says to whom, or what else there is to say. LeftOutError when it can't be done now."""


def _kill(site: Site, step: Step) -> str:
    pod = site.member(step)
    _must(signal_redis(pod, signal.SIGKILL), f"{pod.name} has no Redis process")
    return pod.name


def _kill_shard(site: Site, step: Step) -> str:
    pods = site.pods(step.shard)
    for pod in pods:
        signal_redis(pod, signal.SIGKILL)
    # Its processes are gone, but nothing else may happen until they are back.
    site.wait(lambda: step.shard is None or site.is_whole(step.shard), step.kind.most, f"shard {step.shard} is whole")
    return _names(pods)


def _stop(site: Site, step: Step) -> str:
    pod = site.member(step)
    with paused(pod):
        site.pause(step.seconds)
    return pod.name


def _delete_forced(site: Site, step: Step) -> str:
    pod = site.member(step)
    site.context.deployment.kubectl("delete", "pod", pod.name, "--grace-period=0", "--force", "--wait=false")
    return pod.name


def _partition(site: Site, step: Step) -> str:
    return _cut_off(site, step, from_clients=False)


def _isolate(site: Site, step: Step) -> str:
    return _cut_off(site, step, from_clients=True)


def _cut_off(site: Site, step: Step, *, from_clients: bool) -> str:
    pod = site.member(step)
    _must(len(processes_of(pod.uid, "pause")) == 1, f"{pod.name} has no sandbox")
    try:
        with cut_off(site.context.machine(pod.node), pod, from_clients=from_clients):
            site.pause(step.seconds)
    except CommandError:
        # A pod that was deleted meanwhile took its network along, and the cut with it.
        if processes_of(pod.uid, "pause"):
            raise
        return f"{pod.name}, which was deleted meanwhile"
    return pod.name


def _kill_agent(site: Site, step: Step) -> str:
    pod = site.member(step)
    pids = processes_of(pod.uid, AGENT)
    _must(pids, f"{pod.name} has no agent's process")
    signal_all(pids, signal.SIGKILL)
    return pod.name


def _lose_volume(site: Site, step: Step) -> str:
    pod = site.member(step)
    lose_volume_and_pod(site.context, pod)
    # Until there are two copies again, nothing may happen to the only one.
    site.wait(lambda: step.shard is None or site.is_whole(step.shard), step.kind.most, f"shard {step.shard} is whole")
    return pod.name


# Planned work


def _delete(site: Site, step: Step) -> str:
    return _delete_and_wait(site, [site.member(step)])


def _delete_replicas(site: Site, step: Step) -> str:
    del step
    pods = [facts.pod for facts in site.context.nodes() if not facts.is_master]
    _must(pods, "there are no replicas")
    return _delete_and_wait(site, pods)


def _delete_and_wait(site: Site, pods: Sequence[Pod]) -> str:
    names = [pod.name for pod in pods]
    site.context.deployment.kubectl("delete", "pods", *names, "--wait=false", "--ignore-not-found")
    _wait_replaced(site, pods)
    return _names(pods)


def _wait_replaced(site: Site, pods: Sequence[Pod]) -> None:
    site.wait(lambda: replaced(site.context, list(pods)), REPLACED_SECONDS, f"{_names(pods)} are there again")


def _evict_node(site: Site, step: Step) -> str:
    """As `kubectl drain` does, but for the node's being closed: others use it too."""
    node = site.member(step).node
    pods = [pod for pod in site.pods() if pod.node == node and not pod.leaving]
    for pod in pods:
        site.wait(lambda pod=pod: _evict(site, pod), REPLACED_SECONDS, f"{pod.name} may be evicted", pause=1.0)
    _wait_replaced(site, pods)
    return f"{node}: {_names(pods)}"


def _evict(site: Site, pod: Pod) -> bool:
    """Whether the disruption budget allowed it, or the pod has gone."""
    namespace = site.context.deployment.namespace
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod.name, "namespace": namespace}}
    # Not another one of the same name.
    body |= {"deleteOptions": {"preconditions": {"uid": pod.uid}}}
    path = f"/api/v1/namespaces/{namespace}/pods/{pod.name}/eviction"
    done = site.context.tier.run("kubectl", "create", "--raw", path, "-f", "-", input=json.dumps(body))
    return done.returncode == 0 or "not found" in done.stderr or "Conflict" in done.stderr


def _restart(site: Site, step: Step) -> str:
    return _restart_sets(site, [f"{NAME}-shard-{step.shard}"], step)


def _restart_all(site: Site, step: Step) -> str:
    namespace = site.context.deployment.namespace
    found = site.context.tier.items("statefulsets", "-n", namespace)
    return _restart_sets(site, sorted(item["metadata"]["name"] for item in found), step)


def _restart_sets(site: Site, names: Sequence[str], step: Step) -> str:
    kubectl = site.context.deployment.kubectl
    kubectl("rollout", "restart", *(f"statefulset/{name}" for name in names))
    site.wait(lambda: all(_rolled(site, name) for name in names), step.kind.most, f"{', '.join(names)} are rolled", 1.0)
    return ", ".join(names)


def _rolled(site: Site, name: str) -> bool:
    found = site.context.tier.items("statefulsets", "-n", site.context.deployment.namespace)
    # One that a reshard has removed meanwhile is not waited for.
    for item in (item for item in found if item["metadata"]["name"] == name):
        status, wanted = item["status"], item["spec"]["replicas"]
        current = status.get("observedGeneration", 0) >= item["metadata"]["generation"]
        return current and status.get("updatedReplicas") == status.get("readyReplicas") == wanted
    return True


def _reshard(site: Site, step: Step) -> str:
    assert step.size is not None
    reshard(site, step.size, step.kind.most)
    return f"{step.size} shards"


def reshard(site: Site, size: int, seconds: float, *, again: bool = False) -> None:
    """`pulumi up` to so many shards. LeftOutError when it failed, and then it is owed."""
    deployment, observer = site.context.deployment, site.context.observer
    with site.deploying, _engine_for(seconds):
        site.owed = size
        observer.shape = Shape(size, observer.shape.replicas)
        try:
            if again:
                deployment.refresh()
            deployment.up({"shards": size})
        except automation.CommandError as error:
            raise LeftOutError(f"`pulumi up` to {size} shards failed: {in_short(error)}") from error
        site.owed = None


@contextmanager
def _engine_for(seconds: float) -> Generator[None]:
    """After so long the engine is killed, and what waits for it fails."""
    limit = threading.Timer(seconds, kill_engine)
    limit.daemon = True
    limit.start()
    try:
        yield
    finally:
        limit.cancel()


# To see that a run fails


def _delete_acknowledged(site: Site, step: Step) -> str:
    """Behind the backs of the writers: some writes of each kind, and a counter."""
    context = site.context
    access = Access.read(context.deployment.access_file)
    keys = [
        plan.key(number)
        for plan in context.writers.plans
        if plan.group == step.shard
        for number in range(SABOTAGED_WRITES)
    ]
    verify.remove(context.nodes, access, [*keys, *site.counter_keys[:1]])
    return f"{len(keys)} writes and one counter"


def _must(true: object, complaint: str) -> None:
    if not true:
        raise LeftOutError(complaint)


def _names(pods: Sequence[Pod]) -> str:
    return ", ".join(pod.name for pod in pods)


ACTS: Mapping[str, Act] = {
    "kill": _kill,
    "stop": _stop,
    "delete-forced": _delete_forced,
    "partition": _partition,
    "isolate": _isolate,
    "kill-agent": _kill_agent,
    "lose-volume": _lose_volume,
    "kill-shard": _kill_shard,
    "delete": _delete,
    "delete-replicas": _delete_replicas,
    "evict-node": _evict_node,
    "restart": _restart,
    "restart-all": _restart_all,
    "reshard": _reshard,
    SABOTAGE: _delete_acknowledged,
}


def act(site: Site, step: Step) -> str:
    """Wait until the step may be done, and do it."""
    with site.turn(step):
        return ACTS[step.fault](site, step)
