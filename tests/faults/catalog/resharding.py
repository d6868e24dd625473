"""Changes of the number of shards that somebody takes back, or leaves in the middle of a slot."""

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack

from tests.cluster.harness.tier import one_key_for_each_slot
from tests.faults.catalog.fault import Expectation, Fault
from tests.faults.catalog.nodes import drain
from tests.faults.harness.context import FaultContext
from tests.faults.harness.observer import Shape
from tests.faults.harness.processes import kill_engine, signal_all, stopped
from tests.faults.harness.resharding import (
    GROWN,
    SLOTS_A_SHARD,
    UP_SECONDS,
    attempt,
    delete_jobs,
    grow,
    job_processes,
    moves_by_itself,
    shrink,
    slots_of,
    wait_drained,
    wait_growing,
)

NEW = 3
"""The shard that comes and goes."""
KEYS = 300_000
"""In one slot: moving it takes the Job seconds."""


def _grow_reverted(context: FaultContext) -> None:
    context.begin()
    _revert(context, lambda: wait_growing(context, NEW), {**GROWN}, {})


def _shrink_reverted(context: FaultContext) -> None:
    grow(context)
    context.begin()
    _revert(context, lambda: wait_drained(context, NEW, below=SLOTS_A_SHARD // 2), {}, {**GROWN})
    shrink(context)


def _revert(
    context: FaultContext, far_enough: Callable[[], object], there: dict[str, int], back: dict[str, int]
) -> None:
    """Pulumi is killed when it is far enough, and its Job goes on: both Jobs run at once."""

    def update() -> None:
        context.deployment.refresh()
        context.deployment.up(back)

    with ExitStack() as stack:
        with context.in_background(lambda: attempt(lambda: context.deployment.up(there))):
            far_enough()
            first = job_processes(context)
            # It would have ended before the other one has begun, where nobody has much data.
            stack.enter_context(stopped(first))
            kill_engine()
        context.note(f"the new shard had {slots_of(context, NEW)} slots when Pulumi was killed")
        context.require(first, "the Job had ended by then")
        with context.in_background(update):
            try:
                context.wait(
                    lambda: set(job_processes(context)) - set(first), UP_SECONDS, "the other Job runs", pause=0.5
                )
            finally:
                stack.close()
    context.wait_well(90)


def _killed_in_a_slot(context: FaultContext) -> None:
    """The Job is gone for good with half of the keys here and half there, and then the pods of a node have to go."""
    grow(context)
    source = context.master(NEW)
    slot = min(source.view.myself.slots)
    tag = one_key_for_each_slot()[slot]
    context.write_standing({f"{{{tag}}}:{number}": str(number) for number in range(KEYS)})
    context.observer.shape = Shape(3, 1)
    context.begin()

    def keys() -> int:
        return int(context.ask(source.pod, "CLUSTER", "COUNTKEYSINSLOT", slot))

    with context.in_background(lambda: attempt(context.deployment.up)):
        context.wait(
            lambda: keys() < KEYS * 3 // 4 or moves_by_itself(context, NEW),
            UP_SECONDS,
            "a quarter of the slot's keys are moved, or the server moves them by itself",
            pause=0.02,
        )
        by_itself = moves_by_itself(context, NEW)
        signal_all(job_processes(context), signal.SIGKILL)
        kill_engine()
        delete_jobs(context)
    left = keys()
    how = ", which the server went on with by itself" if by_itself else ""
    context.note(f"the Job was killed with {left} of {KEYS} keys of slot {slot} still to be moved{how}")
    context.require(by_itself or 0 < left < KEYS, "the Job was not killed inside of the slot")
    drain(context, source.pod.node or "")
    time.sleep(2.0)
    context.deployment.refresh()
    context.deployment.up()
    context.wait_well(90)


FAULTS = (
    Fault(
        "grow-reverted",
        "from 3 to 4 shards, with Pulumi killed while its Job moves slots, and back to 3 while that Job runs",
        _grow_reverted,
        Expectation(lost=0, longest_gap=1.0),
        2 * UP_SECONDS,
    ),
    Fault(
        "shrink-reverted",
        "from 4 to 3 shards, with Pulumi killed while its Job drains one, and back to 4 while that Job runs",
        _shrink_reverted,
        Expectation(lost=0, longest_gap=1.0),
        3 * UP_SECONDS,
    ),
    Fault(
        "job-killed-in-a-slot",
        f"from 4 to 3 shards, with the Job killed inside a slot of {KEYS:,} keys, its master's node drained, and `up`",
        _killed_in_a_slot,
        Expectation(lost=0),
        3 * UP_SECONDS,
    ),
)
