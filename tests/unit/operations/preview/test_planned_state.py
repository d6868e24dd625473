"""What differs from a planned state only because nothing has been deployed."""

from typing import Any

import pytest

from operations.preview.model.change import Operation
from operations.preview.planned_state import DEPLOYED, without_undeployed
from tests.unit.operations.preview.engine_log import change_of, state, step

UNKNOWN_NAME: dict[str, Any] = {"metadata": {"name": DEPLOYED}, "spec": {"shards": 3}}


@pytest.mark.parametrize(
    ("after", "operation", "forced_by"),
    [
        ({"metadata": {"name": "job-1a"}, "spec": {"shards": 3}}, Operation.SAME, ()),
        ({"metadata": {"name": "job-1a"}, "spec": {"shards": 4}}, Operation.REPLACE, (("spec", "shards"),)),
    ],
    ids=["a name alone", "another field too"],
)
def test_a_replacement_for_what_only_a_deployment_tells_is_none(
    after: dict[str, Any], operation: Operation, forced_by: tuple[tuple[str, ...], ...]
) -> None:
    keys = ["metadata.name", *(["spec.shards"] if forced_by else [])]
    event = step(
        "replace", "Job", "a", old=state("Job", "a", **UNKNOWN_NAME), new=state("Job", "a", **after), keys=keys
    )
    (found,) = without_undeployed(change_of(event)).steps
    assert (found.operation, found.forced_by) == (operation, forced_by)


def test_any_other_replacement_stays_one() -> None:
    old, new = (state("StatefulSet", "a", spec={"serviceName": name}) for name in (DEPLOYED, "b"))
    event = step("replace", "StatefulSet", "a", old=old, new=new, keys=["spec.serviceName"])
    (found,) = without_undeployed(change_of(event)).steps
    assert (found.operation, found.forced_by) == (Operation.REPLACE, (("spec", "serviceName"),))
