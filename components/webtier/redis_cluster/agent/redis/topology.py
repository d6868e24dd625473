"""Which pods make up a cluster, derived from names alone."""

import re
from dataclasses import dataclass

SLOTS = 16384
"""How many hash slots every Redis Cluster has."""

_NUMBERS = re.compile(r"(0|[1-9]\d*)-(0|[1-9]\d*)")


@dataclass(frozen=True)
class Member:
    """One pod of the cluster: member `index` of shard `shard`, reached at `host`."""

    shard: int
    index: int
    pod: str
    host: str


@dataclass(frozen=True)
class Topology:
    """A cluster's shape: `shards` times one master and `replicas_per_shard` replicas.

    `domain` is the DNS name of the headless Service, under which every pod has its own.
    """

    name: str
    domain: str
    shards: int
    replicas_per_shard: int

    def member(self, shard: int, index: int) -> Member:
        """The pod that the StatefulSet of that shard gives that ordinal."""
        pod = f"{self.name}-shard-{shard}-{index}"
        return Member(shard, index, pod, f"{pod}.{self.domain}")

    def members(self) -> list[Member]:
        """All members: the first of every shard, then the second of every shard, and so on."""
        return [
            self.member(shard, index) for index in range(self.replicas_per_shard + 1) for shard in range(self.shards)
        ]

    def parse(self, host: str) -> Member | None:
        """The pod of this cluster that has the host name, in this topology or outside of it."""
        pod, _, domain = host.partition(".")
        name, _, numbers = pod.rpartition("-shard-")
        found = _NUMBERS.fullmatch(numbers)
        if name != self.name or domain != self.domain or found is None:
            return None
        return self.member(int(found[1]), int(found[2]))

    def includes(self, member: Member) -> bool:
        return member.shard < self.shards and member.index <= self.replicas_per_shard

    def target_slots(self, shard: int) -> range:
        """The shard's even part of all slots."""
        return range(shard * SLOTS // self.shards, (shard + 1) * SLOTS // self.shards)


def as_ranges(slots: set[int]) -> list[tuple[int, int]]:
    """`{1, 2, 3, 7}` → `[(1, 3), (7, 7)]`."""
    ranges: list[tuple[int, int]] = []
    for slot in sorted(slots):
        if ranges and ranges[-1][1] == slot - 1:
            ranges[-1] = (ranges[-1][0], slot)
        else:
            ranges.append((slot, slot))
    return ranges


def describe_slots(slots: set[int]) -> str:
    """`{1, 2, 3, 7}` → `"1-3, 7"`."""
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in as_ranges(slots))
