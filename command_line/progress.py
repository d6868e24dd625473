"""What the user sees while it works: which part, how long so far, what is next, and a summary."""

import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

HEARTBEAT_SECONDS = 15.0
"""How long a running part may stay silent: longer than most, shorter than anyone's patience."""


@dataclass
class _Part:
    title: str
    started: float
    note: str = ""

    def take(self, note: str) -> None:
        self.note = note

    def __str__(self) -> str:
        note = f", {self.note}" if self.note else ""
        return f"{self.title}: {time.monotonic() - self.started:.0f} s so far{note}"


@dataclass
class Progress:
    """Prints a line when a part starts and ends, and a sign of life while it runs.

    Parts may run in several threads at once. `expected` names the parts to come, in order, so that each
    line can say what is next; it is a forecast.
    """

    expected: list[str] = field(default_factory=list[str])
    _started: float = field(default_factory=time.monotonic)
    _running: list[_Part] = field(default_factory=list[_Part])
    _done: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _last_line: float = field(default_factory=time.monotonic)

    def line(self, text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        self._last_line = time.monotonic()
        print(f"{minutes:02d}:{seconds:02d}  {text}", file=sys.stderr, flush=True)

    @contextmanager
    def part(self, title: str) -> Generator[Callable[[str], None]]:
        """A part of the work. What it yields takes a note (a count, say) for the next sign of life."""
        part = _Part(title, time.monotonic())
        with self._lock:
            if title in self.expected:
                self.expected.remove(title)
            self._running.append(part)
            following = f"   (next: {self.expected[0]})" if self.expected else ""
        self.line(f"{title} …{following}")
        try:
            yield part.take
        finally:
            with self._lock:
                self._running.remove(part)
        took = time.monotonic() - part.started
        self._done.append((title, took))
        if took >= 1:
            self.line(f"{title}: done in {took:.0f} s")

    @contextmanager
    def alive(self) -> Generator[None]:
        """While this is open, silence never lasts longer than HEARTBEAT_SECONDS."""
        stop = threading.Event()

        def beat() -> None:
            while not stop.wait(1):
                with self._lock:
                    running = list(self._running)
                if running and time.monotonic() - self._last_line >= HEARTBEAT_SECONDS:
                    self.line("; ".join(map(str, running)))

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def summary(self) -> str:
        """A table of what took how long; parts of under a second are left out."""
        rows = [(title, took) for title, took in self._done if took >= 1]
        total = time.monotonic() - self._started
        width = max((len(title) for title, _ in rows), default=5)
        lines = [f"  {title:<{width}}  {took:6.0f} s" for title, took in rows]
        return "\n".join([*lines, f"  {'in all':<{width}}  {total:6.0f} s"])
