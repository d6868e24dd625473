"""What Redis and its agents do not have to themselves: processor time, and the cluster's DNS."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from tests.faults.catalog.fault import Expectation, Fault
from tests.faults.catalog.nodes import spread_masters, while_it_is_away
from tests.faults.catalog.pods import GONE_SECONDS, REDIS, replaced
from tests.faults.harness.context import FaultContext
from tests.faults.harness.deployment import NODE_PORTS
from tests.faults.harness.processes import busy_machine

LOOPS, STARVED_SECONDS = 8, 40.0
DNS = ("deployment/coredns", "-n", "kube-system")
AWAY_SECONDS = 60.0
"""DNS stays away for so long after the pods that miss it have started."""


def _starve(context: FaultContext) -> None:
    context.begin()
    with (
        context.no_failover("a live master was replaced because the machine was busy"),
        busy_machine(LOOPS, STARVED_SECONDS),
    ):
        time.sleep(STARVED_SECONDS)


@contextmanager
def _no_dns(context: FaultContext) -> Generator[None]:
    """No DNS pod while it lasts, for nobody in the cluster."""
    kubectl = context.tier.kubectl
    # None are left by a run that was cut off.
    usual = context.tier.one(*DNS)["spec"]["replicas"] or 1
    gone = lambda: not kubectl("get", "pods", "-n", "kube-system", "-l", "app.kubernetes.io/name=coredns", "-o", "name")  # noqa: E731
    try:
        kubectl("scale", *DNS, "--replicas=0")
        context.wait(gone, 60, "no DNS pod is left")
        yield
    finally:
        kubectl("scale", *DNS, f"--replicas={usual}")
        kubectl("rollout", "status", *DNS, "--timeout=100s")


def _delete_master_pod(context: FaultContext) -> None:
    with _no_dns(context):
        pod = context.master(0).pod
        context.begin()
        context.deployment.kubectl("delete", "pod", pod.name, "--wait=false")
        context.wait(lambda: replaced(context, [pod]), GONE_SECONDS, f"another {pod.name} runs")
        context.wait_well(60)


def _kill_node(context: FaultContext) -> None:
    spread_masters(context)
    machine = context.machine(context.master(0).pod.node)
    with _no_dns(context):
        context.begin()
        machine.kill()
        try:
            while_it_is_away(context)
        finally:
            context.tier.cluster.up()


def _delete_all_pods(context: FaultContext) -> None:
    """All get other addresses at once, and nothing says which."""
    with _no_dns(context):
        _delete_all(context)
        try:
            context.wait_well(AWAY_SECONDS)
            context.note(f"well without DNS after {context.now() - context.begun:.0f} s")
        except AssertionError as problem:
            context.note(f"without DNS: {problem}")
    back = context.now()
    context.wait_well(90)
    context.note(f"well {context.now() - back:.0f} s after DNS was back")


def _delete_all_pods_with_ports(context: FaultContext) -> None:
    """They come back at the addresses that they had."""
    with _no_dns(context):
        _delete_all(context)
        context.wait_well(90)


def _delete_all(context: FaultContext) -> None:
    pods = [facts.pod for facts in context.nodes()]
    context.begin()
    context.deployment.kubectl("delete", "pods", "-l", REDIS, "--wait=false")
    context.wait(lambda: _all_started(context, {pod.uid for pod in pods}), GONE_SECONDS, "all pods are replaced")


def _all_started(context: FaultContext, old: set[str]) -> bool:
    """Whether as many others have an address, be Redis in them or not: it may wait for its peers."""
    listed = context.pods()
    return len(listed) == len(old) and all(pod.ip and pod.uid not in old for pod in listed)


FAULTS = (
    Fault(
        "cpu-starved",
        f"{LOOPS} busy loops on the machine for {STARVED_SECONDS:.0f} s: no failover",
        _starve,
        Expectation(lost=0),
        act_seconds=90,
    ),
    Fault(
        "no-dns-delete-pod",
        "`kubectl delete pod` of a master, and all well again, while the cluster has no DNS",
        _delete_master_pod,
        Expectation(lost=0, longest_gap=1.0),
        act_seconds=300,
    ),
    Fault(
        "no-dns-kill-node",
        "SIGKILL to a master's node while the cluster has no DNS",
        _kill_node,
        Expectation(lost=None, longest_gap=4.0, slow_gap=10.0, state_ok=10.0),
        act_seconds=400,
        ends_machines=True,
    ),
    Fault(
        "no-dns-delete-all-pods",
        "`kubectl delete pods` of all at once while the cluster has no DNS, which comes back a minute later",
        _delete_all_pods,
        Expectation(lost=0),
        act_seconds=400,
    ),
    Fault(
        "no-dns-node-ports",
        "the same, and all well again before DNS is back; pods have NodePorts",
        _delete_all_pods_with_ports,
        Expectation(lost=0),
        act_seconds=400,
        changes=NODE_PORTS,
    ),
)
