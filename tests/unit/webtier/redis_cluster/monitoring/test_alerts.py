"""Every alert fires on its fault, not before its time and not on anything else: asked of Prometheus' own promtool."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.unit.harness.promtool import CLUSTER, NAMESPACE, Scraped, check_rules, evaluate, firing
from webtier.redis_cluster import RedisClusterSettings
from webtier.redis_cluster.monitoring.alerts import cluster_alerts, rule_groups
from webtier.shared.prometheus.alerts import Alert, render_groups

LATE = 20
"""Minutes; all faults last for sixty, and no alert waits so long."""

VARIANTS: dict[str, dict[str, Any]] = {
    "default": {},
    "two replicas": {"replicas_per_shard": 2},
    "no replicas": {"replicas_per_shard": 0},
    "one shard": {"shards": 1, "replicas_per_shard": 2},
    "a cache": {"conf": {"maxmemory_policy": "allkeys-lru", "appendonly": False}},
    "half a cache": {"conf": {"maxmemory_policy": "volatile-ttl", "save": []}},
}


@dataclass(frozen=True)
class Fault:
    """`alert` fires once, with `labels` besides its rule's own and `value` as its summary says it.

    `besides` are other alerts that are right to fire too, and how many of each.
    """

    alert: str
    happens: Callable[[Scraped], None]
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    value: str = ""
    besides: Mapping[str, int] = field(default_factory=dict[str, int])
    variant: str = "default"
    masters: Mapping[int, int] = field(default_factory=dict[int, int])


def a_replica_hangs(scraped: Scraped) -> None:
    pod = {"pod": scraped.pod(1, 1)}
    scraped.lose(**pod)
    scraped.add("up", "1x60", **pod)
    scraped.add("redis_up", "0x60", **pod)
    scraped.lose("redis_connected_slave_lag_seconds", pod=scraped.pod(1, 0))


def an_exporter_is_gone(scraped: Scraped) -> None:
    pod = {"pod": scraped.pod(2, 0)}
    scraped.lose(**pod)
    scraped.add("up", "0x60", **pod)


def nothing_is_scraped(scraped: Scraped) -> None:
    scraped.series.clear()


def a_shard_has_lost_its_master(scraped: Scraped) -> None:
    scraped.lose(pod=scraped.pod(1, 0))
    scraped.set("redis_master_link_up", "0x60", pod=scraped.pod(1, 1))


def a_replica_thinks_it_is_master(scraped: Scraped) -> None:
    pod = scraped.pod(0, 1)
    scraped.lose("redis_instance_info", pod=pod)
    scraped.lose("redis_master_link_up", pod=pod)
    scraped.add("redis_instance_info", "1x60", pod, role="master")
    scraped.lose("redis_connected_slave_lag_seconds", pod=scraped.pod(0, 0))


def changed(metric: str, values: str, pod: str = "redis-shard-0-0", **labels: str) -> Callable[[Scraped], None]:
    """One pod's metric has other values."""
    return lambda scraped: scraped.set(metric, values, pod=pod, **labels)


def refused(error: str) -> Callable[[Scraped], None]:
    return lambda scraped: scraped.add("redis_errors_total", "0+60x60", scraped.pod(0, 0), err=error)


POD = {"pod": "redis-shard-0-0"}
REPLICA = {"pod": "redis-shard-1-1"}
FAULTS = [
    Fault("RedisDown", a_replica_hangs, REPLICA, besides={"RedisMembersMissing": 1, "RedisMasterWithoutReplica": 1}),
    Fault("RedisExporterDown", an_exporter_is_gone, {"pod": "redis-shard-2-0"}, besides={"RedisMembersMissing": 1}),
    Fault("RedisMembersMissing", lambda scraped: scraped.lose(pod=scraped.pod(2, 1)), value="5"),
    Fault("RedisMembersMissing", nothing_is_scraped, value="0", besides={"RedisShardWithoutMaster": 1}),
    Fault("RedisClusterDown", changed("redis_cluster_state", "0x60"), POD),
    Fault("RedisSlotsMissing", changed("redis_cluster_slots_ok", "10923x60"), value="10923"),
    Fault(
        "RedisShardWithoutMaster",
        a_shard_has_lost_its_master,
        value="2",
        besides={"RedisMembersMissing": 1, "RedisReplicationLinkDown": 1},
    ),
    Fault("RedisUnexpectedNodeCount", changed("redis_cluster_known_nodes", "7x60"), POD, "7"),
    Fault("RedisUnexpectedNodeCount", changed("redis_cluster_known_nodes", "5x60"), POD, "5"),
    Fault("RedisMastersOnOneNode", lambda _scraped: None, {"node": "a"}, "2", masters={2: 1}),
    Fault(
        "RedisTwoMastersInShard",
        a_replica_thinks_it_is_master,
        {"shard": "0"},
        "2",
        besides={"RedisMasterWithoutReplica": 2, "RedisMastersOnOneNode": 1},
    ),
    Fault(
        "RedisMasterWithoutReplica",
        lambda scraped: scraped.lose("redis_connected_slave_lag_seconds", pod=scraped.pod(0, 0)),
        POD,
    ),
    Fault("RedisReplicationLinkDown", changed("redis_master_link_up", "0x60", **REPLICA), REPLICA),
    Fault(
        "RedisMasterRefusesWrites",
        changed("redis_connected_slave_lag_seconds", "30x60"),
        POD,
        "0",
        variant="two replicas",
    ),
    Fault("RedisAofWriteFailing", changed("redis_aof_last_write_status", "0x60"), POD),
    Fault("RedisAofRewriteFailing", changed("redis_aof_last_bgrewrite_status", "0x60"), POD),
    Fault("RedisSnapshotFailing", changed("redis_rdb_last_bgsave_status", "0x60"), POD),
    Fault("RedisMemoryHigh", changed("redis_memory_used_bytes", "950000000x60"), POD, "95%"),
    Fault("RedisEvictingKeys", changed("redis_evicted_keys_total", "0+120x60"), POD, "2", variant="half a cache"),
    Fault("RedisEvictingKeys", changed("redis_evicted_keys_total", "0+120x60"), POD, "2", variant="a cache"),
    Fault("RedisRefusingCommands", refused("NOREPLICAS"), {**POD, "err": "NOREPLICAS"}, "1"),
    Fault("RedisRefusingCommands", refused("CLUSTERDOWN"), {**POD, "err": "CLUSTERDOWN"}, "1"),
    Fault("RedisRejectingConnections", changed("redis_rejected_connections_total", "0+6x60"), POD),
]


def settings_of(variant: str) -> RedisClusterSettings:
    return RedisClusterSettings.model_validate(VARIANTS[variant])


def rules_of(variant: str) -> str:
    return render_groups(rule_groups(CLUSTER, NAMESPACE, settings_of(variant)))


def healthy(variant: str = "default", **arguments: Any) -> Scraped:
    settings = settings_of(variant)
    return Scraped(settings.shards, settings.replicas_per_shard, **arguments)


def alerts_of(variant: str) -> dict[str, Alert]:
    return {alert.name: alert for alert in cluster_alerts(CLUSTER, NAMESPACE, settings_of(variant))}


def minutes(alert: Alert) -> int:
    return int(alert.holds.removesuffix("m"))


@pytest.mark.parametrize("variant", VARIANTS)
def test_prometheus_takes_the_rules(variant: str, tmp_path: Path) -> None:
    check_rules(tmp_path, dict(rule_groups(CLUSTER, NAMESPACE, settings_of(variant))))


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_healthy_cluster_is_silent(variant: str, tmp_path: Path) -> None:
    evaluate(tmp_path, rules_of(variant), healthy(variant), promql_expr_test=[firing({}, LATE)])


def test_one_that_is_scraped_twice_is_no_other(tmp_path: Path) -> None:
    scraped = healthy("two replicas")
    scraped.scraped_twice()
    evaluate(tmp_path, rules_of("two replicas"), scraped, promql_expr_test=[firing({}, LATE)])
    scraped.lose(pod=scraped.pod(1, 1))
    expected = [firing({"RedisMembersMissing": 1}, LATE)]
    evaluate(tmp_path, rules_of("two replicas"), scraped, promql_expr_test=expected)


@pytest.mark.parametrize("other", [{"namespace": "elsewhere"}, {"cluster": "my-redis"}, {"cluster": "redis2"}])
def test_other_clusters_faults_are_not_this_ones(other: dict[str, str], tmp_path: Path) -> None:
    scraped, broken = healthy(), healthy(masters={2: 1}, **other)
    broken.set("redis_cluster_state", "0x60")
    broken.set("redis_cluster_slots_ok", "1x60")
    broken.set("redis_up", "0x60")
    broken.lose("redis_connected_slave_lag_seconds")
    scraped.series |= broken.series
    evaluate(tmp_path, rules_of("default"), scraped, promql_expr_test=[firing({}, LATE)])


def test_what_can_not_be_helped_is_no_alert(tmp_path: Path) -> None:
    """Four masters on three nodes; no limit on memory; a master that is well, but whose metrics are missing."""
    rules = render_groups(rule_groups(CLUSTER, NAMESPACE, RedisClusterSettings(shards=4)))
    evaluate(tmp_path, rules, Scraped(shards=4), promql_expr_test=[firing({}, LATE)])
    scraped = healthy()
    scraped.set("redis_memory_max_bytes", "0x60")
    scraped.lose(pod=scraped.pod(1, 0))
    evaluate(tmp_path, rules_of("default"), scraped, promql_expr_test=[firing({"RedisMembersMissing": 1}, LATE)])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.alert} {fault.variant} {fault.value}".strip())
def test_each_fault_has_its_alert(fault: Fault, tmp_path: Path) -> None:
    scraped = healthy(fault.variant, masters=fault.masters)
    fault.happens(scraped)
    alert = alerts_of(fault.variant)[fault.alert]
    expected = {
        "exp_labels": {
            "severity": alert.severity,
            "namespace": NAMESPACE,
            "redis_cluster": CLUSTER,
            **fault.labels,
        },
        "exp_annotations": {"summary": said(alert.summary, fault), "description": said(alert.description, fault)},
    }
    when_firing = {"alertname": alert.name, "eval_time": f"{LATE}m", "exp_alerts": [expected]}
    before: dict[str, object] = {"alertname": alert.name, "eval_time": f"{minutes(alert) - 1}m", "exp_alerts": []}
    evaluate(
        tmp_path,
        rules_of(fault.variant),
        scraped,
        alert_rule_test=[when_firing, *([before] if minutes(alert) > 0 else [])],
        promql_expr_test=[firing({alert.name: 1, **fault.besides}, LATE)],
    )


def said(text: str, fault: Fault) -> str:
    """The template as Prometheus fills it in. KeyError for a label that the alert does not have."""
    text = re.sub(r"{{ \$labels\.(\w+) }}", lambda match: fault.labels[match[1]], text)
    return re.sub(r"{{ \$value[^}]* }}", fault.value or "0.1", text)


def test_every_alert_has_a_fault_here() -> None:
    names = {name for variant in VARIANTS for name in alerts_of(variant)}
    assert names == {fault.alert for fault in FAULTS}


def test_alerts_follow_the_settings() -> None:
    names = {variant: set(alerts_of(variant)) for variant in VARIANTS}
    assert not {"RedisMasterRefusesWrites", "RedisEvictingKeys"} & names["default"]
    assert "RedisMasterRefusesWrites" in names["two replicas"]
    assert not {"RedisMasterWithoutReplica", "RedisReplicationLinkDown"} & names["no replicas"]
    assert "RedisMastersOnOneNode" not in names["one shard"]
    assert not {"RedisMemoryHigh", "RedisAofWriteFailing"} & names["a cache"]
    assert {"RedisMemoryHigh", "RedisEvictingKeys"} <= names["half a cache"]
    assert "RedisSnapshotFailing" not in names["half a cache"]
    assert [alerts_of(variant)["RedisEvictingKeys"].severity for variant in ("a cache", "half a cache")] == [
        "info",
        "warning",
    ]
