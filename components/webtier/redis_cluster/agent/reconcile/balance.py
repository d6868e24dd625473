"""Which slots change hands, so that every shard has its even part: as few as possible. Pure arithmetic."""

from collections.abc import Mapping

Transfer = tuple[int, int, tuple[int, ...]]
"""From a shard, to a shard, these slots in ascending order."""


def even_transfers(owned: Mapping[int, set[int]], shards: int) -> list[Transfer]:
    """What makes shards 0 to `shards` - 1 equal to within one slot, and leaves all others with none.

    `owned` gives each shard's slots; who has none may be left out. The same question has the same
    answer, and after a part of it has been done the rest is the answer.
    """
    targets = _targets(owned, shards)
    offers = [(shard, _surplus(owned[shard], targets.get(shard, 0))) for shard in sorted(owned)]
    transfers: list[Transfer] = []
    for shard in range(shards):
        lacking = targets[shard] - len(owned.get(shard, ()))
        while lacking > 0:
            giver, slots = next(offer for offer in offers if offer[1])
            transfers.append((giver, shard, tuple(slots[:lacking])))
            lacking -= len(transfers[-1][2])
            del slots[: len(transfers[-1][2])]
    return transfers


def _targets(owned: Mapping[int, set[int]], shards: int) -> dict[int, int]:
    """Who has the most keeps one more, where the slots do not divide: that moves the fewest."""
    even, rest = divmod(sum(len(slots) for slots in owned.values()), shards)
    by_size = sorted(range(shards), key=lambda shard: (-len(owned.get(shard, ())), shard))
    return {shard: even + (place < rest) for place, shard in enumerate(by_size)}


def _surplus(slots: set[int], target: int) -> list[int]:
    """The highest ones, so that what stays is in one piece where it was."""
    return sorted(slots)[target:]
