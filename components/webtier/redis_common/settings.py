"""Settings of any Redis that are plain data: its image, what it keeps, how much memory it takes."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from webtier.redis_common.extra_conf import ExtraConf, extra_notes, extra_problems
from webtier.redis_common.sizing import KEPT_ASIDE, Memory, ReplicationBuffers, Volume
from webtier.shared.model import Image, Settings, TextForm, text_of
from webtier.shared.problems import checked, wrong_setting, wrong_settings
from webtier.shared.quantities import ResourceSettings, parse_quantity

LEAST_MEMORY = "32Mi"
"""Below this limit Redis' own buffers leave no room for data."""

LEAST_VERSION = 7
"""Older ones know neither announced host names nor ACL selectors, and refuse to start."""

CLUSTER_DOMAIN = "cluster.local"
"""The DNS domain of a Kubernetes cluster, where nothing else is said."""

LONGEST_NAME = 40
"""A pod's name and its labels add up to 23 characters to the Redis' own, and may have 63."""

_VERSIONED = re.compile(r"(?:.*/)?redis:v?([0-9]+)(?:[.@-].*)?")

_NAME = TextForm(
    r"[a-z]([a-z0-9-]*[a-z0-9])?",
    f"1 to {LONGEST_NAME} of a-z, 0-9 and '-', beginning with a letter and ending with a letter or digit",
    longest=LONGEST_NAME,
)

redis_name_problem: Callable[[str], str | None] = _NAME.problem
"""Why a component of this name would get objects that Kubernetes does not take; None if it takes them."""


def _version_problem(image: str) -> str | None:
    # Only the tags of images called `redis` are known to begin with its version.
    version = _VERSIONED.fullmatch(image)
    if version is None or int(version[1]) >= LEAST_VERSION:
        return None
    return f"allowed: an image of Redis {LEAST_VERSION}.0 or later, such as 'docker.io/library/redis:8.2.10'"


RedisName = Annotated[str, text_of(_NAME)]
"""What the objects of one Redis are called by."""

RedisImage = Annotated[
    Image,
    checked(_version_problem),
    Field(
        description="An image with `redis-server` and `redis-cli`, version 7.0 or later, on its PATH, or with "
        "`valkey-server` and `valkey-cli`."
    ),
]
DEFAULT_IMAGE = "docker.io/library/redis:8.2.10-bookworm"


class SavePoint(Settings):
    """An RDB snapshot is written when so much has changed in so long."""

    seconds: int = Field(ge=1, le=31_536_000, description="Since the snapshot before.")
    changes: int = Field(ge=1, le=2_147_483_647, description="At least so many keys changed.")


class DataSettings(Settings):
    """What Redis keeps in memory, what of it on disk, and what else of redis.conf is a choice."""

    of_cluster: ClassVar[bool] = False
    """Whether it is part of a Redis Cluster."""

    appendonly: bool = Field(default=True, description="Whether every write is logged to the append-only file.")
    appendfsync: Literal["always", "everysec", "no"] = Field(
        default="everysec", description="When the append-only file reaches the disk: what a power cut may cost."
    )
    save: list[SavePoint] = Field(
        default_factory=lambda: [SavePoint(seconds=3600, changes=1)],
        description="When a snapshot (RDB) is written besides; an empty list for never.",
    )
    maxmemory_percent: int = Field(
        default=70,
        ge=30,
        le=90,
        description="Part of `resources.limits.memory` that is Redis' `maxmemory`; forks and buffers need the rest. "
        "Above 75 the preview says what is left for them.",
    )
    maxmemory_policy: Literal[
        "noeviction",
        "allkeys-lru",
        "allkeys-lfu",
        "allkeys-random",
        "volatile-lru",
        "volatile-lfu",
        "volatile-random",
        "volatile-ttl",
    ] = Field(default="noeviction", description="What happens when memory is full: refuse writes, or evict which keys.")

    extra: ExtraConf = Field(
        default_factory=dict,
        description="Further keys of redis.conf with their values, such as `active-expire-effort: 2`; of several "
        "arguments a list. Not those that webtier sets, and no secrets.",
    )

    @model_validator(mode="after")
    def _sets_nothing_twice(self) -> "DataSettings":
        problems = list(extra_problems(self.extra, of_cluster=self.of_cluster))
        if problems:
            raise wrong_settings([replace(each, place=("extra", *each.place)) for each in problems])
        return self

    @property
    def keeps_nothing(self) -> bool:
        """Whether a restart begins without data."""
        return not self.appendonly and not self.save

    @property
    def growth_percent(self) -> int:
        """By how much the append-only file grows before it is rewritten."""
        given = self.extra.get("auto-aof-rewrite-percentage", 100)
        return int(given) if isinstance(given, int | str) and str(given).isdecimal() else 100

    def memory(self, resources: ResourceSettings, buffers: Callable[[int], ReplicationBuffers] | None = None) -> Memory:
        """How the memory of a container with these resources is shared out; `buffers` are those for so many bytes."""
        limit = int(parse_quantity(resources.limits.memory or "0"))
        return Memory(limit, limit * self.maxmemory_percent // 100, buffers(limit) if buffers else None)


def check_memory(resources: ResourceSettings) -> None:
    """ValidationError at `resources.limits.memory` unless it leaves room for data."""
    limit = resources.limits.memory
    if limit is None or parse_quantity(limit) < parse_quantity(LEAST_MEMORY):
        raise wrong_setting(
            ("resources", "limits", "memory"),
            f"{'not set' if limit is None else 'too little'}, and maxmemory is derived from it; "
            f"allowed: at least '{LEAST_MEMORY}', such as '512Mi'",
            limit,
        )


def check_volume(size: str, maxmemory_bytes: int) -> None:
    """ValidationError at `storage.size` if what fits into memory does not fit onto the volume."""
    if parse_quantity(size) < maxmemory_bytes:
        raise wrong_setting(
            ("storage", "size"),
            f"less than maxmemory, {maxmemory_bytes} bytes, so that the data would not fit onto its volume; allowed: "
            "at least maxmemory, better twice as much, since a rewriting of the append-only file needs both copies",
            size,
        )


def data_notes(data: DataSettings, size: str, memory: Memory) -> list[str]:
    """What is allowed of a Redis with a volume of `size` but may surprise: one sentence each."""
    restart = "conf.appendonly is false: a restart loses every write since the last snapshot"
    return [*([] if data.appendonly else [restart]), *size_notes(data, size, memory), *extra_notes(data.extra)]


def size_notes(data: DataSettings, size: str, memory: Memory) -> list[str]:
    """Where what Redis writes may be too much for its memory or for a volume of `size`: one sentence each."""
    is_replicated = memory.buffers is not None
    volume = Volume(
        size=int(parse_quantity(size)),
        data=memory.most_data,
        appendonly=data.appendonly,
        # What a replica has copied is one too.
        has_snapshot=is_replicated or bool(data.save),
        growth_percent=data.growth_percent,
        kept_aside=KEPT_ASIDE if is_replicated else 0,
    )
    return [*memory.notes(data.maxmemory_percent), *volume.notes()]
