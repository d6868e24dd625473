"""What a Redis Cluster's settings refuse, and what they allow and warn of."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.unit.harness.recording import run_recorded
from tests.unit.webtier.redis_cluster.redis_objects import PASSWORD, record
from webtier.redis_cluster import RedisCluster, RedisClusterArgs, RedisClusterSettings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shards": 0}, "greater than or equal to 1"),
        ({"network_policy": {"source_ranges": ["10.0.0.1/8"]}}, "a CIDR without host bits"),
        ({"access": {"pods": {"kind": "node_ports", "first": 32767}}}, "need the NodePorts 32767 to 32832"),
        ({"access": {"pods": {"kind": "node_ports", "first": 30000}}}, "one of the pods' own NodePorts 30000 to 30065"),
        ({"shards": -1}, "greater than or equal to 1"),
        ({"shards": "3"}, "valid integer"),
        ({"replicas_per_shard": -1}, "greater than or equal to 0"),
        (
            {"shards": 400, "replicas_per_shard": 2},
            "shards\n.*with replicas_per_shard 2 these are 1200 nodes; allowed: at most 1000",
        ),
        ({"shard": 3}, "Extra inputs are not permitted"),
        ({"image": "redis"}, "an image with its tag or digest"),
        ({"conf": {"maxmemory_percent": 91}}, "less than or equal to 90"),
        ({"conf": {"maxmemory_policy": "lru"}}, "'noeviction', 'allkeys-lru'"),
        ({"conf": {"appendonly": False, "save": []}}, "allowed: appendonly true, or at least one save point"),
        ({"resources": {"limits": {"memory": None}}}, "limits.memory\n.*not set, and maxmemory is derived from it"),
        ({"resources": {"limits": {"memory": "8Mi"}, "requests": None}}, "valid dictionary"),
        (
            {"resources": {"limits": {"memory": "8Mi"}, "requests": {"memory": "8Mi"}}},
            "limits.memory\n.*too little, .* at least '32Mi'",
        ),
        ({"storage": {"kind": "floppy"}}, "'local', 'nfs', 'dynamic'"),
        ({"storage": {"kind": "local", "nodes": []}}, "at least 1 item"),
        ({"storage": {"kind": "local", "nodes": ["a", "b", "a"]}}, "a is named twice; allowed: each node once"),
        ({"storage": {"kind": "local", "nodes": ["a"], "root": "/srv/../etc"}}, "absolute path without '..'"),
        ({"storage": {"kind": "nfs", "server": "nfs", "path": "/x", "size": "10"}}, "at least '1Mi'"),
        (
            {"storage": {"kind": "local", "nodes": ["a", "b"]}, "anti_affinity": "required", "replicas_per_shard": 2},
            "storage.nodes\n.*2 nodes for 3 members a shard, and anti_affinity is required",
        ),
        ({"access": {"node_port": 80}}, "greater than or equal to 30000"),
        ({"agent": {"code": "baked"}}, "'mounted' or 'in_image'"),
    ],
)
def test_what_can_not_be_is_refused_with_the_reason(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        RedisClusterSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("settings", "note"),
    [
        ({"shards": 1, "replicas_per_shard": 2}, "shards is 1: there is no automatic failover below three shards"),
        ({"shards": 2}, "shards is 2: there is no automatic failover below three shards"),
        ({"replicas_per_shard": 0}, "while a node is away, so are the keys of its shard"),
        (
            {"storage": {"kind": "local", "nodes": ["a"], "size": "2Gi"}},
            "one lost node can take a master and its replica",
        ),
        ({"storage": {"kind": "local", "nodes": ["a", "b"], "size": "2Gi"}}, "without a majority of the masters"),
        ({"storage": {"kind": "dynamic", "size": "512Mi"}}, "can fill the volume"),
        ({"conf": {"appendonly": False}}, "a restart loses every write since the last snapshot"),
    ],
)
def test_what_may_surprise_is_said(settings: dict[str, Any], note: str) -> None:
    (warning,) = record({"storage": {"kind": "dynamic", "size": "2Gi"}, **settings}).warnings
    assert warning.startswith("redis: ")
    assert note in warning


@pytest.mark.parametrize("name", ["Redis", "9lives", "a_b", "", "r" * 41, "redis-"])
def test_a_name_that_dns_would_not_take_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="can't name a RedisCluster; allowed: 1 to 40 of a-z"):
        run_recorded(lambda: RedisCluster(name, RedisClusterArgs(RedisClusterSettings(), "shop", PASSWORD)))
