"""The Redis Clusters of a change, by the StatefulSets that are their shards."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from operations.preview.model.change import Change, Step
from operations.preview.model.values import Opaque, Value, value_at

_SHARD = "webtier:index:RedisCluster$kubernetes:apps/v1:StatefulSet"


@dataclass(frozen=True)
class RedisClusterChange:
    """One of them: its component's URN, and what happens to each shard that is there before or after."""

    urn: str
    shards: tuple[Step, ...]

    @property
    def name(self) -> str:
        """The component's name."""
        return self.urn.rpartition("::")[2]

    @property
    def old_shards(self) -> int:
        """How many there are before."""
        return sum(step.before is not Opaque.ABSENT for step in self.shards)

    @property
    def new_shards(self) -> int:
        """How many there are after."""
        return sum(step.after is not Opaque.ABSENT for step in self.shards)

    @property
    def switches_tls(self) -> bool:
        """Whether nodes that are there get TLS, or lose it."""
        return any(
            step.before is not Opaque.ABSENT
            and step.after is not Opaque.ABSENT
            and _has_tls(step.before) != _has_tls(step.after)
            for step in self.shards
        )


def _has_tls(stateful_set: Value) -> bool:
    """Told by the agent's command: the Redis beside it reads its configuration from a file."""
    match value_at(stateful_set, ("spec", "template", "spec", "initContainers")):
        case [*containers]:
            given = (value_at(cast("Value", each), ("command",)) for each in containers)
            return any(str(word).startswith("--tls=") for words in given if isinstance(words, list) for word in words)
        case _:
            return False


def clusters(change: Change) -> Iterator[RedisClusterChange]:
    """All of them, by name."""
    found: dict[str, list[Step]] = {}
    for step in change.steps:
        if _SHARD in step.urn:
            found.setdefault(step.parent, []).append(step)
    for urn, steps in sorted(found.items()):
        yield RedisClusterChange(urn, tuple(steps))
