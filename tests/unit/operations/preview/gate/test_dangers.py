"""What the gate finds in a change."""

from typing import Any

import pytest

from operations.preview.gate.dangers import HOLDING_DATA, Danger, DangerKind, dangers
from tests.unit.operations.preview.engine_log import change_of, changed, component, state, step, urn_of


def _kinds(found: list[Danger]) -> list[DangerKind]:
    return [each.kind for each in found]


@pytest.mark.parametrize("kind", sorted(HOLDING_DATA))
def test_what_holds_data_is_not_deleted_or_replaced(kind: str) -> None:
    old = state(kind, "a")
    (deleted,) = dangers(change_of(step("delete", kind, "a", old=old)))
    assert (deleted.kind, deleted.urn) == (DangerKind.DELETED, urn_of(kind, "a"))
    events = [step(each, kind, "a", old=old, new=old) for each in ("delete-replaced", "create-replacement")]
    (replaced,) = dangers(change_of(*events))
    assert replaced.kind is DangerKind.REPLACED
    assert "the old one goes first" in replaced.what


def test_other_objects_may_go() -> None:
    assert list(dangers(change_of(step("delete", "Service", "a", old=state("Service", "a"))))) == []


def test_protection_that_is_taken_away_is_one_also_where_nothing_else_changes() -> None:
    old = state("Deployment", "a", protect=True)
    found = list(dangers(change_of(step("same", "Deployment", "a", old=old, new=state("Deployment", "a")))))
    assert _kinds(found) == [DangerKind.UNPROTECTED]


def test_a_deletion_of_what_was_protected_is_both() -> None:
    found = list(dangers(change_of(step("delete", "Secret", "a", old=state("Secret", "a", protect=True)))))
    assert _kinds(found) == [DangerKind.DELETED, DangerKind.UNPROTECTED]


def test_a_retained_object_that_nobody_manages_any_more_is_one() -> None:
    old = {**state("PersistentVolume", "a"), "retainOnDelete": True}
    assert _kinds(list(dangers(change_of(step("delete", "PersistentVolume", "a", old=old))))) == [DangerKind.ORPHANED]


def test_tls_of_a_cluster_that_is_there_divides_its_nodes() -> None:
    redis = component("RedisCluster", "redis")
    with_tls: dict[str, Any]
    plain, with_tls = (
        {"spec": {"template": {"spec": {"initContainers": [{"name": "agent", "command": ["run", *more]}]}}}}
        for more in ([], ["--tls=/etc/tls"])
    )
    switched = change_of(changed("StatefulSet", "redis-shard-0", plain, with_tls, redis))
    assert [(each.kind, each.urn) for each in dangers(switched)] == [(DangerKind.DIVIDED, redis)]
    new = state("StatefulSet", "redis-shard-0", redis, **with_tls)
    assert list(dangers(change_of(step("create", "StatefulSet", "redis-shard-0", parent=redis, new=new)))) == []
    other = changed("StatefulSet", "redis-shard-0", with_tls, {**with_tls, "x": 1}, redis)
    assert list(dangers(change_of(other))) == []


def test_a_change_that_is_not_known_whole_is_one() -> None:
    event = changed("Service", "a", {"x": 1}, {"x": 2})
    assert _kinds(list(dangers(change_of(event, ends=False)))) == [DangerKind.INCOMPLETE]
    assert _kinds(list(dangers(change_of(event, result="failed")))) == [DangerKind.INCOMPLETE]


def _said(level: str, message: str = "Redis is private.\nThe Service 'redis' is a NodePort.") -> dict[str, Any]:
    told = {
        "policyPackName": "webtier",
        "policyName": "private-redis",
        "enforcementLevel": level,
        "resourceUrn": "urn:a",
    }
    return {"policyEvent": {**told, "message": message}}


def _error(message: str) -> dict[str, Any]:
    return {"diagnosticEvent": {"severity": "error", "message": message}}


def test_a_mandatory_policy_refuses_a_change_that_is_known_all_the_same() -> None:
    (found,) = dangers(change_of(_said("mandatory"), _error("preview failed\n"), result="failed"))
    assert (found.kind, found.urn) == (DangerKind.REFUSED, "urn:a")
    assert found.what == "private-redis: Redis is private. The Service 'redis' is a NodePort."


def test_what_fails_beside_a_policy_is_not_known() -> None:
    events = (_said("mandatory"), _error("the provider is missing"), _error("preview failed\n"))
    assert _kinds(list(dangers(change_of(*events, result="failed")))) == [DangerKind.INCOMPLETE, DangerKind.REFUSED]


def test_advice_of_a_policy_is_none() -> None:
    assert list(dangers(change_of(_said("advisory")))) == []
