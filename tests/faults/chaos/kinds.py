"""What a random run may do to a Redis Cluster, and which of it may not meet in one shard."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Takes(StrEnum):
    """What a fault takes from a shard while it lasts, or for good."""

    NOTHING = "nothing"
    """Redis itself is left alone."""
    AWAY = "away"
    """A member with its memory, which comes back with it."""
    MEMORY = "memory"
    """A member's process, with the writes that it has not given to the kernel yet: up to two seconds of them where an
    fsync takes long, unless `appendfsync` is `always`.
    """
    COPY = "copy"
    """A whole copy of the shard's data, or all of its processes at once: nothing else may happen to the shard."""
    ENDS = "ends"
    """Members one after another or all at once, each of which ends well, with all that it has on its disk."""
    SLOTS = "slots"
    """Slots move between shards. Nobody ends."""


@dataclass(frozen=True)
class Kind:
    """One kind of fault.

    `planned` is what somebody chooses to do: it may cost no acknowledged write. `needs` says what a step of it names: a
    "member" of a shard, "replica" of one, a "shard", "all" for the whole cluster, or "size", how many shards there are
    to be. `lasts` is between how many seconds its length is drawn, `usual` how many it takes besides on a machine with
    nothing else to do, and `most` bounds it. `restarts` is whether a container is started again for it, which the
    kubelet delays more and more.
    """

    what: str
    planned: bool
    takes: Takes
    needs: str
    most: float
    lasts: tuple[float, float] | None = None
    usual: float = 0.0
    restarts: bool = False


KINDS: Mapping[str, Kind] = {
    "kill": Kind("SIGKILL to its Redis process", False, Takes.MEMORY, "member", 60, restarts=True),
    "stop": Kind("SIGSTOP to its Redis process, SIGCONT after", False, Takes.AWAY, "member", 90, lasts=(1, 15)),
    "delete-forced": Kind("`kubectl delete pod --force --grace-period=0`", False, Takes.MEMORY, "member", 60, usual=15),
    "partition": Kind("cut off from all other nodes for", False, Takes.AWAY, "member", 120, lasts=(3, 20)),
    "isolate": Kind("cut off from all other nodes and from clients for", False, Takes.AWAY, "member", 120, (3, 20)),
    "kill-agent": Kind("SIGKILL to its agent's process", False, Takes.NOTHING, "member", 60, restarts=True),
    "lose-volume": Kind("its volume is emptied and its pod deleted", False, Takes.COPY, "replica", 180, usual=40),
    "kill-shard": Kind(
        "SIGKILL to all its Redis processes at once", False, Takes.COPY, "shard", 180, usual=30, restarts=True
    ),
    "delete": Kind("`kubectl delete pod`", True, Takes.ENDS, "member", 180, usual=20),
    "delete-replicas": Kind("`kubectl delete pods` of all replicas at once", True, Takes.ENDS, "all", 180, usual=30),
    "evict-node": Kind(
        "every pod on its master's node is evicted, within the disruption budget",
        True,
        Takes.ENDS,
        "shard",
        240,
        usual=60,
    ),
    "restart": Kind("`kubectl rollout restart` of its StatefulSet", True, Takes.ENDS, "shard", 300, usual=60),
    "restart-all": Kind("`kubectl rollout restart` of every StatefulSet", True, Takes.ENDS, "all", 400, usual=90),
    "reshard": Kind("`pulumi up` to", True, Takes.SLOTS, "size", 600, usual=120),
}

SABOTAGE = "delete-acknowledged"
"""Never drawn, but a schedule may name it: to see that a run fails when a write is lost."""

ALL_KINDS: Mapping[str, Kind] = {
    **KINDS,
    SABOTAGE: Kind("an acknowledged write and a counter of it are deleted", False, Takes.NOTHING, "shard", 60),
}

GAP_SECONDS = 5.0
"""Between two faults that each take a member from one shard. Longer than Redis keeps writes in its own memory, and than
a replica that is in touch needs to have them.
"""
MOST_RESTARTS, RESTARTS_SECONDS = 3, 600.0
"""So often at most a container of one shard is made to start again in so long. From the fourth time on the kubelet
waits 40 s and more, and after 60 s a replica may stand for election with what it has.
"""


@dataclass(frozen=True)
class Promise:
    """What of the settings decides which faults may meet: every acknowledged write that a replica has must survive."""

    replicas: int
    appendfsync: str

    @property
    def kept_at_once(self) -> bool:
        """Whether a write is on the disk when it is acknowledged."""
        return self.appendfsync == "always"


def drawn(name: str, promise: Promise) -> bool:
    """Whether a random schedule may have this kind at all."""
    return name in KINDS and (name != "kill-shard" or promise.kept_at_once)


def may_meet(first: Kind, second: Kind, promise: Promise) -> bool:
    """Whether both may be under way in one shard at a time, in either order.

    Each pair that may not could end or replace every process that has acknowledged a write before any other has it.
    """
    pair = {first.takes, second.takes}
    if pair == {Takes.SLOTS}:
        return False
    if Takes.NOTHING in pair or Takes.SLOTS in pair:
        return True
    if pair == {Takes.ENDS}:
        return True
    if Takes.COPY in pair or Takes.ENDS not in pair:
        return False
    # A member that ends well beside one that does not.
    if promise.replicas > 1:
        # The third one might be elected, and lack what both had.
        return False
    return Takes.MEMORY not in pair or promise.kept_at_once


def needs_whole(kind: Kind, promise: Promise) -> bool:
    """Whether the shard must be fully replicated before: else this might take the only copy.

    With two replicas that is so for every member that is taken: a write is acknowledged when one of them has it.
    """
    if kind.takes == Takes.COPY:
        return True
    return promise.replicas > 1 and kind.takes in (Takes.AWAY, Takes.MEMORY)
