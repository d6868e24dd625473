"""Alert rules for one Redis Cluster, as Prometheus reads them.

They pick a cluster's series by the labels `namespace` and `pod`, and one rule wants `node`: the ServiceMonitor
brings all three, and so does the usual scraping of annotated pods.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from webtier.redis_cluster.settings import RedisClusterSettings
from webtier.shared.prometheus.alerts import Alert, RuleGroups, group_alerts

SLOTS = 16384
"""Of every Redis Cluster."""

MOST_LAG_SECONDS = 10
"""Redis' own min-replicas-max-lag: an older sign of life of a replica does not count."""

MEMORY_PART = 0.9
"""Of maxmemory: above it there is little time left to do something."""

MASTER = 'role="master"'
"""Picks the masters out of redis_instance_info."""

_ONLINE = 'slave_state="online"'
_REFUSALS = 'err=~"CLUSTERDOWN|MISCONF|NOREPLICAS|OOM"'


@dataclass(frozen=True)
class Series:
    """The series of one cluster's members, whatever scraped them, and however often."""

    cluster: str
    namespace: str

    def of(self, metric: str, *matchers: str) -> str:
        """All series of a metric that fit."""
        pods = (f'namespace="{self.namespace}"', f'pod=~"{self.cluster}-shard-[0-9]+-[0-9]+"')
        return f"{metric}{{{','.join((*pods, *matchers))}}}"

    def each(self, metric: str, *matchers: str) -> str:
        """One value for each pod: a pod that two jobs scrape counts once."""
        return f"max by (namespace, pod) ({self.of(metric, *matchers)})"

    def rate(self, metric: str) -> str:
        """A counter's increase by the second in five minutes, for each pod."""
        return f"max by (namespace, pod) (rate({self.of(metric)}[5m]))"

    @property
    def masters(self) -> str:
        """1 for each pod that says that it is a master."""
        return self.each("redis_instance_info", MASTER)


def cluster_alerts(name: str, namespace: str, settings: RedisClusterSettings) -> tuple[Alert, ...]:
    """The rules for the cluster `name`; those that its settings rule out are left out."""
    parts = (_seen, _cluster, _replication, _persistence, _load)
    return tuple(alert for part in parts for alert in part(Series(name, namespace), settings))


def rule_groups(name: str, namespace: str, settings: RedisClusterSettings) -> RuleGroups:
    """The rules for the cluster `name`, ready for Prometheus."""
    labels = {"namespace": namespace, "redis_cluster": name}
    return group_alerts(f"{namespace}-{name}", cluster_alerts(name, namespace, settings), labels)


def _seen(series: Series, settings: RedisClusterSettings) -> Iterator[Alert]:
    members = settings.shards * settings.members_per_shard
    seen = f"count({series.each('redis_up')} == 1)"
    yield Alert(
        *("RedisDown", "critical", "1m"),
        f"{series.each('redis_up')} == 0",
        "Redis in {{ $labels.pod }} does not answer.",
        "The exporter beside it runs. See `kubectl logs {{ $labels.pod }} -c redis`, and of the container agent.",
    )
    yield Alert(
        *("RedisExporterDown", "warning", "5m"),
        f"{series.each('up')} == 0",
        "The metrics of {{ $labels.pod }} can't be fetched.",
        "The pod is gone, or its exporter does not run, or a network policy keeps Prometheus out.",
    )
    yield Alert(
        *("RedisMembersMissing", "warning", "10m"),
        f"({seen} or vector(0)) < {members}",
        f"Only {{{{ $value }}}} of {members} members of {series.cluster} are seen and answer.",
        "Pods are missing, or Prometheus does not know them. See `kubectl get pods`, and Prometheus' targets.",
    )


def _cluster(series: Series, settings: RedisClusterSettings) -> Iterator[Alert]:
    members = settings.shards * settings.members_per_shard
    alive = f"{series.masters} or {series.each('redis_master_link_up')} == 1"
    on_nodes = series.of("redis_instance_info", 'node!=""')
    masters_on_nodes = series.of("redis_instance_info", MASTER, 'node!=""')
    by_node = f"count by (namespace, node) (max by (namespace, pod, node) ({masters_on_nodes}))"
    yield Alert(
        *("RedisClusterDown", "critical", "1m"),
        f"{series.each('redis_cluster_state')} == 0",
        "For {{ $labels.pod }} the cluster is down.",
        "It does not reach a majority of the masters, and answers no commands. See whether those pods run.",
    )
    yield Alert(
        *("RedisSlotsMissing", "critical", "1m"),
        f"min by (namespace) ({series.of('redis_cluster_slots_ok')}) < {SLOTS}",
        f"Some member sees only {{{{ $value }}}} of {SLOTS} slots served.",
        "Keys of the other slots can't be read or written. A master is lost that no replica has replaced.",
    )
    yield Alert(
        *("RedisShardWithoutMaster", "critical", "1m"),
        # A replica with a link to it tells of a master whose own metrics are missing.
        f"(count(count by (shard) ({_with_shard(alive)})) or vector(0)) < {settings.shards}",
        f"Only {{{{ $value }}}} of {settings.shards} shards have a master.",
        "No member of a shard is one, nor has a link to one. See the logs of its pods' containers agent.",
    )
    yield Alert(
        *("RedisUnexpectedNodeCount", "warning", "15m"),
        f"{series.each('redis_cluster_known_nodes')} != {members}",
        f"{{{{ $labels.pod }}}} knows {{{{ $value }}}} nodes, and {members} are set.",
        "A member was never met, or a removed one not forgotten. See `redis-cli cluster nodes` in the pod.",
    )
    if settings.shards > 1:
        yield Alert(
            *("RedisMastersOnOneNode", "warning", "15m"),
            f"{by_node} > scalar(ceil({settings.shards} / count(count by (node) ({on_nodes}))))",
            "{{ $value }} masters run on the node {{ $labels.node }}, while other nodes have fewer.",
            "With the node they go at once. In a replica on another node: `redis-cli cluster failover`.",
        )


def _replication(series: Series, settings: RedisClusterSettings) -> Iterator[Alert]:
    if settings.replicas_per_shard == 0:
        return
    online = series.each("redis_connected_slave_lag_seconds", _ONLINE)
    yield Alert(
        *("RedisTwoMastersInShard", "critical", "2m"),
        f"count by (namespace, shard) ({_with_shard(series.masters)}) > 1",
        "{{ $value }} members of shard {{ $labels.shard }} are masters.",
        "One of them does not replicate the shard's data. See the log of its pod's container agent.",
    )
    yield Alert(
        *("RedisMasterWithoutReplica", "warning", "5m"),
        f"{series.masters} unless on (namespace, pod) {online}",
        "The master {{ $labels.pod }} has no replica that is online.",
        "If it is lost now, its data is. See the shard's other pods, and the logs of their containers redis.",
    )
    yield Alert(
        *("RedisReplicationLinkDown", "warning", "5m"),
        f"{series.each('redis_master_link_up')} == 0",
        "The replica {{ $labels.pod }} has no link to its master.",
        "Its data grows old. A first copy of much data takes long; else see the log of its container redis.",
    )
    least = settings.min_replicas_to_write
    if least == 0:
        return
    of_replicas = series.of("redis_connected_slave_lag_seconds", _ONLINE)
    fresh = f"max by (namespace, pod, slave_ip, slave_port) ({of_replicas}) <= {MOST_LAG_SECONDS}"
    yield Alert(
        *("RedisMasterRefusesWrites", "critical", "1m"),
        f"(count by (namespace, pod) ({fresh}) or {series.masters} * 0) < {least}",
        f"The master {{{{ $labels.pod }}}} takes no writes: {{{{ $value }}}} of {least} needed replicas are in touch.",
        "Writes to its shard fail with NOREPLICAS until a replica is back. See the shard's other pods.",
    )


def _persistence(series: Series, settings: RedisClusterSettings) -> Iterator[Alert]:
    if settings.conf.appendonly:
        yield Alert(
            *("RedisAofWriteFailing", "critical", "1m"),
            f"{series.each('redis_aof_last_write_status')} == 0",
            "{{ $labels.pod }} can't write its append-only file.",
            "It refuses writes with MISCONF. Its volume is full or broken: see its log, and `df /data` in the pod.",
        )
        yield Alert(
            *("RedisAofRewriteFailing", "warning", "15m"),
            f"{series.each('redis_aof_last_bgrewrite_status')} == 0",
            "{{ $labels.pod }} can't rewrite its append-only file, which grows on.",
            "The rewriting needs room for a second copy and memory to fork: see its log, and `df /data` in the pod.",
        )
    if settings.conf.save:
        yield Alert(
            *("RedisSnapshotFailing", "critical", "1m"),
            f"{series.each('redis_rdb_last_bgsave_status')} == 0",
            "{{ $labels.pod }} can't write its snapshot.",
            "It refuses writes with MISCONF until one succeeds: see its log, and `df /data` in the pod.",
        )


def _load(series: Series, settings: RedisClusterSettings) -> Iterator[Alert]:
    policy = settings.conf.maxmemory_policy
    used, most = series.each("redis_memory_used_bytes"), series.each("redis_memory_max_bytes")
    full = "writes fail with OOM" if policy == "noeviction" else "keys are evicted, or writes fail"
    # Where every key may be evicted, full memory is how it works.
    if not policy.startswith("allkeys"):
        yield Alert(
            *("RedisMemoryHigh", "warning", "5m"),
            f"{used} / ({most} > 0) > {MEMORY_PART}",
            "{{ $labels.pod }} uses {{ $value | humanizePercentage }} of maxmemory.",
            f"When it is full, {full}. Raise redis.resources.limits.memory, or redis.shards.",
        )
    if policy != "noeviction":
        yield Alert(
            *("RedisEvictingKeys", "info" if policy.startswith("allkeys") else "warning", "15m"),
            f"{series.rate('redis_evicted_keys_total')} > 0",
            "{{ $labels.pod }} evicts {{ $value | humanize }} keys a second.",
            f"Memory is full, and the policy is {policy}. Raise redis.resources.limits.memory if the keys are missed.",
        )
    refusals = f"rate({series.of('redis_errors_total', _REFUSALS)}[5m])"
    yield Alert(
        *("RedisRefusingCommands", "critical", "2m"),
        f"max by (namespace, pod, err) ({refusals}) > 0",
        "{{ $labels.pod }} answers {{ $value | humanize }} commands a second with {{ $labels.err }}.",
        "CLUSTERDOWN: slots are missing. MISCONF: it can't save. NOREPLICAS: none in touch. OOM: memory is full.",
    )
    yield Alert(
        *("RedisRejectingConnections", "warning", "0m"),
        f"{series.rate('redis_rejected_connections_total')} > 0",
        "{{ $labels.pod }} turns clients away: it has as many as maxclients.",
        "See who they are with `redis-cli client list` in the pod; clients that never close are the usual reason.",
    )


def _with_shard(series: str) -> str:
    """With the shard's number, out of the pod's name, as the label `shard`."""
    return f'label_replace({series}, "shard", "$1", "pod", ".*-shard-([0-9]+)-[0-9]+")'
