"""No kind of object is waited for in a way that could take the object of before an update for that of after it."""

import json
import re

import pytest

from tests.unit.environment.program.recorded_program import files_of_this_machine, recorded
from tests.unit.environment.stack_files import STACKS
from tests.unit.harness.recording import Recorded
from webtier.shared.waiting import SENT, counts, rolled_out, wait_for

__all__ = ["files_of_this_machine"]
"""The fixture for every test that runs the program."""

SKIP, WAIT_FOR = "pulumi.com/skipAwait", "pulumi.com/waitFor"

WITH_ONE_WATCH_FOR_ALL = {
    f"kubernetes:{kind}"
    for kind in (
        "apps/v1:DaemonSet",
        "apps/v1:Deployment",
        "apps/v1:StatefulSet",
        "batch/v1:Job",
        "core/v1:Pod",
        "core/v1:Service",
        "networking.k8s.io/v1:Ingress",
    )
}
"""The kinds whose own rules look at a watch that all objects of the kind share (pulumi-kubernetes 4.25)."""


def is_safe(resource: Recorded) -> bool:
    metadata = resource.inputs["metadata"]
    annotations = metadata.get("annotations", {})
    if annotations.get(SKIP) == "true":
        return True
    if WAIT_FOR in annotations:
        first, *_ = json.loads(annotations[WAIT_FOR])
        return first == f"jsonpath={{.metadata.annotations['{SENT}']}}={annotations[SENT]}"
    # A Job has no update, and one that does something else has another name.
    return resource.type == "kubernetes:batch/v1:Job" and bool(re.fullmatch(".+-[0-9a-f]{8}", metadata["name"]))


@pytest.mark.parametrize("stack", STACKS)
def test_each_object_is_told_from_the_one_before_it(stack: str) -> None:
    waited_for = [each for each in recorded(stack).resources if each.type in WITH_ONE_WATCH_FOR_ALL]
    assert {each.type for each in waited_for} >= {"kubernetes:apps/v1:Deployment", "kubernetes:core/v1:Service"}
    assert [each.name for each in waited_for if not is_safe(each)] == []


def test_whatever_is_sent_changes_the_mark() -> None:
    def mark(label: str = "a", annotation: str = "b", content: str = "c") -> str:
        return wait_for([], labels={"team": label}, annotations={"note": annotation}, content=content)[SENT]

    assert len({mark(), mark(label="x"), mark(annotation="x"), mark(content="x")}) == 4
    assert mark() == mark()


def test_a_deployment_is_complete_by_its_counts_where_they_are_known() -> None:
    assert rolled_out(3)[1:] == counts(3, "replicas", "updatedReplicas", "availableReplicas")
    assert rolled_out(0) == rolled_out(None) == rolled_out(3)[:1]
