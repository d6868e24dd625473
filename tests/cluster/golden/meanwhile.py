"""What goes on while a change is deployed: writes to every shard, and workloads that have no ready pod."""

import time
from collections.abc import Mapping, Sequence
from typing import Self, cast

from redis import Redis
from redis.exceptions import RedisError
from typing_extensions import override

from devcluster.plan import NODES
from tests.cluster.golden.golden_stack import REDIS_PORT
from tests.cluster.harness.background import Background
from tests.cluster.harness.redis_clients import ClusterClient, cluster_client
from tests.cluster.harness.tier import Tier

KEYS = 12
_PAUSE = 0.1
_LOOK_SECONDS = 0.5
_WORKLOADS = "deployments,statefulsets"


class Writes(Background):
    """Writes a few keys in turn, which all shards have a part of; `longest_pause` is in seconds, of any of them.

    `written` are the keys and what was last acknowledged for each.
    """

    def __init__(self, password: str) -> None:
        super().__init__([self._run])
        self.longest_pause = 0.0
        self.written: dict[str, str] = {}
        self._password = password
        self._client: ClusterClient | None = None
        self._last = dict.fromkeys((f"golden:{number}" for number in range(KEYS)), time.monotonic())

    @override
    def __exit__(self, error: object, *_: object) -> None:
        super().__exit__(error)
        for since in self._last.values():
            self.longest_pause = max(self.longest_pause, time.monotonic() - since)

    def _run(self) -> None:
        for number, _ in enumerate(self.turns_after(_PAUSE)):
            for key in self._last:
                self._write(key, str(number))

    def _write(self, key: str, value: str) -> None:
        try:
            if self._client is None:
                self._client = cluster_client(NODES[0].address, REDIS_PORT, "app", self._password)
            self._client.set(key, value)
        except (RedisError, OSError):
            self._client = None
            return
        now = time.monotonic()
        self.longest_pause = max(self.longest_pause, now - self._last[key])
        self._last[key] = now
        self.written[key] = value


class Absences(Background):
    """For how many seconds each workload has had no ready pod, by `Kind namespace/name`.

    One that is there at the beginning counts from then on, also while it is away; what comes later does not.
    """

    def __init__(self, tier: Tier, namespaces: Sequence[str]) -> None:
        super().__init__([self._run])
        self._tier, self._namespaces = tier, namespaces
        self._ready_at: dict[str, float] = {}
        self.longest: dict[str, float] = {}

    @override
    def __enter__(self) -> Self:
        self._ready_at = dict.fromkeys(self._ready(), time.monotonic())
        return super().__enter__()

    @override
    def __exit__(self, error: object, *_: object) -> None:
        super().__exit__(error)
        self._note()

    def _run(self) -> None:
        for _ in self.turns_after(_LOOK_SECONDS):
            self._note()

    def _note(self) -> None:
        now, ready = time.monotonic(), self._ready()
        for name, since in self._ready_at.items():
            # Between two looks at ready pods none was seen to be missing.
            if name not in ready:
                self.longest[name] = max(self.longest.get(name, 0.0), now - since)
            else:
                self._ready_at[name] = now

    def _ready(self) -> frozenset[str]:
        listed = [each for name in self._namespaces for each in self._tier.items(_WORKLOADS, "-n", name)]
        return frozenset(
            f"{each['kind']} {each['metadata']['namespace']}/{each['metadata']['name']}"
            for each in listed
            if each["status"].get("readyReplicas")
        )


def lost(written: Mapping[str, str], password: str) -> list[str]:
    """Keys whose value is older than the last one that was acknowledged."""
    with cluster_client(NODES[0].address, REDIS_PORT, "app", password) as client:
        found = {key: client.get(key) for key in written}
    return [key for key, value in written.items() if int(found[key] or -1) < int(value)]


def master_epochs(password: str) -> Mapping[str, int]:
    """The configuration epoch of each shard's master, by the StatefulSet's name: it grows with each hand-over."""
    with Redis(NODES[0].address, REDIS_PORT, username="app", password=password, decode_responses=True) as client:
        listed = cast("Mapping[str, Mapping[str, str]]", client.cluster("nodes"))  # pyright: ignore[reportUnknownMemberType]
    found: dict[str, int] = {}
    for node in listed.values():
        if "master" in node["flags"]:
            shard = node["hostname"].partition(".")[0].rpartition("-")[0]
            found[shard] = max(found.get(shard, -1), int(node["epoch"]))
    return found
