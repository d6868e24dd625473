"""Many nodes asked at once, so that the slowest answer bounds the time."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parallel(function: Callable[[Item], Result], items: Iterable[Item], most_at_once: int = 16) -> list[Result]:
    """The results in the order of the items; an exception is raised once all have ended."""
    with ThreadPoolExecutor(max_workers=most_at_once) as pool:
        return list(pool.map(function, items))
