"""What a Redis takes at the most, in memory and on its volume: said before anything is deployed."""

from collections.abc import Iterator
from dataclasses import dataclass

MIB = 2**20

PROCESS_PERCENT = 5
"""Of the limit: what Redis takes for itself, for unusable pieces of memory, and for writes that wait for the disk."""

LEAST_ROOM_PERCENT = 10
"""Of the limit: below it many writes during a rewrite, a snapshot or a copy are likely to be too many."""

HIGH_PERCENT = 75
"""Of maxmemory: what is left above it holds for few writes at a time."""

ALWAYS_IN_THE_AOF = 64 * MIB
"""Redis rewrites no append-only file below this size (auto-aof-rewrite-min-size)."""

KEPT_ASIDE = 2
"""So many broken ones the agent keeps on the volume (agent/start/data_folder.py)."""


def mib(amount: float) -> str:
    """`"358 MiB"`."""
    return f"{amount / MIB:.0f} MiB"


@dataclass(frozen=True)
class ReplicationBuffers:
    """In bytes: what a master keeps for replicas that come back, and what it may hold back for those that are slow."""

    backlog: int
    hard: int
    soft: int
    soft_seconds: int

    @property
    def beyond_backlog(self) -> int:
        """What replicas can take beside the backlog.

        Since Redis 7 the backlog and the output buffers of all replicas are one list of blocks. However many copy at
        once, none keeps more of it than the hard limit allows: so that counts once, and the backlog is a part of it.
        """
        return max(0, self.hard - self.backlog)


@dataclass(frozen=True)
class Memory:
    """How a container's memory limit is shared out, in bytes.

    `limit` = maxmemory + what replicas' buffers take beyond the backlog + `PROCESS_PERCENT` of the limit + `room`.

    **maxmemory** is what Redis counts before it evicts keys or refuses writes: data, clients' buffers, and the backlog.
    **Replicas' buffers** it does not count, in so far as they are larger than the backlog, since evicting keys would
    only make them larger. The container's limit counts them all the same: a replica that copies while many writes come
    would otherwise get its master killed. Below it all Redis can grow to when it does what it is told; what does not
    fit is an error. **room** is left for the pages that are written to while a child process writes a snapshot, the
    append-only file or a copy for a replica: of each such page there are two. How many depends on the writes; at the
    worst all of maxmemory. Little room is a warning.
    """

    limit: int
    maxmemory: int
    buffers: ReplicationBuffers | None

    @property
    def for_process(self) -> int:
        return self.limit * PROCESS_PERCENT // 100

    @property
    def for_replicas(self) -> int:
        return self.buffers.beyond_backlog if self.buffers else 0

    @property
    def room(self) -> int:
        """Below zero where it does not fit."""
        return self.limit - self.maxmemory - self.for_replicas - self.for_process

    @property
    def most_data(self) -> int:
        """What is left of maxmemory beside a full backlog."""
        return self.maxmemory - (self.buffers.backlog if self.buffers else 0)

    def figures(self) -> str:
        """The sum, in words."""
        replicas = f" + replicas' buffers beyond the backlog {mib(self.for_replicas)}" if self.buffers else ""
        return f"maxmemory {mib(self.maxmemory)}{replicas} + Redis itself {mib(self.for_process)}"

    def notes(self, percent: int) -> Iterator[str]:
        """What is allowed but may get a Redis killed that writes files or copies: a sentence for the preview."""
        if percent > HIGH_PERCENT or self.room * 100 < self.limit * LEAST_ROOM_PERCENT:
            yield (
                f"conf.maxmemory_percent is {percent}: {self.figures()} leave {mib(self.room)} of "
                f"resources.limits.memory ({mib(self.limit)}) for what changes while Redis writes its files or a copy; "
                "with more writes than that the container is killed. A lower conf.maxmemory_percent or a higher limit "
                "leaves more"
            )


@dataclass(frozen=True)
class Volume:
    """What a volume has to hold at the most, in bytes.

    `needed` = the data as Redis last wrote it + what came after (up to as much again, `growth_percent`, and at least
    until there are 64 MiB) + the file that is being written (a rewrite, a snapshot and a copy from the master take
    turns) + the snapshot of before + `KEPT_ASIDE` broken ones that the agent has put aside, each as large as the data.

    The data takes at the most what maxmemory leaves beside the backlog, which is never on the disk.
    """

    size: int
    data: int
    appendonly: bool
    has_snapshot: bool
    growth_percent: int
    kept_aside: int

    @property
    def needed(self) -> int:
        log = max(self.data * (100 + self.growth_percent) // 100, ALWAYS_IN_THE_AOF) if self.appendonly else 0
        snapshot = self.data if self.has_snapshot else 0
        return log + self.data + snapshot + self.kept_aside * self.data

    def figures(self) -> str:
        """The sum, in words."""
        log = f"the append-only file before its rewriting {mib(self.needed - self._rest)} + " if self.appendonly else ""
        snapshot = f" + the last snapshot {mib(self.data)}" if self.has_snapshot else ""
        aside = (
            f" + {self.kept_aside} broken ones put aside {mib(self.kept_aside * self.data)}" if self.kept_aside else ""
        )
        return f"{log}the one that is being written {mib(self.data)}{snapshot}{aside}"

    @property
    def _rest(self) -> int:
        return self.data * (1 + int(self.has_snapshot) + self.kept_aside)

    def notes(self) -> Iterator[str]:
        """A sentence for the preview where a full Redis can fill its volume."""
        if self.appendonly and self.growth_percent == 0:
            yield (
                "conf.extra.auto-aof-rewrite-percentage is 0: the append-only file is never rewritten, and fills the "
                "volume, whatever storage.size is"
            )
        elif self.size < self.needed:
            yield (
                f"storage.size is {mib(self.size)}: with {mib(self.data)} of data {self.figures()} are "
                f"{mib(self.needed)}, which can fill the volume, and then Redis takes no writes. Make storage.size at "
                f"least '{-(-self.needed // MIB)}Mi', or resources.limits.memory lower"
            )
