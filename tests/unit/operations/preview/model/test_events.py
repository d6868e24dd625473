"""The engine's event log, read into the model: `engine_log.py` has its lines as the engine writes them."""

import json
from typing import Any

import pytest

from operations.preview.model.change import Operation, Severity
from operations.preview.model.differences import Difference
from operations.preview.model.events import LogError, read_log
from operations.preview.model.values import Opaque
from tests.unit.operations.preview.engine_log import SECRET, UNKNOWN, change_of, changed, log, state, step


def test_an_update_has_its_fields_with_old_and_new() -> None:
    (found,) = change_of(changed("Deployment", "a", {"spec": {"replicas": 3}}, {"spec": {"replicas": 5}})).steps
    assert (found.operation, found.kind, found.name, found.place) == (Operation.UPDATE, "Deployment", "a", "webtier/a")
    assert found.differences == (Difference(("spec", "replicas"), 3, 5),)


def test_an_item_put_first_is_one_difference() -> None:
    old, new = [{"name": "b", "value": "1"}], [{"name": "a", "value": "0"}, {"name": "b", "value": "1"}]
    (found,) = change_of(changed("Deployment", "a", {"env": old}, {"env": new})).steps
    assert found.differences == (Difference(("env", "[a]"), Opaque.ABSENT, {"name": "a", "value": "0"}),)


@pytest.mark.parametrize(
    ("order", "first"),
    [
        (("delete-replaced", "replace", "create-replacement"), True),
        (("create-replacement", "replace", "delete-replaced"), False),
    ],
)
def test_the_sub_steps_of_a_replacement_are_one_that_says_which_goes_first(order: tuple[str, ...], first: bool) -> None:
    old = state("StatefulSet", "a", spec={"serviceName": "x"})
    new = state("StatefulSet", "a", spec={"serviceName": "y"})
    how: dict[str, Any] = {
        "keys": ["spec.serviceName"],
        "detailedDiff": {"spec.serviceName": {"diffKind": "update-replace"}},
    }
    events = [
        step(each, "StatefulSet", "a", old=old, new=None if each == "delete-replaced" else new, **how) for each in order
    ]
    (found,) = change_of(*events).steps
    assert (found.operation, found.deletes_first) == (Operation.REPLACE, first)
    assert found.forced_by == (("spec", "serviceName"),)
    assert found.differences == (Difference(("spec", "serviceName"), "x", "y"),)


def test_fields_that_force_a_replacement_are_in_an_order_of_their_own() -> None:
    old, new = state("Job", "a", spec={"a": 1, "b": 1}), state("Job", "a", spec={"a": 2, "b": 2})
    given = [
        change_of(step("replace", "Job", "a", old=old, new=new, keys=keys))
        for keys in (["spec.b", "spec.a"], ["spec.a", "spec.b"])
    ]
    assert given[0] == given[1]
    assert given[0].steps[0].forced_by == (("spec", "a"), ("spec", "b"))


def test_the_name_of_a_job_that_runs_again_says_nothing() -> None:
    old, new = (
        {"inputs": {"kind": "Job", "metadata": {"name": f"converge-{each}"}, "spec": each}} for each in ("0a", "1b")
    )
    how: dict[str, Any] = {
        "keys": ["metadata.name", "spec"],
        "detailedDiff": {"metadata.name": {"diffKind": "update-replace"}, "spec": {"diffKind": "update-replace"}},
    }
    (job,) = change_of(step("replace", "Job", "converge", old=old, new=new, **how)).steps
    assert (job.place, job.old_place, job.forced_by) == ("", "", (("spec",),))
    assert job.differences == (Difference(("spec",), "0a", "1b"),)


def test_a_secret_is_told_by_the_engines_word_and_never_shown() -> None:
    old = state("Secret", "a", data=dict(SECRET))
    new = state("Secret", "a", data=dict(SECRET))
    how: dict[str, Any] = {"detailedDiff": {"data.password": {"diffKind": "update", "inputDiff": True}}}
    (found,) = change_of(step("update", "Secret", "a", old=old, new=new, **how)).steps
    assert found.differences == (Difference(("data", "password"), Opaque.SECRET, Opaque.SECRET),)
    assert "ciphertext" not in repr(found)


def test_what_is_not_known_yet_is_no_text() -> None:
    (found,) = change_of(changed("Service", "a", {"x": "1"}, {"x": UNKNOWN})).steps
    assert found.differences == (Difference(("x",), "1", Opaque.UNKNOWN),)


def test_a_field_changed_outside_has_its_live_value() -> None:
    both = state("Service", "a", spec={"type": "ClusterIP"})
    old = {**both, "outputs": {"spec": {"type": "NodePort"}}}
    how: dict[str, Any] = {"detailedDiff": {"spec.type": {"diffKind": "update", "inputDiff": False}}}
    (found,) = change_of(step("update", "Service", "a", old=old, new=both, **how)).steps
    assert found.differences == (Difference(("spec", "type"), "NodePort", "ClusterIP"),)


def test_protection_is_known_before_and_after() -> None:
    old, new = state("Secret", "a", protect=True), state("Secret", "a")
    (found,) = change_of(step("update", "Secret", "a", old=old, new=new)).steps
    assert found.loses_protection


def test_a_log_that_was_cut_off_is_not_complete() -> None:
    event = changed("Service", "a", {"x": 1}, {"x": 2})
    assert not change_of(event, ends=False).complete
    lines = [*log([event], ends=False), '{"sequence": 9, "summaryEv']
    assert not read_log("prod", lines).complete


def test_a_failed_preview_has_what_was_said_and_no_debugging() -> None:
    said = [{"diagnosticEvent": {"severity": each, "message": f"{each}!\n", "urn": ""}} for each in ("debug", "error")]
    change = change_of(*said, result="failed")
    assert [(each.severity, each.message) for each in change.diagnostics] == [(Severity.ERROR, "error!")]
    assert change.complete
    assert not change.succeeded


def test_what_is_no_log_of_this_engine_is_refused() -> None:
    with pytest.raises(LogError, match="no event log"):
        read_log("prod", ["hello\n", "{}\n"])
    with pytest.raises(LogError, match="does not know"):
        read_log("prod", [json.dumps({"sequence": 0, **step("leap", "Service", "a")})])


def test_a_name_that_the_provider_makes_up_is_not_known() -> None:
    metadata = {"namespace": "webtier", "annotations": {"pulumi.com/autonamed": "true"}}
    old, new = (
        {"inputs": {"metadata": {**metadata, "name": f"converge-{each}"}, "spec": each}} for each in ("0a", "1b")
    )
    events = [step(each, "Job", "converge", old=old, new=new) for each in ("delete-replaced", "create-replacement")]
    (job,) = change_of(*events).steps
    assert [(each.old, each.new) for each in job.differences] == [("0a", "1b")]
    assert change_of(*events) == change_of(*json.loads(json.dumps(events).replace("converge-1b", "converge-2c")))
