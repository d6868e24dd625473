"""What tests ask of redis-py's clients, whose own annotations leave parameters out and can't be matched."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self, cast

from redis import Redis
from redis.cluster import ClusterNode, RedisCluster


class RedisClient(Protocol):
    """A client that decodes responses; the end of its `with` closes it."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None: ...

    def ping(self) -> bool: ...

    def config_get(self, pattern: str) -> Mapping[str, str]: ...

    def config_set(self, name: str, value: str) -> object: ...

    def get(self, name: str) -> str | None: ...

    def set(self, name: str, value: str | int) -> object: ...


class Pipeline(Protocol):
    def get(self, name: str) -> object: ...

    def set(self, name: str, value: str) -> object: ...

    def execute(self) -> Sequence[Any]: ...


class ClusterClient(RedisClient, Protocol):
    """One of a Redis Cluster; `target_nodes` says which of its nodes is asked."""

    def get_nodes(self) -> Sequence[ClusterNode]: ...

    def get_primaries(self) -> Sequence[ClusterNode]: ...

    def cluster_nodes(self) -> Mapping[str, Mapping[str, Any]]: ...

    def cluster_info(self, target_nodes: ClusterNode) -> Mapping[str, str]: ...

    def wait(self, num_replicas: int, timeout: int, *, target_nodes: ClusterNode) -> int: ...

    def pipeline(self) -> Pipeline: ...


def redis_client(host: str, port: int, password: str) -> RedisClient:
    """Of one Redis, as its default user."""
    client = Redis(host, port, password=password, socket_timeout=5, decode_responses=True)
    return cast("RedisClient", client)


def cluster_client(host: str, port: int, username: str, password: str) -> ClusterClient:
    """Of the cluster that this node is a member of."""
    client = RedisCluster(
        host=host, port=port, username=username, password=password, socket_timeout=5, decode_responses=True
    )
    return cast("ClusterClient", client)
