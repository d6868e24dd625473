"""The report of drift as data: `report.json`, which all other forms are read from.

`version` counts up when a field changes its meaning or goes.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from operations.drift.comparison import Consequence, DriftedField, DriftedObject, Happened
from operations.drift.foreign import Foreign
from operations.drift.masking import Mask
from operations.drift.ownership import Manager
from operations.preview.model.differences import Difference
from operations.preview.model.paths import format_path
from operations.preview.model.values import Opaque, Value
from operations.preview.report.texts import plain

SCHEMA_VERSION = 1
_SECRET = plain(Opaque.SECRET)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WhoWrote(_Part):
    """A field manager of Kubernetes: the program that has written, and when it last did (RFC 3339), if that is kept."""

    manager: str
    operation: str = Field(description="Apply or Update")
    subresource: str = Field(description="the way it was written by, such as scale; empty for the object itself")
    time: str


class FieldDrift(_Part):
    """A field that is not as the last update left it. Where a side does not have it, `old` or `new` is not there.

    What is not to be shown is the text `(a secret)`.
    """

    path: str
    old: Any = None
    new: Any = None
    by: list[WhoWrote] = Field(description="who may have written it, the latest first; nobody is known for a removal")
    consequence: Consequence = Field(description="what the next update that touches the object does")

    def difference(self) -> Difference:
        """Old and new as values, with an empty path."""
        sides = (getattr(self, side) if side in self.model_fields_set else Opaque.ABSENT for side in ("old", "new"))
        old, new = (Opaque.SECRET if each == _SECRET else each for each in sides)
        return Difference((), old, new)


class ObjectDrift(_Part):
    """An object that is not as the last update left it."""

    kind: str
    place: str = Field(description="namespace/name, or the name alone")
    urn: str
    happened: Happened
    consequence: Consequence | None = Field(description="for an object that is gone; else each field has its own")
    by: list[WhoWrote] = Field(description="of an object that was replaced: who has written it")
    fields: list[FieldDrift]


class ForeignObject(_Part):
    """An object in a namespace of the stack's own that the stack has not made, and no controller either."""

    kind: str
    place: str
    made: str = Field(description="when (RFC 3339)")
    by: list[WhoWrote]


class StackDrift(_Part):
    """One stack. `looked_at` counts its objects that were read or are gone; `not_read` are kinds that may not be read.

    With a `failure`, its reason, nothing is known.
    """

    stack: str
    looked_at: int = 0
    objects: list[ObjectDrift] = Field(default_factory=list[ObjectDrift])
    foreign: list[ForeignObject] = Field(default_factory=list[ForeignObject])
    not_read: list[str] = Field(default_factory=list[str])
    failure: str = ""

    @property
    def has_drifted(self) -> bool:
        """Whether anything is not as the last update left it."""
        return bool(self.objects or self.foreign)


class DriftReport(_Part):
    """All stacks. `time` is RFC 3339, `run` the address of the workflow's run; empty is unknown."""

    version: int = SCHEMA_VERSION
    time: str = ""
    run: str = ""
    stacks: list[StackDrift]

    @property
    def has_drifted(self) -> bool:
        """Whether anything of any stack is not as its last update left it."""
        return any(each.has_drifted for each in self.stacks)


def as_json(report: DriftReport) -> str:
    """The report as JSON text, indented by two, keys in a fixed order."""
    return report.model_dump_json(indent=2, exclude_unset=True) + "\n"


def stack_drift(
    stack: str,
    looked_at: int,
    objects: Iterable[DriftedObject],
    foreign: Iterable[Foreign],
    not_read: Iterable[str],
    mask: Mask,
) -> StackDrift:
    """One stack's part, in the order of what is given."""
    return StackDrift(
        stack=stack,
        looked_at=looked_at,
        objects=[_object(each, mask) for each in objects],
        foreign=[
            ForeignObject(kind=each.place.kind, place=str(each.place), made=each.made, by=_by(each.managers))
            for each in foreign
        ],
        not_read=list(not_read),
        failure="",
    )


def _object(each: DriftedObject, mask: Mask) -> ObjectDrift:
    return ObjectDrift(
        kind=each.recorded.place.kind,
        place=str(each.recorded.place),
        urn=each.recorded.urn,
        happened=each.happened,
        consequence=Consequence.CREATE if each.happened is Happened.GONE else None,
        by=_by(each.managers),
        fields=[_field(one, mask) for one in each.fields],
    )


def _field(each: DriftedField, mask: Mask) -> FieldDrift:
    shown = mask.of(each.difference)
    sides = _sides({"old": shown.old, "new": shown.new})
    return FieldDrift(path=format_path(shown.path), by=_by(each.managers), consequence=each.consequence, **sides)


def _sides(sides: Mapping[str, Value]) -> dict[str, Any]:
    return {side: plain(value) for side, value in sides.items() if value is not Opaque.ABSENT}


def _by(managers: Iterable[Manager]) -> list[WhoWrote]:
    return [
        WhoWrote(manager=each.name, operation=each.operation, subresource=each.subresource, time=each.time)
        for each in managers
    ]
