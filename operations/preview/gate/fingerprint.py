"""What was reviewed, in a form that a deployment compares its own change with.

Of each resource that changes it has the operation and every field with a hash of what it was and will be: so a change
that is smaller than the reviewed one, because a part of it is done already, still fits, and nothing else does. A secret
has no hash, only that it changes. A created object counts as one field, since all of it is new.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

from operations.preview.model.change import Change, Operation, Step
from operations.preview.model.differences import Difference
from operations.preview.model.paths import format_path
from operations.preview.model.values import Opaque, plain

_DIGITS = 16
"""Of a hash; texts that differ and have the same 64 bits are not found by accident."""

_NAME = ("metadata", "name")


def fingerprint(change: Change) -> dict[str, list[str]]:
    """By URN, in order: what happens to each resource that changes."""
    return {step.urn: sorted(_marks(step)) for step in sorted(change.changing, key=lambda step: step.urn)}


def unreviewed(change: Change, reviewed: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What the change does that was not reviewed: a line for each, without values."""
    for urn, marks in fingerprint(change).items():
        for mark in marks:
            if mark not in reviewed.get(urn, ()):
                yield f"{urn}: {mark.partition('#')[0]}"


def _marks(step: Step) -> Iterator[str]:
    yield str(step.operation)
    if step.deletes_first:
        yield "the old one goes first"
    if step.loses_protection:
        yield "protection is taken away"
    if step.is_retained and step.operation is Operation.DELETE:
        yield "the object is left in the cluster"
    for path in step.forced_by:
        yield f"is forced by {format_path(path)}"
    if step.operation is Operation.CREATE:
        yield f"all fields#{_hash(plain(step.after))}"
    yield from map(_field, step.differences)


def _field(difference: Difference) -> str:
    path, old, new = format_path(difference.path), difference.old, difference.new
    if Opaque.SECRET in (old, new):
        # A plain value beside a secret may be the same one.
        return f"{path}#secret"
    if difference.path == _NAME and new is Opaque.UNKNOWN:
        # Of an object whose name is made up: without the state nobody knows which one it has. The URN says which it is.
        return f"{path}#made up"
    return f"{path}#{_hash([plain(old), plain(new)])}"


def _hash(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
