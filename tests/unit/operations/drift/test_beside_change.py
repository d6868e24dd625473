"""What a preview says of drift: what the change meets, and what it leaves alone."""

from collections.abc import Mapping
from typing import Any, cast

from operations.drift.beside_change import beside
from operations.drift.comparison import DriftedObject, compare
from operations.drift.foreign import Foreign
from operations.drift.look import Drifted
from operations.drift.masking import Mask
from operations.drift.recorded import Place
from operations.preview.model.change import Change, Operation, Step
from operations.preview.model.values import Value
from tests.unit.operations.drift.drifting_objects import Pair, deployment, recorded


def drifted(*objects: DriftedObject | None, foreign: int = 0) -> Drifted:
    others = [Foreign(Place("", "ConfigMap", "shop", f"other-{number}"), (), "T") for number in range(foreign)]
    return Drifted(9, tuple(each for each in objects if each is not None), tuple(others), (), Mask(frozenset()))


def step(pair: Pair, after: Mapping[str, Any], operation: Operation = Operation.UPDATE) -> Step:
    return Step(recorded(pair.before, {}).urn, operation, after=cast("Value", after))


def scaled_by_hand() -> Pair:
    pair = deployment()
    pair.live["spec"]["replicas"] = 5
    pair.live["metadata"]["labels"] |= {"app": "other", "hand": "yes"}
    pair.live["metadata"]["annotations"] = {"note": "mine"}
    pair.touch("kubectl", "spec replicas", subresource="scale")
    pair.touch("kubectl-label", "metadata labels app", "metadata labels hand")
    pair.touch("dashboard", "metadata annotations note")
    return pair


def test_a_change_of_a_drifted_object_says_what_it_meets() -> None:
    pair = scaled_by_hand()
    after = {"metadata": {"labels": {"app": "web"}}, "spec": {"replicas": 3}}
    assert [*beside(Change("dev", (step(pair, after),)), drifted(pair.compared()))] == [
        "Deployment shop/web: metadata.labels.app was changed by kubectl-label; this update puts it back.",
        "Deployment shop/web: metadata.labels.hand was changed by kubectl-label; this update removes it.",
        "Deployment shop/web: spec.replicas was changed by kubectl (scale); this update fails with a conflict.",
    ]


def test_a_change_to_what_the_cluster_has_meets_nothing() -> None:
    pair = scaled_by_hand()
    after = {"metadata": {"labels": {"app": "other", "hand": "yes"}}, "spec": {"replicas": 5}}
    assert [*beside(Change("dev", (step(pair, after),)), drifted(pair.compared()))] == []


def test_an_object_that_is_gone_fails_the_update_that_changes_it() -> None:
    pair = deployment()
    gone = compare(recorded(pair.before, {}), None)
    [sentence] = beside(Change("dev", (step(pair, {}),)), drifted(gone))
    assert sentence == (
        "Deployment shop/web is gone from the cluster: this update fails, and `pulumi up --refresh` makes it anew."
    )
    # To delete it is what has happened already.
    assert [*beside(Change("dev", (step(pair, {}, Operation.DELETE),)), drifted(gone))] == []


def test_the_rest_is_counted() -> None:
    pair = scaled_by_hand()
    unchanged = step(pair, {}, Operation.SAME)
    [sentence] = beside(Change("dev", (unchanged,)), drifted(pair.compared(), foreign=2))
    assert sentence == (
        "Besides: 1 drifted object that this change does not touch and 2 objects not of this stack in its namespaces, "
        "of which `make drift` says more."
    )
    assert [*beside(Change("dev", (unchanged,)), drifted())] == []
