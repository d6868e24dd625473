"""What goes on beside a test, in threads, from the beginning of a `with` to its end."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Self, TypeVar

from typing_extensions import override

T = TypeVar("T")


class Background:
    """Runs each of `works` in a thread of its own: one that goes through turns until there are no more of them.

    An error of one of them is raised at the end, unless the `with` itself has failed.
    """

    def __init__(self, works: Sequence[Callable[[], None]]) -> None:
        self._works = works
        self._end = threading.Event()
        self._pool = ThreadPoolExecutor(len(works))

    def __enter__(self) -> Self:
        self._running = [self._pool.submit(work) for work in self._works]
        return self

    def __exit__(self, error: object, *_: object) -> None:
        self._end.set()
        self._pool.shutdown()
        if error is None:
            for each in self._running:
                each.result()

    def turns_after(self, seconds: float) -> Iterator[None]:
        """One so many seconds after the one before has ended, until the end."""
        while not self._end.wait(seconds):
            yield

    def turns_at(self, per_second: float) -> Iterator[None]:
        """So many a second until the end, the first at once. What comes more than a second late is left out."""
        due = time.monotonic()
        while not self._end.wait(max(0.0, due - time.monotonic())):
            due = max(due + 1 / per_second, time.monotonic() - 1)
            yield


class Samples(Background, Generic[T]):
    """What `look` has returned: before the `with`, and then again and again with a pause of so many seconds."""

    def __init__(self, look: Callable[[], T], pause: float) -> None:
        super().__init__([self._run])
        self.seen: list[T] = []
        self._look, self._pause = look, pause

    @override
    def __enter__(self) -> Self:
        self.seen.append(self._look())
        return super().__enter__()

    def _run(self) -> None:
        for _ in self.turns_after(self._pause):
            self.seen.append(self._look())
