"""Even parts of slots for every number of shards: balanced, and nothing moves that need not."""

import random

import pytest

from webtier.redis_cluster.agent.reconcile.resharding import even_transfers
from webtier.redis_cluster.agent.redis.topology import SLOTS, Topology


def formed(shards: int) -> dict[int, set[int]]:
    topology = Topology("redis", "nodes", shards, 0)
    return {shard: set(topology.target_slots(shard)) for shard in range(shards)}


def apply(owned: dict[int, set[int]], shards: int, most: int | None = None) -> int:
    """Makes the transfers, at most so many slots of them, and returns how many that were."""
    moved = 0
    for source, target, slots in even_transfers(owned, shards):
        part = slots if most is None else slots[: most - moved]
        assert owned[source] >= set(part)
        assert list(slots) == sorted(slots)
        owned[source] -= set(part)
        owned.setdefault(target, set()).update(part)
        moved += len(part)
    return moved


def check_even(owned: dict[int, set[int]], shards: int) -> None:
    sizes = [len(owned.get(shard, ())) for shard in range(shards)]
    assert sum(sizes) == SLOTS
    assert max(sizes) - min(sizes) <= 1
    assert not any(slots for shard, slots in owned.items() if shard >= shards)


def fewest_moves(owned: dict[int, set[int]], shards: int) -> int:
    """Reckoned apart from the code: all of who goes, and of who stays what is above the even part.

    Where the slots do not divide, so many shards may keep one more; who has it already keeps it.
    """
    even, rest = divmod(SLOTS, shards)
    moves = sum(len(slots) for shard, slots in owned.items() if shard >= shards)
    above = [len(owned.get(shard, ())) - even for shard in range(shards)]
    return moves + sum(size for size in above if size > 0) - min(rest, sum(size > 0 for size in above))


@pytest.mark.parametrize("before", range(1, 13))
def test_every_change_is_even_and_moves_the_fewest_slots(before: int) -> None:
    for after in range(1, 13):
        owned = formed(before)
        fewest = fewest_moves(owned, after)

        assert apply(owned, after) == fewest
        check_even(owned, after)
        assert even_transfers(owned, after) == []


def test_growing_from_three_to_four_moves_a_quarter_to_the_new_one_only() -> None:
    transfers = even_transfers(formed(3), 4)
    assert {target for _, target, _ in transfers} == {3}
    assert sum(len(slots) for _, _, slots in transfers) == 4096


def test_what_is_left_after_an_interruption_is_no_more_than_it_was() -> None:
    chance = random.Random(7)  # noqa: S311 - the same in every run
    for _ in range(40):
        before, after = chance.randint(1, 12), chance.randint(1, 12)
        owned = formed(before)
        left = fewest_moves(owned, after)
        while left:
            left -= apply(owned, after, most=chance.randint(1, max(1, left)))
            assert sum(len(slots) for _, _, slots in even_transfers(owned, after)) == left
        check_even(owned, after)


def test_scattered_slots_become_even_too() -> None:
    chance = random.Random(11)  # noqa: S311 - the same in every run
    for _ in range(15):
        before, after = chance.randint(1, 12), chance.randint(1, 12)
        owned: dict[int, set[int]] = {}
        for slot in range(SLOTS):
            owned.setdefault(int(before * chance.random() ** 2), set()).add(slot)
        fewest = fewest_moves(owned, after)
        assert apply(owned, after) == fewest
        check_even(owned, after)
