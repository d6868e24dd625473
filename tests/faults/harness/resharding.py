"""What faults of a changing number of shards have in common: how far it is, who does it, and how it is cut off."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

from pulumi import automation
from redis.exceptions import ResponseError

from tests.faults.harness.context import FaultContext
from tests.faults.harness.observer import Shape
from tests.faults.harness.processes import processes_of

UP_SECONDS = 300.0
SLOTS_A_SHARD = 4096
"""Of four shards."""

_ENDED = ("success", "failed", "canceled")

GROWN: Mapping[str, Any] = {"shards": 4}


def reshape(context: FaultContext, shape: Shape, work: Callable[[], object]) -> None:
    """`work` brings the cluster into this shape, in which all has to be well."""
    context.observer.shape = shape
    work()
    # Those that were removed are forgotten half a minute later.
    context.wait_well(90)


def grow(context: FaultContext) -> None:
    """To four shards."""
    reshape(context, Shape(4, 1), lambda: context.deployment.up(GROWN))


def shrink(context: FaultContext) -> None:
    """Back to the usual three."""
    reshape(context, Shape(3, 1), lambda: context.deployment.up())


def attempt(work: Callable[[], object]) -> None:
    """`work` fails, or not, according to where it was interrupted."""
    with suppress(automation.CommandError):
        work()


def slots_of(context: FaultContext, shard: int) -> int:
    """How many slots the masters of this shard own."""
    return sum(len(facts.view.myself.slots) for facts in context.masters() if facts.pod.shard == shard)


def moves_by_itself(context: FaultContext, shard: int) -> bool:
    """Whether the shard's server is just moving slots away by itself, all at once in the end; those that can't never
    are.
    """
    for facts in context.masters():
        if facts.pod.shard == shard:
            try:
                told: Sequence[Any] = context.ask(facts.pod, "CLUSTER", "GETSLOTMIGRATIONS")
            except ResponseError:
                return False
            return any(_exports(job) for job in told)
    return False


def _exports(job: Any) -> bool:
    """Whether a job of CLUSTER GETSLOTMIGRATIONS moves slots away, and has not ended."""
    fields: dict[str, str] = (
        cast("dict[str, str]", job) if isinstance(job, dict) else dict(zip(job[::2], job[1::2], strict=True))
    )
    return fields["operation"] == "EXPORT" and fields["state"] not in _ENDED


def wait_drained(context: FaultContext, shard: int, below: int) -> int:
    """Until a shard that is drained has fewer slots than so many, or its server is moving them by itself; returns how
    many it has. AssertionError if that never is.
    """
    context.wait(
        lambda: 0 < slots_of(context, shard) < below or moves_by_itself(context, shard),
        UP_SECONDS,
        f"less than {below} slots are left",
        pause=0.02,
    )
    return slots_of(context, shard)


def wait_growing(context: FaultContext, shard: int) -> None:
    """Until a new shard has got some of its slots, and not all. AssertionError if it never has."""
    context.wait(
        lambda: 0 < slots_of(context, shard) < SLOTS_A_SHARD, UP_SECONDS, "slots are moved to the new shard", pause=0.02
    )


def job_processes(context: FaultContext) -> list[int]:
    """The agent's, in the Job."""
    pods = context.tier.items("pods", "-n", context.deployment.namespace, "-l", "app.kubernetes.io/name=redis-agent")
    return [pid for pod in pods for pid in processes_of(pod["metadata"]["uid"], "python3")]


def delete_jobs(context: FaultContext) -> None:
    context.deployment.kubectl("delete", "jobs", "--all", "--grace-period=0", "--force")
