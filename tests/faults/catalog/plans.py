"""Planned work: what a `pulumi up` does to a Redis Cluster in use. It may cost nobody anything."""

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from typing import Any

from pulumi import automation

from devcluster.cluster import control_plane
from tests.faults.catalog.fault import PLANNED, Expectation, Fault
from tests.faults.harness.context import FaultContext
from tests.faults.harness.observer import Shape
from tests.faults.harness.processes import kill_engine, paused, processes_of

ROLLED_IMAGE = "webtier.local/redis:rolled"
UP_SECONDS = 300.0
SLOTS_A_SHARD = 4096
"""Of four shards."""

GROWN: Mapping[str, Any] = {"shards": 4}


def _roll_conf(context: FaultContext) -> None:
    context.begin()
    context.deployment.up({"conf": {"maxmemory_percent": 65}})


def _roll_image(context: FaultContext) -> None:
    """The same image under another name: what is tried is the roll, not the other version."""
    for machine in context.tier.cluster.nodes:
        ctr = ("ctr", "--address", "/run/containerd/containerd.sock", "--namespace", "k8s.io", "images")
        machine.run([*ctr, "tag", "--force", context.deployment.settings().image, ROLLED_IMAGE])
    context.begin()
    context.deployment.up({"image": ROLLED_IMAGE})


def _grow_and_shrink(context: FaultContext) -> None:
    context.begin()
    _reshape(context, Shape(4, 1), lambda: context.deployment.up(GROWN))
    context.note(f"four shards after {context.now() - context.begun:.0f} s")
    _reshape(context, Shape(3, 1), lambda: context.deployment.up())


def _reshape(context: FaultContext, shape: Shape, work: Callable[[], object]) -> None:
    context.observer.shape = shape
    work()
    # Those that were removed are forgotten half a minute later.
    context.wait_well(90)


# Interrupted


def _shrink_interrupted(context: FaultContext) -> None:
    """The agent's process is killed early in the drain; late in it Pulumi is killed too, and the Job deleted."""
    _reshape(context, Shape(4, 1), lambda: context.deployment.up(GROWN))
    context.observer.shape = Shape(3, 1)
    context.begin()
    with context.in_background(lambda: _cut_off(context.deployment.up)):
        left = _wait_drained(context, 3, below=SLOTS_A_SHARD * 3 // 4)
        context.note(f"the agent was killed with {left} of {SLOTS_A_SHARD} slots still to be drained")
        _kill(_agents(context))
        left = _wait_drained(context, 3, below=SLOTS_A_SHARD // 3)
        context.note(f"Pulumi was killed, and the Job deleted, with {left} slots still to be drained")
        kill_engine()
        _delete_jobs(context)
    time.sleep(2.0)
    context.deployment.refresh()
    context.deployment.up()
    context.wait_well(90)


def _failed_drain(context: FaultContext) -> None:
    """Both pods of a shard that has to take slots stand still until the Job has given up: nothing may be deleted."""
    _reshape(context, Shape(4, 1), lambda: context.deployment.up(GROWN))
    pods = [facts.pod for facts in context.nodes() if facts.pod.shard == 0]
    context.begin()
    with ExitStack() as stack:
        for pod in pods:
            stack.enter_context(paused(pod))
        try:
            context.deployment.up({"ready_timeout_seconds": 60}, continue_on_error=True)
            context.require(False, "an update whose drain failed was no failure")
        except automation.CommandError as error:
            context.require("redis-converge" in str(error), f"it failed otherwise: {error}")
        sets = {
            item["metadata"]["name"] for item in context.tier.items("statefulsets", "-n", context.deployment.namespace)
        }
        context.require("redis-shard-3" in sets, "a shard was deleted that had not been drained")
    _reshape(context, Shape(3, 1), lambda: context.deployment.up())


def _converge_interrupted(context: FaultContext) -> None:
    """While slots are moved to a new shard, the API server and the agent's process are killed."""
    context.observer.shape = Shape(4, 1)
    context.begin()
    with context.in_background(lambda: _cut_off(lambda: context.deployment.up(GROWN))):
        context.wait(lambda: 0 < _slots_of(context, 3) < SLOTS_A_SHARD, UP_SECONDS, "slots are moved to the new shard")
        server = context.tier.cluster.control.daemon("kube-apiserver")
        assert server
        agents = _agents(context)
        os.kill(server, signal.SIGKILL)
        try:
            _kill(agents)
            time.sleep(3.0)
        finally:
            control_plane.start(context.tier.cluster.control)
    context.deployment.refresh()
    context.deployment.up(GROWN)
    context.wait_well(60)
    _reshape(context, Shape(3, 1), lambda: context.deployment.up())


def _cut_off(work: Callable[[], object]) -> None:
    """`work` fails, or not, according to where it was interrupted."""
    try:
        work()
    except automation.CommandError:
        return


def _slots_of(context: FaultContext, shard: int) -> int:
    return sum(len(facts.view.myself.slots) for facts in context.masters() if facts.pod.shard == shard)


def _wait_drained(context: FaultContext, shard: int, below: int) -> int:
    context.wait(
        lambda: 0 < _slots_of(context, shard) < below, UP_SECONDS, f"less than {below} slots are left", pause=0.02
    )
    return _slots_of(context, shard)


def _agents(context: FaultContext) -> list[int]:
    """The processes of the Job."""
    pods = context.tier.items("pods", "-n", context.deployment.namespace, "-l", "app.kubernetes.io/name=redis-agent")
    return [pid for pod in pods for pid in processes_of(pod["metadata"]["uid"], "python3")]


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _delete_jobs(context: FaultContext) -> None:
    context.deployment.kubectl("delete", "jobs", "--all", "--grace-period=0", "--force")


FAULTS = (
    Fault(
        "grow-and-shrink",
        "`pulumi up` from 3 to 4 shards and back to 3",
        _grow_and_shrink,
        PLANNED,
        2 * UP_SECONDS,
    ),
    Fault(
        "shrink-interrupted",
        "from 4 to 3 shards, with the agent, its Job and Pulumi killed in the middle of the drain",
        _shrink_interrupted,
        Expectation(longest_gap=1.0),
        3 * UP_SECONDS,
    ),
    Fault(
        "failed-drain",
        "from 4 to 3 shards with `--continue-on-error`, while a shard stands still: the drain fails; then once more",
        _failed_drain,
        Expectation(lost=0),
        3 * UP_SECONDS,
    ),
    Fault(
        "converge-interrupted",
        "from 3 to 4 shards, with the API server and the agent killed in the middle, and back to 3",
        _converge_interrupted,
        Expectation(longest_gap=1.0),
        3 * UP_SECONDS,
    ),
    # Behind the others of the part for `make test`, since whatever comes after a roll begins with the roll back.
    Fault("roll-conf", "`pulumi up` with another redis.conf", _roll_conf, PLANNED, UP_SECONDS, subset=True),
    Fault("roll-image", "`pulumi up` with another image", _roll_image, PLANNED, UP_SECONDS),
)
