"""What a master keeps for its replicas in memory: plain data, by default a part of the memory limit."""

from pydantic import Field, model_validator

from webtier.redis_common.sizing import MIB, Memory, ReplicationBuffers, mib
from webtier.shared.model import Settings
from webtier.shared.problems import wrong_setting
from webtier.shared.quantities import ByteQuantity, parse_quantity

BACKLOG_PERCENT = 4
HARD_PERCENT = 10
SOFT_SECONDS = 60

MOST_BACKLOG = 4
"""What part of maxmemory the backlog may be, as its denominator."""


class ReplicaOutputBufferLimit(Settings):
    """Above `hard` bytes, or above `soft` ones for so long, a replica is cut off, and copies all data again."""

    hard: ByteQuantity = Field(description="At once. Not below the backlog, up to which it may always grow.")
    soft: ByteQuantity = Field(description="For `soft_seconds` on end.")
    soft_seconds: int = Field(default=SOFT_SECONDS, ge=1, le=3600, description="How long `soft` may be exceeded.")

    @model_validator(mode="after")
    def _is_possible(self) -> "ReplicaOutputBufferLimit":
        if parse_quantity(self.soft) > parse_quantity(self.hard):
            raise wrong_setting(("soft",), f"more than hard, {self.hard}; allowed: at most that", self.soft)
        return self


def replication_buffers(
    limit: int, backlog: str | None, output_buffer: ReplicaOutputBufferLimit | None
) -> ReplicationBuffers:
    """The buffers of a Redis with so many bytes of memory; what is None is a part of them.

    The backlog is what a replica can miss without copying everything again: at 4 % of the limit that are 20 MiB of
    512 MiB, some 10 seconds of writes at 2 MiB/s, as long as a restart takes. The output buffer holds what is written
    while a replica copies: the larger the memory, the longer that takes.
    """
    size = max(limit * BACKLOG_PERCENT // 100, MIB) if backlog is None else int(parse_quantity(backlog))
    if output_buffer is None:
        hard = max(limit * HARD_PERCENT // 100, size)
        return ReplicationBuffers(size, hard, max(hard // 2, size), SOFT_SECONDS)
    hard, soft = (int(parse_quantity(amount)) for amount in (output_buffer.hard, output_buffer.soft))
    return ReplicationBuffers(min(size, hard) if backlog is None else size, hard, soft, output_buffer.soft_seconds)


def check_buffers(
    memory: Memory, percent: int, backlog: str | None, output_buffer: ReplicaOutputBufferLimit | None
) -> None:
    """ValidationError at the setting to change where maxmemory and the buffers do not fit into the memory limit."""
    buffers = memory.buffers
    if buffers is None:
        return
    if buffers.backlog * MOST_BACKLOG > memory.maxmemory:
        raise wrong_setting(
            ("conf", "repl_backlog_size"),
            f"it is a part of maxmemory, {mib(memory.maxmemory)}, and leaves too little for data; allowed: at most a "
            f"quarter, '{memory.maxmemory // MOST_BACKLOG // MIB}Mi', or a higher resources.limits.memory",
            backlog,
        )
    if output_buffer is not None and buffers.hard < buffers.backlog:
        raise wrong_setting(
            ("conf", "replica_output_buffer_limit", "hard"),
            f"less than conf.repl_backlog_size, {mib(buffers.backlog)}, up to which Redis lets it grow all the same; "
            "allowed: at least that",
            output_buffer.hard,
        )
    if memory.room >= 0:
        return
    sum_of_all = f"{memory.figures()} are more than resources.limits.memory, {mib(memory.limit)}"
    if output_buffer is not None and buffers.hard + memory.room >= buffers.backlog:
        most = f"{(buffers.hard + memory.room) // MIB}Mi"
        raise wrong_setting(
            ("conf", "replica_output_buffer_limit", "hard"),
            f"{sum_of_all}; allowed: at most '{most}', a lower conf.maxmemory_percent, or a higher limit",
            output_buffer.hard,
        )
    most_percent = (memory.limit - memory.for_replicas - memory.for_process) * 100 // memory.limit
    raise wrong_setting(
        ("conf", "maxmemory_percent"),
        f"{sum_of_all}; allowed: at most {most_percent}, a lower conf.replica_output_buffer_limit, or a higher limit",
        percent,
    )
