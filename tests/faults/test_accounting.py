"""The suite sees what it is there to see: losses and gaps that are made on purpose, and nothing to be blamed for."""

import signal
import time

import pytest

from tests.faults.catalog.fault import PLANNED, Fault
from tests.faults.clients.access import Access
from tests.faults.harness import verify
from tests.faults.harness.context import FaultContext
from tests.faults.harness.harness import FaultHarness
from tests.faults.harness.processes import signal_redis

PAUSE_SECONDS = 1.2
"""Longer than a planned fault may cost, and shorter than what an election is asked for after."""
DELETED = 3


def _sabotage(context: FaultContext) -> None:
    """Deletes three writes of each kind of writer behind its back, changes an older key, and stops a master."""
    access = Access.read(context.deployment.access_file)
    for plan in (plan for plan in context.writers.plans if plan.group == 0):
        verify.remove(context.nodes, access, [plan.key(number) for number in range(DELETED)])
    older = next(iter(verify.standing_data("")))
    verify.write(context.nodes, access, {older: "another value"})
    pod = context.master(1).pod
    signal_redis(pod, signal.SIGSTOP)
    try:
        time.sleep(PAUSE_SECONDS)
    finally:
        signal_redis(pod, signal.SIGCONT)


@pytest.mark.subset
def test_losses_and_gaps_are_seen(harness: FaultHarness) -> None:
    record = harness.run(Fault("sabotage", "", _sabotage, PLANNED), 1)
    lost = (record.lost, record.lost_with_wait, record.lost_patient)
    assert (*lost, record.standing_lost) == (DELETED, DELETED, DELETED, 1), record
    assert record.acknowledged > 100
    assert record.longest_gap_ms["1"] >= PAUSE_SECONDS * 1000
    assert not record.passed
    told = " ".join(record.complaints)
    assert "3 lost writes" in told
    assert "3 writes are lost that a replica had" in told
    assert "3 lost writes of patient writers" in told
    assert "1 keys are gone" in told
