"""Reads back what was acknowledged: the writes of a round in the quiet moment after it, and once more in the next."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.faults.chaos.record import RoundRecord
from tests.faults.clients.access import Access
from tests.faults.clients.writers import Outcome
from tests.faults.harness import verify

MOST_TOLD = 5


@dataclass
class Kept:
    """The writes of one round that were there when they were last looked for."""

    number: int
    outcome: Outcome
    expected: dict[int, dict[str, str]]
    """By how many replicas the writer waited for: key → value."""


@dataclass
class ReadBack:
    """`standing` are keys that are there from the beginning to the end, one in every slot."""

    look: verify.Look
    access: Access
    standing: dict[str, str]
    _kept: list[Kept] = field(default_factory=list[Kept])

    def write_standing(self) -> None:
        verify.write(self.look, self.access, self.standing)

    def check(self, record: RoundRecord, outcome: Outcome, offset: float) -> None:
        """What of a round's writes, of those before and of the standing keys is lost is counted in `record`.

        `offset` is what to add to `time.monotonic()` for `time.time()`. Each lost key is counted once.
        """
        # Patient writers take Redis' word as well.
        expected = {0: outcome.expected(0) | outcome.expected(patient=True), 1: outcome.expected(1)}
        record.acknowledged, record.acknowledged_with_wait = len(expected[0]), len(expected[1])
        self._kept.append(Kept(record.number, outcome, expected))
        self.look_again(record, offset)
        # Twice looked for: more would fill the memory of a long run.
        while len(self._kept) > 1:
            verify.remove(self.look, self.access, self._kept.pop(0).outcome.touched())

    def look_again(self, record: RoundRecord, offset: float) -> None:
        """What of all that is kept is not there any more is added to `record`."""
        parts = [self.standing, *(data for kept in self._kept for data in kept.expected.values())]
        # All at once: each look at who owns what takes its time.
        wanted = {key: value for part in parts for key, value in part.items()}
        gone = set(verify.missing(self.look, self.access, wanted))
        for kept in self._kept:
            record.lost += _tell(record, kept, 0, gone, offset)
            record.lost_with_wait += _tell(record, kept, 1, gone, offset)
        standing = _drop(self.standing, gone)
        record.standing_lost += len(standing)
        if standing:
            record.notes.append(f"standing keys that are gone: {', '.join(standing[:MOST_TOLD])}")

    def unequal_replicas(self) -> str | None:
        """While nobody writes."""
        return verify.unequal_replicas(self.look, self.access)


def _tell(record: RoundRecord, kept: Kept, replicas: int, gone: AbstractSet[str], offset: float) -> int:
    """How many of these writes are gone; what there is to say of them is a note."""
    lost = _drop(kept.expected[replicas], gone)
    if lost:
        times = acknowledged_at(kept.outcome, replicas)
        moments = sorted((times[key] + offset, key) for key in lost)
        told = [f"{key} ({_clock(at)})" for at, key in moments[:MOST_TOLD]]
        kind = "writes that a replica had" if replicas else "writes"
        record.notes.append(
            f"lost of round {kept.number}: {len(lost)} {kind}, acknowledged between {_clock(moments[0][0])} and "
            f"{_clock(moments[-1][0])}: {', '.join(told)}"
        )
    return len(lost)


def acknowledged_at(outcome: Outcome, replicas: int) -> Mapping[str, float]:
    """Key → when its write was acknowledged."""
    return {
        plan.key(number): at
        for plan, result in zip(outcome.plans, outcome.results, strict=True)
        if plan.replicas == replicas
        for number, at in result.acknowledged
    }


def _drop(data: dict[str, str], gone: AbstractSet[str]) -> list[str]:
    """Takes those that are gone out of `data`, and returns them."""
    found = [key for key in data if key in gone]
    for key in found:
        del data[key]
    return found


def _clock(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%T.%f")[:-3]
