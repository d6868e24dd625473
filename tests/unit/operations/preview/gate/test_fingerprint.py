"""What a deployment may do that was reviewed, and what it may not."""

from typing import Any

import pytest

from operations.preview.gate.fingerprint import fingerprint, unreviewed
from tests.unit.operations.preview.engine_log import CREATED, SECRET, change_of, changed, state, step, urn_of


def _update(before: Any, after: Any) -> Any:
    return changed("Deployment", "a", {"spec": before}, {"spec": after})


REVIEWED = _update({"replicas": 3, "paused": False}, {"replicas": 5, "paused": True})
PROTECTED = state("Service", "a", protect=True)


@pytest.mark.parametrize("event", [REVIEWED, CREATED])
def test_the_same_change_has_been_reviewed(event: Any) -> None:
    assert list(unreviewed(change_of(event), fingerprint(change_of(event)))) == []


def test_less_than_was_reviewed_has_been_too() -> None:
    reviewed = fingerprint(change_of(REVIEWED, CREATED))
    assert list(unreviewed(change_of(_update({"replicas": 3}, {"replicas": 5})), reviewed)) == []
    assert list(unreviewed(change_of(), reviewed)) == []


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (_update({"replicas": 3}, {"replicas": 6}), "Deployment::a: spec.replicas"),
        (_update({"replicas": 9}, {"replicas": 5}), "Deployment::a: spec.replicas"),
        (_update({"other": 1}, {"other": 2}), "Deployment::a: spec.other"),
        (changed("Deployment", "b", {"x": 1}, {"x": 2}), "Deployment::b: update"),
        (step("create", "Service", "a", new=state("Service", "a", spec={"type": "NodePort"})), "all fields"),
        (step("delete", "Service", "a", old=state("Service", "a")), "Service::a: delete"),
        (
            step("same", "Service", "a", old=PROTECTED, new=state("Service", "a")),
            "protection",
        ),
    ],
    ids=["further", "from elsewhere", "another field", "another object", "otherwise made", "gone", "not protected"],
)
def test_anything_else_has_not(event: Any, said: str) -> None:
    assert any(said in each for each in unreviewed(change_of(event), fingerprint(change_of(REVIEWED, CREATED))))


def test_a_replacement_is_not_an_update() -> None:
    old, new = state("Service", "a", x=1), state("Service", "a", x=2)
    detail: dict[str, Any] = {"detailedDiff": {"x": {"diffKind": "update-replace", "inputDiff": True}}, "keys": ["x"]}
    replaced = change_of(step("replace", "Service", "a", old=old, new=new, **detail))
    reviewed = fingerprint(change_of(changed("Service", "a", {"x": 1}, {"x": 2})))
    assert [each.rpartition(": ")[2] for each in unreviewed(replaced, reviewed)] == ["is forced by x", "replace"]


def test_of_a_secret_it_has_only_that_it_changes() -> None:
    marks = fingerprint(change_of(changed("Secret", "a", {"data": SECRET}, {"data": "plain"})))
    assert marks == {urn_of("Secret", "a"): ["data#secret", "update"]}


def _named(before: str, after: str, **made_up: str) -> Any:
    old, new = (
        state("Secret", "a", metadata={"name": name, "namespace": "webtier", "annotations": made_up})
        for name in (before, after)
    )
    return step("replace", "Secret", "a", old=old, new=new)


def test_a_name_that_is_made_up_is_another_one_each_time() -> None:
    made_up = {"pulumi.com/autonamed": "true"}
    reviewed = fingerprint(change_of(_named("a-1", "a-2", **made_up)))
    assert list(unreviewed(change_of(_named("a-3", "a-4", **made_up)), reviewed)) == []
    assert any("metadata.name" in each for each in unreviewed(change_of(_named("a-1", "a-2")), reviewed))
