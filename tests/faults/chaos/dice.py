"""Random choices that are the same for the same seed in every Python: only `random()` is promised to stay as it is."""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311

    def chance(self, part: float) -> bool:
        return self._random.random() < part

    def between(self, low: float, high: float) -> float:
        """With one digit behind the point, so that what is written down is what is done."""
        return round(low + (high - low) * self._random.random(), 1)

    def whole(self, low: int, high: int) -> int:
        """Either end may come."""
        return low + int(self._random.random() * (high - low + 1))

    def one(self, of: Sequence[T]) -> T:
        return of[self.whole(0, len(of) - 1)]

    def weighted(self, of: Sequence[tuple[T, float]]) -> T:
        """One of the first of each pair, as often as its second says."""
        point = self._random.random() * sum(weight for _, weight in of)
        for value, weight in of:
            point -= weight
            if point < 0:
                return value
        return of[-1][0]
