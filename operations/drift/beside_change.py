"""What a previewed change meets of drift: the third comparison, live objects against the state."""

from collections.abc import Iterator

from operations.drift.comparison import Consequence, DriftedField, DriftedObject, Happened
from operations.drift.look import Drifted
from operations.drift.ownership import look_up
from operations.preview.model.change import Change, Operation, Step
from operations.preview.model.paths import format_path

_MEETS = {
    Consequence.PUT_BACK: "this update puts it back",
    Consequence.REMOVE: "this update removes it",
    Consequence.CONFLICT: "this update fails with a conflict",
}


def beside(change: Change, found: Drifted) -> Iterator[str]:
    """Sentences: each field that was changed by hand in an object that the change updates, then what it leaves alone.

    Nothing is said of a field that gets the value that it has in the cluster.
    """
    steps = {step.urn: step for step in change.changing}
    for each in found.objects:
        if (step := steps.get(each.recorded.urn)) is not None and step.operation is Operation.UPDATE:
            yield from _met(each, step)
    left = sum(each.recorded.urn not in steps for each in found.objects)
    others = [f"{left} drifted {_objects(left)} that this change does not touch"] if left else []
    if foreign := len(found.foreign):
        others.append(f"{foreign} {_objects(foreign)} not of this stack in its namespaces")
    if others:
        yield f"Besides: {' and '.join(others)}, of which `make drift` says more."


def _objects(count: int) -> str:
    return "object" if count == 1 else "objects"


def _met(each: DriftedObject, step: Step) -> Iterator[str]:
    name = f"{each.recorded.place.kind} {each.recorded.place}"
    if each.happened is Happened.GONE:
        yield f"{name} is gone from the cluster: this update fails, and `pulumi up --refresh` makes it anew."
    for field in each.fields:
        path = field.difference.path
        if field.consequence in _MEETS and look_up(step.after, path) != field.difference.new:
            yield f"{name}: {format_path(path)} was changed by {_who(field)}; {_MEETS[field.consequence]}."


def _who(field: DriftedField) -> str:
    names = [f"{each.name}{f' ({each.subresource})' if each.subresource else ''}" for each in field.managers]
    return ", ".join(names) or "somebody"
