"""How far the moving of slots has come, for whoever waits."""

import time

from ..console import Console


class Progress:
    """Counts what one run has moved, and says it every two seconds."""

    def __init__(self, console: Console, interval: float = 2.0) -> None:
        self.slots: int = 0
        self._keys = 0
        self._left = 0
        self._console = console
        self._interval = interval
        self._began = time.monotonic()
        self._written = time.monotonic()

    def begin(self, left: int) -> None:
        """A plan has so many slots to move."""
        if not self.slots:
            self._began = self._written = time.monotonic()
        self._left = left

    def add_slots(self, count: int) -> None:
        self.slots += count
        self._left -= count
        self._write()

    def add_keys(self, count: int) -> None:
        self._keys += count
        self._write()

    def begin_large(self, pod: str, size: int) -> None:
        """A key of so many bytes goes next: neither its source nor its target serves anybody meanwhile."""
        self._console.event(f"{pod} moves a key of {size / 1e6:.1f} MB: it serves nobody until that is done")

    def _write(self) -> None:
        if time.monotonic() - self._written >= self._interval:
            self._written = time.monotonic()
            self._console.state(f"moved {self.slots} of {self.slots + self._left} slots, with {self._keys} keys")

    def summary(self) -> str:
        return f"moved {self.slots} slots with {self._keys} keys in {time.monotonic() - self._began:.1f} s"

    def unfinished(self) -> str:
        """What is left, in words; nothing when there is nothing left."""
        return f"{self._left} slots have still to be moved" if self._left else ""
