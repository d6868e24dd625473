"""Reads back what was acknowledged: the writes of a round in the quiet moment after it, and once more in the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.faults.chaos.record import RoundRecord
from tests.faults.clients.access import Access
from tests.faults.clients.writer_process import key_of
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
        expected = {replicas: outcome.expected(replicas) for replicas in (0, 1)}
        record.acknowledged, record.acknowledged_with_wait = len(expected[0]), len(expected[1])
        self._kept.append(Kept(record.number, outcome, expected))
        self.look_again(record, offset)
        # Twice looked for: more would fill the memory of a long run.
        while len(self._kept) > 1:
            verify.remove(self.look, self.access, self._kept.pop(0).outcome.touched())

    def look_again(self, record: RoundRecord, offset: float) -> None:
        """What of all that is kept is not there any more is added to `record`."""
        for kept in self._kept:
            record.lost += self._lost(record, kept, 0, offset)
            record.lost_with_wait += self._lost(record, kept, 1, offset)
        gone = _drop(self.standing, verify.missing(self.look, self.access, self.standing))
        record.standing_lost += len(gone)
        if gone:
            record.notes.append(f"standing keys that are gone: {', '.join(list(gone)[:MOST_TOLD])}")

    def unequal_replicas(self) -> str | None:
        """While nobody writes."""
        return verify.unequal_replicas(self.look, self.access)

    def _lost(self, record: RoundRecord, kept: Kept, replicas: int, offset: float) -> int:
        gone = _drop(kept.expected[replicas], verify.missing(self.look, self.access, kept.expected[replicas]))
        if gone:
            times = acknowledged_at(kept.outcome, replicas)
            moments = sorted((times[key] + offset, key) for key in gone)
            told = [f"{key} ({_clock(at)})" for at, key in moments[:MOST_TOLD]]
            kind = "writes that a replica had" if replicas else "writes"
            record.notes.append(
                f"lost of round {kept.number}: {len(gone)} {kind}, acknowledged between {_clock(moments[0][0])} and "
                f"{_clock(moments[-1][0])}: {', '.join(told)}"
            )
        return len(gone)


def acknowledged_at(outcome: Outcome, replicas: int) -> Mapping[str, float]:
    """Key → when its write was acknowledged."""
    return {
        key_of(plan.tags, plan.replicas, number): at
        for plan, result in zip(outcome.plans, outcome.results, strict=True)
        if plan.replicas == replicas
        for number, at in result.acknowledged
    }


def _drop(data: dict[str, str], keys: list[str]) -> dict[str, str]:
    return {key: data.pop(key) for key in keys}


def _clock(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%T.%f")[:-3]
