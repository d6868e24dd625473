"""The counters beside a run, in a process of their own, and what became of them."""

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cluster.harness.tier import one_key_for_each_slot
from tests.faults.clients.counter_process import PREFIX
from tests.faults.clients.counters import StaleRead
from tests.faults.clients.writers import Helper, WriterError

KEYS = 6
"""Counters of one group of slots, spread evenly over it."""


@dataclass(frozen=True)
class Counts:
    """What the counters' process has seen so far; `last` is when each group's last write was acknowledged."""

    reads: int = 0
    acknowledged: int = 0
    unknown: int = 0
    replaced: int = 0
    stale: int = 0
    listed: Sequence[StaleRead] = ()
    last: Sequence[float | None] = field(default_factory=tuple[float | None, ...])


def parse(line: str) -> Counts:
    given: dict[str, Any] = json.loads(line)
    listed = [StaleRead(**each) for each in given.pop("listed")]
    return Counts(listed=listed, **given)


class Counters:
    """From its making to `stop`."""

    def __init__(self, folder: Path, access_file: Path, groups: Sequence[Sequence[int]]) -> None:
        """`groups` are slots, of which each has its own writer and reader."""
        names = one_key_for_each_slot()
        self.groups = [
            [f"{PREFIX}{{{names[slots[place * len(slots) // KEYS]]}}}" for place in range(KEYS)] for slots in groups
        ]
        config = folder / "counters.json"
        config.write_text(json.dumps({"access_file": str(access_file), "groups": self.groups}))
        self._process = Helper("counter_process", str(config), folder / "counters.log")
        self.counts = Counts()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        for line in self._process.output:
            self.counts = parse(line)

    def flowing(self) -> bool:
        """Every group has had a write acknowledged within the last second or two."""
        now = time.monotonic()
        return bool(self.counts.last) and all(at is not None and now - at < 2.0 for at in self.counts.last)

    def stop(self) -> Counts:
        """WriterError when the process has ended by itself."""
        if not self._process.alive:
            raise WriterError(f"the counters' process has ended; {self._process.complaint()}")
        self._process.stop()
        self._listener.join(5)
        return self.counts

    def kill(self) -> None:
        self._process.kill()
