"""Faults of whole nodes of the Kubernetes cluster: they are shared with whatever else runs there."""

import os
import signal
import time

from devcluster.cluster.node import Node, wait_until
from tests.faults.catalog.fault import Expectation, Fault
from tests.faults.harness.context import FaultContext
from tests.faults.harness.deployment import NODE_PORTS
from tests.faults.harness.observer import Facts
from tests.faults.harness.processes import processes_of, servers_of

AWAY_SECONDS = 12.0
"""A node stays away for so long at least: longer than a failover takes."""


SPREAD_SECONDS = 60.0


def spread_masters(context: FaultContext) -> None:
    """One master on each node: with two of three on it a lost node takes the majority along, which is another fault."""

    def crowded() -> list[Facts]:
        masters = context.masters()
        nodes = [facts.pod.node for facts in masters]
        return [facts for facts in masters if nodes.count(facts.pod.node) > 1]

    end = context.now() + SPREAD_SECONDS
    while found := crowded():
        assert context.now() < end, f"the masters {[facts.pod.name for facts in found]} are still on one node"
        free = {facts.pod.node for facts in context.nodes()} - {facts.pod.node for facts in context.masters()}
        shards = {facts.pod.shard for facts in found}
        for replica in context.nodes():
            if not replica.is_master and replica.pod.shard in shards and replica.pod.node in free:
                context.ask(replica.pod, "CLUSTER", "FAILOVER")
                break
        time.sleep(2.0)
    context.wait_well(60)


def _bring_back(context: FaultContext) -> None:
    context.tier.cluster.up()


def _kill_node(context: FaultContext) -> None:
    spread_masters(context)
    machine = context.machine(context.master(0).pod.node)
    context.begin()
    machine.kill()
    try:
        while_it_is_away(context)
    finally:
        _bring_back(context)


def while_it_is_away(context: FaultContext) -> None:
    """The rest has to be whole without the node: that is what counts, and not when it is switched on again."""
    try:
        context.wait_state_ok(30.0)
        context.seconds_to_state_ok = context.now() - context.begun
    except AssertionError as problem:
        context.require(False, f"while the node was away: {problem}")
    time.sleep(max(0.0, AWAY_SECONDS - (context.now() - context.begun)))


def _stop_node(context: FaultContext) -> None:
    """As an operating system shuts down: SIGTERM to every process, SIGKILL 10 s later, power off."""
    spread_masters(context)
    machine = context.machine(context.master(0).pod.node)
    context.begin()
    _terminate(context, machine)
    machine.kill()
    try:
        while_it_is_away(context)
    finally:
        _bring_back(context)


def _terminate(context: FaultContext, machine: Node) -> None:
    kubelet = machine.daemon("kubelet")
    if kubelet:
        # It would start what the shutdown ends.
        os.kill(kubelet, signal.SIGKILL)
    own = [facts.pod for facts in context.nodes() if facts.pod.node == machine.name]
    pids = [pid for pod in own for pid in processes_of(pod.uid)]
    for pid in pids:
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            continue
    ended = lambda: not [pid for pod in own for pid in servers_of(pod.uid)]  # noqa: E731
    try:
        wait_until(ended, 10, "Redis has ended")
    except Exception:
        context.note("Redis had not ended 10 s after SIGTERM")


def _drain_node(context: FaultContext) -> None:
    node = context.master(0).pod.node
    assert node
    context.begin()
    drain(context, node)


def drain(context: FaultContext, node: str) -> None:
    """Redis' volumes are on the node: what is evicted comes back when the node is open again, as it is afterwards."""
    words = ("--ignore-daemonsets", "--delete-emptydir-data", "--pod-selector", context.deployment.selector)
    done = context.tier.run("kubectl", "drain", node, *words, "--timeout=25s", timeout=60)
    context.tier.kubectl("uncordon", node)
    held_back = "disruption budget" in done.stderr
    context.note("the disruption budget let one pod go at a time" if held_back else "the node was emptied")
    context.require(done.returncode == 0 or held_back, f"the drain failed: {done.stderr.strip()[-300:]}")


FAULTS = (
    Fault(
        "kill-node",
        "SIGKILL to a master's node: kubelet, containerd and all pods at once, as in a power cut",
        _kill_node,
        # Without fast failover the median of five was 8.7 s, and the longest 9.2 s.
        Expectation(lost=None, longest_gap=4.0, slow_gap=10.0, state_ok=10.0),
        act_seconds=240,
        ends_machines=True,
    ),
    Fault(
        "stop-node",
        "a master's node is shut down, and started again; pods have NodePorts",
        _stop_node,
        Expectation(lost=None, longest_gap=4.0, slow_gap=12.0, state_ok=15.0),
        act_seconds=240,
        changes=NODE_PORTS,
        ends_machines=True,
    ),
    Fault(
        "drain-node",
        "`kubectl drain` of a master's node, within the disruption budget, and uncordon; pods have NodePorts",
        _drain_node,
        Expectation(lost=0, longest_gap=1.0, p99_gap=0.1, failed_commands=0),
        act_seconds=120,
        changes=NODE_PORTS,
    ),
)
