"""What a fault is: what is done, on what kind of cluster, and what must hold afterwards."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.faults.harness.context import FaultContext


@dataclass(frozen=True)
class Expectation:
    """The most that a fault may cost; None where there is no limit. Gaps and times in seconds.

    `slow_gap` takes the place of `longest_gap` where the deployment has no fast failover.

    `lost` is about writers that take Redis' word: after an unplanned loss of a master the writes
    that had not reached its replica are gone, which is said and counted. Nothing that a replica had, and
    nothing that was there before, may ever be lost: there is no setting for that.
    """

    lost: int | None = 0
    longest_gap: float | None = None
    slow_gap: float | None = None
    p99_gap: float | None = None
    state_ok: float | None = None
    failed_commands: int | None = None

    def __str__(self) -> str:
        limits = [
            ("lost", self.lost, "{}"),
            ("longest gap", self.longest_gap, "{} s"),
            ("without fast failover", self.slow_gap, "{} s"),
            ("p99 gap", self.p99_gap, "{} s"),
            ("state ok", self.state_ok, "{} s"),
            ("failed commands", self.failed_commands, "{}"),
        ]
        said = [f"{what} ≤ {form.format(limit)}" for what, limit, form in limits if limit is not None]
        tail = ["lost: only what no replica had"] if self.lost is None else []
        return ", ".join([*tail, *said])


PLANNED = Expectation(longest_gap=1.0, p99_gap=0.1, failed_commands=0)
"""Work that somebody has chosen to do costs nobody anything."""


@dataclass(frozen=True)
class Fault:
    """`act` does it, and returns when all that was broken on purpose is whole again.

    `changes` to the usual settings are deployed before; `act_seconds` bounds `act`, and `heal_seconds` the
    time from its end until all must be well. With `own_kind` the deployment is made anew with `changes`, and again
    without them afterwards: they are not for a cluster in use. One that is `long` is only run where it is named, or
    `--long` is given. `restore` runs in any case, when all was counted.
    """

    name: str
    what: str
    act: Callable[["FaultContext"], None]
    expectation: Expectation
    act_seconds: float = 60.0
    heal_seconds: float = 120.0
    changes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    own_kind: bool = False
    ends_machines: bool = False
    subset: bool = False
    long: bool = False
    restore: Callable[["FaultContext"], None] | None = None
