"""A Redis Cluster on Kubernetes: one StatefulSet a shard, storage, Services, and the agent."""

from webtier.redis_cluster.component import RedisCluster, RedisClusterArgs
from webtier.redis_cluster.settings import RedisClusterSettings

__all__ = ["RedisCluster", "RedisClusterArgs", "RedisClusterSettings"]
