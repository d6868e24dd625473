"""What happens to the shards of a Redis Cluster: which hand over, and how many slots move."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from operations.preview.forecast.pods import Roll
from operations.preview.model.change import Change, Operation, Step
from operations.preview.model.redis_clusters import RedisClusterChange, clusters
from operations.preview.model.values import value_at
from webtier.redis_cluster.agent.redis.topology import SLOTS

_CONF = ("data", "redis.conf")
_MAXMEMORY = re.compile(r"^maxmemory (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class ClusterForecast:
    """One cluster that something happens to.

    `hand_over` are the StatefulSets of the shards whose master gives its role to a replica before it ends, so that
    writes to it pause for well under a second; `without_replica` those that nobody stands in for while their pod
    restarts. `slots` are about how many move to another shard. `old_maxmemory` and `new_maxmemory` are bytes that each
    node may keep; 0 where that is not known. With `switches_tls` nobody hands over: nodes with TLS
    and without it do not understand each other.
    """

    name: str
    old_shards: int
    new_shards: int
    hand_over: tuple[str, ...] = ()
    without_replica: tuple[str, ...] = ()
    slots: int = 0
    new_passwords: bool = False
    switches_tls: bool = False
    old_maxmemory: int = 0
    new_maxmemory: int = 0

    def sentences(self) -> Iterator[str]:
        """One for each thing that happens."""
        of = f"Redis Cluster {self.name}"
        if self.hand_over:
            count = len(self.hand_over)
            which = "a shard hands" if count == 1 else f"{count} shards, one after another, hand"
            yield f"{of}: {which} over to a replica before the master ends; writes to it pause for less than a second."
        if self.old_maxmemory != self.new_maxmemory and self.old_maxmemory and self.new_maxmemory:
            yield f"{of}: maxmemory {_amount(self.old_maxmemory)} → {_amount(self.new_maxmemory)} of each node."
        if self.without_replica:
            count = len(self.without_replica)
            yield f"{of}: {count} {'shard has' if count == 1 else 'shards have'} no replica, and no master meanwhile."
        if self.new_shards > self.old_shards > 0:
            yield f"{of}: {self.new_shards} shards instead of {self.old_shards}; about {self.slots} slots move, online."
        if 0 < self.new_shards < self.old_shards:
            yield (
                f"{of}: {self.new_shards} shards instead of {self.old_shards}; about {self.slots} slots move away, "
                "online, before a shard goes."
            )
        if self.switches_tls:
            yield f"{of}: TLS is switched; nobody is served until all nodes have restarted, if they get there at all."
        if self.new_passwords:
            yield f"{of}: other passwords are accepted, without a restart; clients need the new one."


def cluster_forecasts(change: Change, rolls: Sequence[Roll]) -> Iterator[ClusterForecast]:
    """The clusters that something happens to, by name."""
    rolled = {roll.place for roll in rolls}
    for cluster in clusters(change):
        old, new = cluster.old_shards, cluster.new_shards
        before, after = _maxmemory(change, cluster)
        restarting = [step for step in cluster.shards if step.place in rolled and not cluster.switches_tls]
        made = ClusterForecast(
            cluster.name,
            old,
            new,
            hand_over=tuple(step.place for step in restarting if _pods(step) > 1),
            without_replica=tuple(step.place for step in restarting if _pods(step) == 1),
            slots=_moved(old, new) if old and new and old != new else 0,
            new_passwords=_gets_passwords(change, cluster),
            switches_tls=cluster.switches_tls,
            old_maxmemory=before,
            new_maxmemory=after,
        )
        if any(made.sentences()):
            yield made


def _pods(step: Step) -> int:
    pods = value_at(step.after, ("spec", "replicas"))
    return pods if isinstance(pods, int) else 1


def _moved(old: int, new: int) -> int:
    """Slots that the shards which come or go have, where all have about as many."""
    return round(SLOTS * abs(new - old) / max(old, new))


def _gets_passwords(change: Change, cluster: RedisClusterChange) -> bool:
    """Whether the Secret that its nodes read their users from is updated."""
    name = f"{cluster.name}-auth"
    return any(
        step.kind == "Secret" and step.name == name and step.operation is Operation.UPDATE and step.differences
        for step in change.steps
    )


def _maxmemory(change: Change, cluster: RedisClusterChange) -> tuple[int, int]:
    """That of before and after, where its configuration is updated."""
    for step in change.steps:
        if (step.kind, step.name, step.operation) == ("ConfigMap", f"{cluster.name}-conf", Operation.UPDATE):
            found = (re.search(_MAXMEMORY, str(value_at(each, _CONF))) for each in (step.before, step.after))
            before, after = (0 if each is None else int(each[1]) for each in found)
            return before, after
    return 0, 0


def _amount(size: int) -> str:
    """Bytes as Kubernetes writes them, in the larger unit of which there is at least one: `2.8Gi`."""
    unit, power = ("Gi", 30) if size >= 2**30 else ("Mi", 20)
    return f"{round(size / 2**power, 2):g}{unit}"
