"""Redis that can't be, or that nobody can have meant: refused with the reason before anything is changed."""

from typing import Any

import pytest
import yaml

from tests.refused_settings.case import Refused
from tests.refused_settings.redis import REFUSED
from tests.unit.environment.changed_stack import check_refused, parse, report


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.name)
def test_the_report_names_the_key_its_value_and_what_is_allowed(refused: Refused) -> None:
    check_refused(report(redis=yaml.safe_load(refused.yaml)), "redis", refused)


def test_each_is_refused_for_what_is_wrong_in_it() -> None:
    """Were the stack's other settings wrong, every case above would be refused whatever stands in it."""
    redis = parse(redis={}).redis
    assert redis is not None
    assert redis.shards == 3
    assert len({refused.yaml for refused in REFUSED}) == len(REFUSED) >= 20


def test_the_wrong_ones_are_reported_together() -> None:
    wrong = {"shards": 0, "conf": {"node_timeout_ms": 500}, "image": "redis", "access": {"node_port": 80}, "shard": 1}
    lines = report(redis=wrong, standalone_redis={"redis": {"image": "redis:5"}})
    assert lines[0].startswith("7 settings are wrong")


@pytest.mark.parametrize(
    ("redis", "ingress", "key"),
    [
        ({"access": {"node_port": 31234}}, {}, "ingress.http_node_port"),
        ({}, {"https_node_port": 30010}, "ingress.https_node_port"),
    ],
)
def test_a_node_port_that_the_ingress_has_is_refused(redis: dict[str, Any], ingress: dict[str, Any], key: str) -> None:
    lines = report(redis=redis, ingress=ingress)
    port = ingress.get("https_node_port", 31234)
    assert lines[2] == f"  webtier:{key} = {port}"
    assert lines[3].strip() == "the same NodePort as redis.access.node_port; allowed: each NodePort once in a cluster"


@pytest.mark.parametrize(
    ("redis", "notes"),
    [
        ("{shards: 1, replicas_per_shard: 0}", ["while a node is away, so are the keys of its shard"]),
        ("{shards: 1, replicas_per_shard: 2}", ["no automatic failover below three shards"]),
        ("{shards: 2}", ["no automatic failover below three shards"]),
        ("{shards: 2, replicas_per_shard: 0}", ["while a node is away, so are the keys of its shard"]),
        ("{shards: 3}", []),
        ("{shards: 3, replicas_per_shard: 2}", []),
        ("{shards: 4}", []),
        ("{shards: 500}", []),
        ("{anti_affinity: required, storage: {kind: local, nodes: [a, b, c], size: 2Gi}}", []),
        ("{replicas_per_shard: 2, anti_affinity: required, storage: {kind: local, nodes: [a, b, c], size: 2Gi}}", []),
        ("{storage: {kind: dynamic, size: 400Mi}}", ["can fill the volume"]),
        ("{access: {node_port: null}}", []),
        ("{conf: {maxmemory_policy: volatile-ttl, maxmemory_percent: 60, node_timeout_ms: 1000}}", []),
        ("{conf: {maxmemory_percent: 75, node_timeout_ms: 60000}, ready_timeout_seconds: 60}", []),
    ],
)
def test_what_is_possible_is_allowed_with_a_note_where_it_may_surprise(redis: str, notes: list[str]) -> None:
    settings = parse(redis={"storage": {"kind": "dynamic", "size": "2200Mi"}, **yaml.safe_load(redis)})
    assert settings.redis is not None
    said = settings.redis.notes()
    assert len(said) == len(notes)
    for note, expected in zip(said, notes, strict=True):
        assert expected in note
