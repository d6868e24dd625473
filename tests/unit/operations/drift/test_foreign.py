"""Which objects in a stack's namespaces are not of the stack, and nobody's work either."""

from typing import Any

import pytest

from operations.drift.foreign import foreign_objects
from operations.drift.recorded import Place, read_state
from tests.unit.operations.drift.drifting_objects import entry, exported, made, owned, resource

OF_THE_STACK = made("ConfigMap", {"data": {}}, owned("data"), name="ours")
NAMESPACE = made("Namespace", {}, {}, name="shop", namespace="")


def told(live: dict[str, Any], *, is_adopted: bool = False, ignored: tuple[str, ...] = ()) -> list[str]:
    inputs = {"metadata": {"name": "shop"} if is_adopted else {"name": "shop", "labels": {"app": "shop"}}}
    stack = read_state(exported(resource(NAMESPACE, inputs), resource(OF_THE_STACK, {})))
    place = Place("", live["kind"], live["metadata"]["namespace"], live["metadata"]["name"])
    return [f"{each.place.kind} {each.place}" for each in foreign_objects(stack, {place: live}, ignored)]


def by(*managers: str, **metadata: Any) -> dict[str, Any]:
    kind, name = str(metadata.pop("kind", "ConfigMap")), metadata.pop("name", "theirs")
    managed = [entry(each, owned("data")) for each in managers]
    return made(kind, {"data": {}}, {}, name=name, managedFields=managed, **metadata)


def test_what_somebody_has_made_is_told() -> None:
    assert told(by("kubectl-create")) == ["ConfigMap shop/theirs"]
    assert told(by("kubectl-create", "kube-controller-manager")) == ["ConfigMap shop/theirs"]
    assert told(by()) == ["ConfigMap shop/theirs"]


def test_what_an_update_has_made_before_it_was_cut_off_is_told() -> None:
    assert told(by("webtier-dev")) == ["ConfigMap shop/theirs"]


@pytest.mark.parametrize(
    "live",
    [
        by("kubectl-create", name="ours"),
        by("kubectl-create", ownerReferences=[{"kind": "Deployment"}]),
        by("kubectl-create", namespace="elsewhere"),
        by("kube-controller-manager", kind="PersistentVolumeClaim", name="data-redis-0"),
        by("kube-controller-manager", name="kube-root-ca.crt"),
        by(kind="ServiceAccount", name="default"),
        by("nginx-ingress-controller", kind="Lease"),
        by("kubectl-create", kind="Endpoints"),
    ],
    ids=str,
)
def test_what_is_the_stacks_or_a_controllers_or_elsewhere_is_not(live: dict[str, Any]) -> None:
    assert told(live) == []


def test_in_an_adopted_namespace_others_are_at_home() -> None:
    assert told(by("kubectl-create"), is_adopted=True) == []


def test_the_work_of_ignored_managers_is_not_told() -> None:
    assert told(by("rancher"), ignored=("rancher",)) == []
