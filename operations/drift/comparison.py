"""One object of the state, compared with the live one: which fields differ, by whom, and what `up` does about it.

Three things are compared. What differs between the object as the last update left it and as it is was changed since,
unless it is a controller's own. What a hand owns by Kubernetes' own account (`managedFields`) and the program has never
set is by hand, even if the state has learnt of it. And what the program has set, but another manager owns now, is in
the way of the next update, whatever its value.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import Any, cast

from operations.drift.ownership import ITEM, Manager, look_up, overlap, read_ownership
from operations.drift.recorded import Recorded
from operations.preview.model.differences import Difference, differences
from operations.preview.model.paths import Path
from operations.preview.model.values import Opaque, Value, has_secret

_BOOKKEEPING = frozenset(
    {
        "managedFields",
        "resourceVersion",
        "generation",
        "uid",
        "creationTimestamp",
        "selfLink",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    }
)
"""What the API server itself writes into `metadata`."""
_COPY = ("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration")
"""What `kubectl apply` was given, once more as a text: the fields that it has set are told by themselves."""
_MAPS = (
    ("metadata", "labels"),
    ("metadata", "annotations"),
    ("data",),
    ("binaryData",),
    ("spec", "template", "metadata", "annotations"),
    ("spec", "template", "metadata", "labels"),
)
"""Told entry by entry also where one side has none."""


class Happened(StrEnum):
    """What became of an object."""

    CHANGED = "changed"
    GONE = "gone"
    REPLACED = "replaced"
    """Deleted, and made anew under its name by somebody else."""
    ENDING = "being deleted"


class Consequence(StrEnum):
    """What the next update that touches the object does about a field, or about an object that is gone."""

    PUT_BACK = "put back"
    REMOVE = "removed"
    KEEP = "kept"
    CONFLICT = "conflict"
    IGNORED = "ignored"
    CREATE = "created"


@dataclass(frozen=True)
class DriftedField:
    """A field that is not as the stack's last update left it. `managers` are those that may have done it, latest first.

    There are none where a field was taken away: of that Kubernetes keeps nothing.
    """

    difference: Difference
    managers: tuple[Manager, ...]
    consequence: Consequence


@dataclass(frozen=True)
class DriftedObject:
    """An object that is not as the stack's last update left it."""

    recorded: Recorded
    happened: Happened
    fields: tuple[DriftedField, ...] = ()
    managers: tuple[Manager, ...] = ()
    """Of an object that was replaced: those that have written it."""


def compare(recorded: Recorded, live: Mapping[str, Any] | None, ignored: tuple[str, ...] = ()) -> DriftedObject | None:
    """None where there is no drift. `live` is None for an object that is gone.

    `ignored` are the beginnings of names of managers whose fields don't count.
    """
    if live is None:
        return None if recorded.is_temporary else DriftedObject(recorded, Happened.GONE)
    fields = tuple(_Comparison(recorded, live, ignored).fields())
    if recorded.uid not in ("", live["metadata"].get("uid", "")):
        managers = sorted((each for each in read_ownership(live).fields if not each.is_controller), reverse=True)
        return DriftedObject(recorded, Happened.REPLACED, fields, tuple(managers))
    if "deletionTimestamp" in live["metadata"]:
        return DriftedObject(recorded, Happened.ENDING, fields)
    return DriftedObject(recorded, Happened.CHANGED, fields) if fields else None


class _Comparison:
    def __init__(self, recorded: Recorded, live: Mapping[str, Any], ignored: tuple[str, ...]) -> None:
        self._recorded, self._ignored = recorded, ignored
        self._before = self._comparable(cast("Mapping[str, Value]", recorded.values))
        self._after = cast("Mapping[str, Value]", _hidden_alike(self._comparable(live), self._before))
        self._ownership = read_ownership(live)

    def fields(self) -> Iterator[DriftedField]:
        changed = [each for each in self._changed() if self._counts(each.path)]
        owned = [
            Difference(path, self._old(path), look_up(self._after, path))
            for path in self._owned_by_hand()
            if not any(overlap(path, each.path) for each in changed)
        ]
        for each in sorted((*changed, *owned), key=lambda each: tuple(map(str, each.path))):
            managers = self._managers(each.path)
            consequence = self._consequence(each.path, managers)
            # Where a hand has set what the program sets too, nothing differs, and nothing need be in the way.
            if each.old != each.new or has_secret(each.new) or consequence is Consequence.CONFLICT:
                yield DriftedField(self._told(each), managers, consequence)

    def _comparable(self, values: Mapping[str, Value]) -> Mapping[str, Value]:
        metadata = cast("Mapping[str, Value]", values["metadata"])
        own = {name: value for name, value in metadata.items() if name not in _BOOKKEEPING}
        kept = {name: value for name, value in values.items() if name != "status"}
        if self._is_secret:
            data = values.get("data")
            # Of the state's all is one ciphertext; which entries it had is known.
            names = (
                data if isinstance(data, Mapping) else {path[1] for path in self._recorded.was_set if path[0] == "data"}
            )
            kept["data"] = dict.fromkeys(map(str, names), Opaque.SECRET)
        return _without_nulls({**kept, "metadata": own})

    @property
    def _is_secret(self) -> bool:
        return self._recorded.place.kind == "Secret"

    def _changed(self) -> Iterator[Difference]:
        for each in differences(self._before, self._after):
            yield from _entries(each) if each.path in _MAPS else (each,)

    def _counts(self, path: Path) -> bool:
        """Whether a difference is more than the work of the API server or of a controller."""
        if path == _COPY:
            return False
        managers = self._ownership.of(path)
        if self._was_set(path):
            # A controller's work too: of an autoscaler that somebody has put over a number of replicas, for instance.
            return not managers or not all(map(self._is_ignored, managers))
        return any(map(self._is_hand, managers))

    def _owned_by_hand(self) -> Iterator[Path]:
        """The fields that a hand alone owns, each once; of an item that is a hand's altogether only the item."""
        hands = {path for who, paths in self._ownership.fields.items() if self._is_hand(who) for path in paths}
        hands -= {_COPY}
        hands -= {path for who, paths in self._ownership.fields.items() if not self._is_hand(who) for path in paths}
        whole = sorted((path[:-1] for path in hands if path[-1] == ITEM), key=len)
        told: list[Path] = []
        for path in (*whole, *sorted((each for each in hands if each[-1] != ITEM), key=str)):
            if not any(path[: len(each)] == each for each in told):
                told.append(path)
                yield path

    def _is_ignored(self, manager: Manager) -> bool:
        return manager.name.startswith(self._ignored)

    def _is_hand(self, manager: Manager) -> bool:
        return not (manager.is_controller or manager.is_own(self._recorded.manager) or self._is_ignored(manager))

    def _managers(self, path: Path) -> tuple[Manager, ...]:
        """All that own it besides the provider; the provider where it is alone, after an update that was cut off."""
        managers = self._ownership.of(path)
        return tuple([each for each in managers if not each.is_own(self._recorded.manager)] or managers)

    def _was_set(self, path: Path) -> bool:
        recorded = self._recorded
        asked = look_up(recorded.inputs, path)
        return asked not in (Opaque.ABSENT, Opaque.SECRET) or any(overlap(path, each) for each in recorded.was_set)

    def _old(self, path: Path) -> Value:
        before = look_up(self._before, path)
        # The state can have learnt, by a refresh, of what the program has never asked for.
        return before if self._was_set(path) or before != look_up(self._after, path) else Opaque.ABSENT

    def _consequence(self, path: Path, managers: tuple[Manager, ...]) -> Consequence:
        others = [each for each in managers if not each.is_own(self._recorded.manager)]
        goes = all(each.is_taken_over for each in others)
        if not self._was_set(path):
            return Consequence.REMOVE if goes else Consequence.KEEP
        if any(path[: len(each)] == each for each in self._recorded.ignored):
            return Consequence.IGNORED
        return Consequence.PUT_BACK if goes or self._recorded.is_forced else Consequence.CONFLICT

    def _told(self, difference: Difference) -> Difference:
        """Nothing that a Secret has is shown: an annotation may repeat its data."""
        if not self._is_secret:
            return difference
        old, new = (each if each is Opaque.ABSENT else Opaque.SECRET for each in (difference.old, difference.new))
        return Difference(difference.path, old, new)


def _entries(difference: Difference) -> Iterator[Difference]:
    nothing: Mapping[str, Value] = {}
    old, new = (nothing if each is Opaque.ABSENT else each for each in (difference.old, difference.new))
    yield from differences(old, new, difference.path)


def _hidden_alike(value: Value, other: Value) -> Value:
    """The value with SECRET where the other has it: what is a ciphertext in the state can't be compared."""
    if other is Opaque.SECRET:
        return other
    if isinstance(value, Mapping) and isinstance(other, Mapping):
        values, others = cast("Mapping[str, Value]", value), cast("Mapping[str, Value]", other)
        return {name: _hidden_alike(each, others.get(name, Opaque.ABSENT)) for name, each in values.items()}
    if isinstance(value, Sequence) and isinstance(other, Sequence) and not isinstance(value, str):
        return [_hidden_alike(each, another) for each, another in zip_longest(value, other[: len(value)])]
    return value


def _without_nulls(values: Mapping[str, Value]) -> dict[str, Value]:
    """To Kubernetes a field that is null is one that is not set."""

    def cleaned(value: Value) -> Value:
        if isinstance(value, Mapping):
            return _without_nulls(cast("Mapping[str, Value]", value))
        if isinstance(value, Sequence) and not isinstance(value, str):
            return [cleaned(each) for each in value]
        return value

    return {name: cleaned(value) for name, value in values.items() if value is not None}
