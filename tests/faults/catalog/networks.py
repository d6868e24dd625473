"""Partitions: processes that run, and can't reach each other."""

import time

from tests.faults.catalog.fault import Expectation, Fault
from tests.faults.harness.context import FaultContext
from tests.faults.harness.partition import cut_off

CUT_SECONDS = 20.0


def _minority_master(context: FaultContext) -> None:
    """The writers of its shard are the clients that stay with it."""
    pod = context.master(0).pod
    context.begin()
    with cut_off(context.machine(pod.node), pod, from_clients=False):
        time.sleep(CUT_SECONDS)


def _replica(context: FaultContext) -> None:
    pod = context.replica(0).pod
    context.begin()
    with (
        context.no_failover("a replica that alone had lost sight of its master made a failover"),
        cut_off(context.machine(pod.node), pod, from_clients=True),
    ):
        time.sleep(CUT_SECONDS)


FAULTS = (
    Fault(
        "partition-master",
        f"a master is cut off from all other nodes for {CUT_SECONDS:.0f} s, with clients that still reach it",
        _minority_master,
        Expectation(lost=None, longest_gap=9.0),
    ),
    Fault(
        "partition-replica",
        f"a replica is cut off from everything for {CUT_SECONDS:.0f} s: no failover",
        _replica,
        Expectation(lost=0, longest_gap=1.0, p99_gap=0.1, failed_commands=0),
    ),
)
