"""The rules of Redis' Services, of disruption budgets, and of the protection of data."""

from typing import Any

import pytest

from tests.unit.policies.objects import container, of_kind, workload
from webtier_policies.budgets import missing_budgets
from webtier_policies.exposure import public_redis
from webtier_policies.protection import unprotected_data
from webtier_policies.resources import UNKNOWN, Resource

REDIS_PORT = {"name": "redis", "port": 6379, "targetPort": "redis"}


@pytest.mark.parametrize("kind", ["NodePort", "LoadBalancer"])
@pytest.mark.parametrize(
    "spec",
    [
        {"ports": [{"port": 6379}]},
        {"ports": [{"port": 80, "targetPort": 6379}]},
        {"ports": [{"port": 16379.0}]},
        {"ports": [{"port": 80, "targetPort": "redis"}]},
        {"ports": UNKNOWN, "selector": {"app.kubernetes.io/name": "redis"}},
        {"ports": [{"port": 80}], "selector": {"app": "redis-cache"}},
    ],
)
def test_redis_is_not_public(kind: str, spec: dict[str, Any]) -> None:
    (found,) = public_redis(of_kind("Service", spec={**spec, "type": kind}))
    assert kind in found


def test_redis_has_no_address_outside() -> None:
    (found,) = public_redis(of_kind("Service", spec={"ports": [REDIS_PORT], "externalIPs": ["192.0.2.1"]}))
    assert "externalIPs" in found


@pytest.mark.parametrize(
    "spec",
    [
        {"ports": [REDIS_PORT], "type": "ClusterIP"},
        {"ports": [REDIS_PORT]},
        {"ports": [REDIS_PORT], "type": UNKNOWN},
        {"ports": [{"port": 80, "targetPort": "http"}], "type": "LoadBalancer", "selector": {"app": "web"}},
    ],
)
def test_other_services_may_be_public(spec: dict[str, Any]) -> None:
    assert list(public_redis(of_kind("Service", spec=spec))) == []


def budget(namespace: str = "web", **selector: Any) -> Resource:
    return of_kind("PodDisruptionBudget", namespace=namespace, spec={"maxUnavailable": 1, "selector": selector})


LABELS = {"app": "web", "tier": "front"}


@pytest.mark.parametrize(
    ("others", "has_one"),
    [
        ([], False),
        ([budget(matchLabels={"app": "web"})], True),
        ([budget(matchLabels={"app": "web", "tier": "front"})], True),
        ([budget(matchLabels={"app": "other"})], False),
        ([budget("elsewhere", matchLabels={"app": "web"})], False),
        ([budget(matchExpressions=[{"key": "app", "operator": "In", "values": ["web"]}])], True),
        ([budget(matchExpressions=[{"key": "app", "operator": "NotIn", "values": ["web"]}])], False),
        ([budget(matchExpressions=[{"key": "tier", "operator": "Exists"}])], True),
        ([budget(matchExpressions=[{"key": "tier", "operator": "DoesNotExist"}])], False),
    ],
)
def test_a_workload_of_several_replicas_has_a_budget(others: list[Resource], has_one: bool) -> None:
    found = list(missing_budgets([workload(container(), labels=LABELS, replicas=2.0), *others]))
    assert [each.urn for each in found] == ([] if has_one else ["urn:Deployment:a"])
    assert all("2 replicas" in each.message for each in found)


@pytest.mark.parametrize("replicas", [1, None, UNKNOWN])
def test_one_replica_needs_none(replicas: Any) -> None:
    assert list(missing_budgets([workload(container(), labels=LABELS, replicas=replicas)])) == []


def test_what_is_scaled_to_more_needs_one() -> None:
    target = {"kind": "Deployment", "name": "a"}
    scaler = of_kind("HorizontalPodAutoscaler", spec={"maxReplicas": 5, "scaleTargetRef": target})
    (found,) = missing_budgets([workload(container(), labels=LABELS), scaler])
    assert "5 replicas" in found.message


HOLDING = [
    of_kind("PersistentVolumeClaim"),
    of_kind("PersistentVolume"),
    workload(kind="StatefulSet", volumeClaimTemplates=[{"metadata": {"name": "data"}}]),
    workload(kind="StatefulSet", pod={"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}),
]


@pytest.mark.parametrize("resource", HOLDING, ids=lambda each: each.kind)
def test_what_holds_data_is_protected_and_so_is_its_namespace(resource: Resource) -> None:
    protected = Resource(resource.type, resource.urn, resource.inputs, is_protected=True)
    namespaces = [of_kind("Namespace", "web"), of_kind("Namespace", "other")]
    assert {each.urn for each in unprotected_data([resource, *namespaces])} == {resource.urn, "urn:Namespace:web"}
    assert [each.urn for each in unprotected_data([protected, *namespaces])] == ["urn:Namespace:web"]
    assert list(unprotected_data([protected, of_kind("Namespace", "web", protected=True)])) == []


@pytest.mark.parametrize("resource", [workload(kind="StatefulSet"), workload(container()), of_kind("Secret")])
def test_what_holds_no_data_needs_no_protection(resource: Resource) -> None:
    assert list(unprotected_data([resource, of_kind("Namespace", "web")])) == []
