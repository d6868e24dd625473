"""A Redis Cluster on Kubernetes: one StatefulSet a shard, storage, Services, and the agent."""

from webtier.redis_cluster.access_settings import AccessSettings, PodLoadBalancers, PodNodePorts
from webtier.redis_cluster.component import RedisCluster, RedisClusterArgs
from webtier.redis_cluster.network_policy_settings import NetworkPolicySettings, PodSelector
from webtier.redis_cluster.settings import AgentSettings, MetricsSettings, RedisClusterSettings, RedisConf
from webtier.redis_cluster.tls_settings import GeneratedTls, SecretTls
from webtier.redis_common.settings import SavePoint
from webtier.redis_common.storage import DynamicStorage, LocalStorage, NfsStorage

__all__ = [
    "AccessSettings",
    "AgentSettings",
    "DynamicStorage",
    "GeneratedTls",
    "LocalStorage",
    "MetricsSettings",
    "NetworkPolicySettings",
    "NfsStorage",
    "PodLoadBalancers",
    "PodNodePorts",
    "PodSelector",
    "RedisCluster",
    "RedisClusterArgs",
    "RedisClusterSettings",
    "RedisConf",
    "SavePoint",
    "SecretTls",
]
