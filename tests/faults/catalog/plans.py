"""Planned work: what a `pulumi up` does to a Redis Cluster in use. It may cost nobody anything."""

import os
import signal
import time
from contextlib import ExitStack

from pulumi import automation

from devcluster.cluster import control_plane
from tests.faults.catalog.fault import PLANNED, Expectation, Fault
from tests.faults.harness.context import FaultContext
from tests.faults.harness.observer import Shape
from tests.faults.harness.processes import kill_engine, paused, signal_all
from tests.faults.harness.resharding import (
    GROWN,
    SLOTS_A_SHARD,
    UP_SECONDS,
    attempt,
    delete_jobs,
    grow,
    job_processes,
    shrink,
    wait_drained,
    wait_growing,
)

ROLLED_IMAGE = "webtier.local/redis:rolled"


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
    grow(context)
    context.note(f"four shards after {context.now() - context.begun:.0f} s")
    shrink(context)


# Interrupted


def _shrink_interrupted(context: FaultContext) -> None:
    """The agent's process is killed early in the drain; late in it Pulumi is killed too, and the Job deleted."""
    grow(context)
    context.observer.shape = Shape(3, 1)
    context.begin()
    with context.in_background(lambda: attempt(context.deployment.up)):
        left = wait_drained(context, 3, below=SLOTS_A_SHARD * 3 // 4)
        context.note(f"the agent was killed with {left} of {SLOTS_A_SHARD} slots still to be drained")
        signal_all(job_processes(context), signal.SIGKILL)
        left = wait_drained(context, 3, below=SLOTS_A_SHARD // 3)
        context.note(f"Pulumi was killed, and the Job deleted, with {left} slots still to be drained")
        kill_engine()
        delete_jobs(context)
    time.sleep(2.0)
    context.deployment.refresh()
    context.deployment.up()
    context.wait_well(90)


def _failed_drain(context: FaultContext) -> None:
    """Both pods of a shard that has to take slots stand still until the Job has given up: nothing may be deleted."""
    grow(context)
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
    shrink(context)


def _converge_interrupted(context: FaultContext) -> None:
    """While slots are moved to a new shard, the API server and the agent's process are killed."""
    context.observer.shape = Shape(4, 1)
    context.begin()
    with context.in_background(lambda: attempt(lambda: context.deployment.up(GROWN))):
        wait_growing(context, 3)
        server = context.tier.cluster.control.daemon("kube-apiserver")
        assert server
        agents = job_processes(context)
        os.kill(server, signal.SIGKILL)
        try:
            signal_all(agents, signal.SIGKILL)
            time.sleep(3.0)
        finally:
            control_plane.start(context.tier.cluster.control)
    context.deployment.refresh()
    context.deployment.up(GROWN)
    context.wait_well(60)
    shrink(context)


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
