"""Keys that are overwritten with rising numbers, and what a read of one has to give.

Redis promises: what a master has acknowledged, and a replica has too (`WAIT 1`), a later read from the shard's master
gives, or something newer. Whether a node is the shard's master is for its epoch to say: each master of a shard has a
higher one than those before it. A master that was replaced and has not heard of it yet, since it was stopped or cut
off, answers with what it has: such a read is counted, and no fault of anybody's.
"""

import threading
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    GOOD = "good"
    """As new as it has to be, or newer."""
    STALE = "stale"
    """Older than what the shard's master had acknowledged before the read began."""
    REPLACED = "replaced"
    """Older, but of a master that had been replaced when the newer one was acknowledged."""


@dataclass(frozen=True)
class Acknowledged:
    """The newest write of a key that a replica has: its number, the epoch of the master by then, and when."""

    number: int
    epoch: int
    at: float


NOTHING_YET = Acknowledged(0, 0, 0.0)


@dataclass(frozen=True)
class StaleRead:
    """`at` and `acknowledged_at` as of `time.time()`; `value` is 0 where the key was not there."""

    key: str
    value: int
    epoch: int
    node: str
    at: float
    acknowledged: int
    acknowledged_epoch: int
    acknowledged_at: float

    def __str__(self) -> str:
        return (
            f"{self.key} was {self.value} at {self.node} (epoch {self.epoch}), and {self.acknowledged} had been "
            f"acknowledged {self.at - self.acknowledged_at:.2f} s before (epoch {self.acknowledged_epoch})"
        )


def judge(before: Acknowledged, value: int, epoch: int) -> Verdict:
    """Of a read that began after `before` was acknowledged; `epoch` is the node's at the latest before it answered."""
    if value >= before.number:
        return Verdict.GOOD
    return Verdict.STALE if epoch >= before.epoch else Verdict.REPLACED


@dataclass
class Ledger:
    """What has been acknowledged and what was read; several threads may use it."""

    reads: int = 0
    acknowledged: int = 0
    unknown: int = 0
    replaced: int = 0
    stale: list[StaleRead] = field(default_factory=list[StaleRead])
    _newest: dict[str, Acknowledged] = field(default_factory=dict[str, Acknowledged])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def newest(self, key: str) -> Acknowledged:
        """To be asked before a read begins."""
        with self._lock:
            return self._newest.get(key, NOTHING_YET)

    def acknowledge(self, key: str, number: int, epoch: int, at: float) -> None:
        with self._lock:
            self.acknowledged += 1
            self._newest[key] = Acknowledged(number, epoch, at)

    def lose_track(self) -> None:
        """A write that was not acknowledged: it may be there or not, or come later."""
        with self._lock:
            self.unknown += 1

    def read(self, key: str, before: Acknowledged, value: int, epoch: int, node: str, at: float) -> Verdict:
        """Note a read of `value`, 0 where there was none; `before` is what `newest` said when it began."""
        verdict = judge(before, value, epoch)
        with self._lock:
            self.reads += 1
            self.replaced += verdict is Verdict.REPLACED
            if verdict is Verdict.STALE:
                stale = StaleRead(key, value, epoch, node, at, before.number, before.epoch, before.at)
                self.stale.append(stale)
                # Told once: all later reads of it would say the same.
                if self._newest.get(key) == before:
                    self._newest[key] = Acknowledged(value, epoch, at)
        return verdict
