"""The resources that a picture is made from, as a stack's state or a preview has them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from operations.preview.model.change import Change, Operation
from operations.preview.model.urn import HasUrn
from operations.preview.model.values import Opaque, Value, read_value, value_at


@dataclass(frozen=True)
class Resource(HasUrn):
    """One resource of a stack: what the program asks for, and the URN of the one that it is part of."""

    urn: str
    parent: str
    inputs: Value

    def at(self, *path: str | int) -> Value:
        """What it asks for at a path; None where that is nothing."""
        found = value_at(self.inputs, path)
        return None if found is Opaque.ABSENT else found

    def text(self, *path: str | int) -> str:
        """The same in words; empty where that is nothing."""
        return in_words(self.at(*path))

    def items(self, *path: str | int) -> Iterator[Value]:
        """The items of a list; none where there is none."""
        found = self.at(*path)
        if isinstance(found, list | tuple):
            yield from found


def in_words(value: Value) -> str:
    """A value as text; empty for nothing."""
    if value is None or value is Opaque.ABSENT:
        return ""
    if isinstance(value, Opaque):
        return "(not known yet)" if value is Opaque.UNKNOWN else "(a secret)"
    # A state has whole numbers as such, an event log as decimal fractions.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def of_state(exported: str) -> list[Resource]:
    """Those of a stack's state, in the form of `pulumi stack export`."""
    listed = json.loads(exported)["deployment"].get("resources") or ()
    # What waits for its deletion is no part of the stack any more.
    return [
        Resource(each["urn"], each.get("parent", ""), read_value(each.get("inputs", {})))
        for each in listed
        if not each.get("delete")
    ]


def before(change: Change) -> list[Resource]:
    """Those that are there before a change."""
    come = (Operation.CREATE, Operation.IMPORT)
    return [Resource(step.urn, step.parent, step.before) for step in change.steps if step.operation not in come]


def after(change: Change) -> list[Resource]:
    """Those that a change leaves."""
    gone = (Operation.DELETE, Operation.DISCARD)
    return [Resource(step.urn, step.parent, step.after) for step in change.steps if step.operation not in gone]
