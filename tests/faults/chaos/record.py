"""What a random run has done and seen, and what of it makes it fail."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.clients.counters import StaleRead


@dataclass
class StepRecord:
    """`at` is the moment in UTC when it began, as in the logs; `done` says whether it was done as it was meant."""

    name: str
    what: str
    at: str = ""
    seconds: float = 0.0
    done: bool = False
    said: str = ""

    @property
    def in_short(self) -> str:
        """Without what is done to whom: that was said at its beginning."""
        return f"{self.name} {self.what.partition(':')[0]}"


@dataclass
class RoundRecord:
    """One round. What is lost counts in the round at whose end that is seen, whichever round it was written in.

    `seconds_to_well` counts from the end of its last step; None when it did not become well, and `not_well` says why.
    "with_wait" is about writers that wait for a replica. `counted` and `reads` are about keys that are overwritten.
    """

    number: int
    planned: bool
    began: str = ""
    steps: list[StepRecord] = field(default_factory=list[StepRecord])
    seconds: float = 0.0
    seconds_to_well: float | None = None
    not_well: str = ""
    acknowledged: int = 0
    lost: int = 0
    acknowledged_with_wait: int = 0
    lost_with_wait: int = 0
    standing_lost: int = 0
    counted: int = 0
    reads: int = 0
    stale: int = 0
    replaced_reads: int = 0
    longest_gap_ms: dict[str, int] = field(default_factory=dict[str, int])
    machine_pause_ms: int = 0
    load: float = 0.0
    story: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    notes: list[str] = field(default_factory=list[str])
    complaints: list[str] = field(default_factory=list[str])


@dataclass
class RunRecord:
    """A whole run; `complaints` are those of the run itself, beside those of its rounds."""

    seed: int
    minutes: float
    schedule: str
    logs: str
    settings: dict[str, Any]
    rounds_planned: int
    began: str = ""
    seconds: float = 0.0
    interrupted: bool = False
    time_over: bool = False
    without: str = ""
    standing_keys: int = 0
    rounds: list[RoundRecord] = field(default_factory=list[RoundRecord])
    stale_reads: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    complaints: list[str] = field(default_factory=list[str])
    passed: bool = False

    def sum(self, name: str) -> int:
        """Of a figure of all rounds."""
        return sum(int(getattr(each, name)) for each in self.rounds)


def judge_round(record: RoundRecord) -> list[str]:
    """What must not be in any round, whatever was done in it."""
    found: list[str] = []
    if record.seconds_to_well is None:
        found.append(f"not well again by itself: {record.not_well}")
    if record.lost_with_wait:
        found.append(f"{record.lost_with_wait} writes are lost that a replica had")
    if record.standing_lost:
        found.append(f"{record.standing_lost} keys are gone that were there long before")
    if record.stale:
        found.append(f"{record.stale} reads from a shard's master were older than what it had acknowledged before")
    if record.planned and record.lost:
        found.append(f"{record.lost} acknowledged writes are lost although nothing but planned work was done")
    if record.seconds_to_well is not None and not (record.acknowledged and record.acknowledged_with_wait):
        found.append("no write was acknowledged, so that nothing was tried")
    if record.seconds_to_well is not None and not (record.counted and record.reads):
        found.append("no counter was counted up and read, so that nothing was tried")
    return found


def judge_run(record: RunRecord) -> None:
    """Says whether the run has passed, and what of it as a whole is wrong."""
    done = sum(step.done for each in record.rounds for step in each.steps)
    if record.interrupted:
        record.complaints.append("interrupted: what was written in the round under way was not read back")
    elif not done:
        record.complaints.append("no step was done, so that nothing was tried")
    elif len(record.rounds) < record.rounds_planned and not (
        record.time_over or any(each.complaints for each in record.rounds)
    ):
        record.complaints.append(f"only {len(record.rounds)} of {record.rounds_planned} rounds were played")
    record.passed = not record.complaints and not any(each.complaints for each in record.rounds)


def told(stale: Sequence[StaleRead]) -> list[str]:
    return [str(each) for each in stale]
