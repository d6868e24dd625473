"""What happens to the shards of a Redis Cluster: which hand over, and how many slots move."""

from collections.abc import Collection, Iterator, Sequence

from operations.preview.forecast.pods import rolls
from operations.preview.model.change import Change, Step
from operations.preview.model.redis_clusters import clusters
from operations.preview.model.values import value_at

_SLOTS = 16384


def shards(change: Change) -> Iterator[str]:
    """Sentences about each cluster, by name."""
    rolled = {roll.place for roll in rolls(change)}
    for cluster in clusters(change):
        name, old, new = cluster.name, cluster.old_shards, cluster.new_shards
        yield from _hand_overs(name, cluster.shards, rolled)
        if old and new > old:
            yield f"Redis Cluster {name}: {new} shards instead of {old}; about {_moved(old, new)} slots move, online."
        if new and new < old:
            yield (
                f"Redis Cluster {name}: {new} shards instead of {old}; about {_moved(new, old)} slots move away, "
                f"online, before a shard goes."
            )


def _moved(fewer: int, more: int) -> int:
    """Slots that the shards which come or go have, where all have about as many."""
    return round(_SLOTS * (more - fewer) / more)


def _hand_overs(name: str, sets: Sequence[Step], rolled: Collection[str]) -> Iterator[str]:
    with_replicas = [
        step for step in sets if step.place in rolled and value_at(step.after, ("spec", "replicas")) not in (0, 1)
    ]
    if with_replicas:
        count = len(with_replicas)
        which = "its shard hands" if count == 1 else f"{count} shards hand"
        yield f"Redis Cluster {name}: {which} over to a replica before a master ends."
