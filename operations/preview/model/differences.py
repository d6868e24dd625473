"""The differences of two values, items of lists told by what names them instead of where they stand.

The engine compares lists by position: one variable put first is an update of every other. Kubernetes merges most lists
by a key (`x-kubernetes-list-map-keys`), and so they are compared here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import cast

from operations.preview.model.paths import Path
from operations.preview.model.values import Opaque, Value

_IDENTITIES: tuple[tuple[str, ...], ...] = (
    ("name",),
    ("mountPath",),
    ("containerPort", "protocol"),
    ("port", "protocol"),
    ("topologyKey", "whenUnsatisfiable"),
    ("topologyKey",),
    ("key",),
    ("alert",),
    ("record",),
    ("host", "path"),
    ("host",),
    ("path", "pathType"),
    ("path",),
    ("ip",),
    ("uid",),
)
"""What tells the items of a list apart, the first that all of them have, and no two the same."""


@dataclass(frozen=True)
class Difference:
    """One field that is not the same: ABSENT for the side that does not have it.

    `default` is what holds on that side, where it is known.
    """

    path: Path
    old: Value
    new: Value
    default: Value = Opaque.ABSENT


def differences(old: Value, new: Value, path: Path = ()) -> Iterator[Difference]:
    """What differs, from top to bottom in the order of names; a part that only one side has is told as a whole."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _of_objects(cast("Mapping[str, Value]", old), cast("Mapping[str, Value]", new), path)
    elif _is_list(old) and _is_list(new):
        yield from _of_lists(cast("Sequence[Value]", old), cast("Sequence[Value]", new), path)
    elif type(old) is not type(new) or old != new:
        yield Difference(path, _beside_secret(old, new), _beside_secret(new, old))


def names_of(items: Sequence[Value]) -> list[str] | None:
    """What tells the items of one list apart, as it stands in paths; None where only their position does."""
    identity = _identity(items)
    return None if identity is None else [*_named(items, identity)]


def _beside_secret(value: Value, other: Value) -> Value:
    return Opaque.PLAIN if other is Opaque.SECRET and not isinstance(value, Opaque) else value


def _is_list(value: Value) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _of_objects(old: Mapping[str, Value], new: Mapping[str, Value], path: Path) -> Iterator[Difference]:
    for name in sorted({*old, *new}):
        yield from differences(old.get(name, Opaque.ABSENT), new.get(name, Opaque.ABSENT), (*path, name))


def _of_lists(old: Sequence[Value], new: Sequence[Value], path: Path) -> Iterator[Difference]:
    identity = _identity(old, new)
    if identity is None:
        yield from _by_likeness(old, new, path)
        return
    before, after = _named(old, identity), _named(new, identity)
    yield from _of_objects(before, after, path)
    common_before = [name for name in before if name in after]
    common_after = [name for name in after if name in before]
    if common_before != common_after:
        yield Difference((*path, "[order]"), _names(common_before), _names(common_after))


def _names(named: Sequence[str]) -> list[Value]:
    return [name[1:-1] for name in named]


def _identity(*lists: Sequence[Value]) -> tuple[str, ...] | None:
    items = [item for each in lists for item in each]
    if not items or not all(isinstance(item, Mapping) for item in items):
        return None
    for identity in _IDENTITIES:
        if all(len(_named(each, identity)) == len(each) for each in lists) and all(
            identity[0] in cast("Mapping[str, Value]", item) for item in items
        ):
            return identity
    return None


def _named(items: Sequence[Value], identity: tuple[str, ...]) -> dict[str, Value]:
    """Items by what tells them apart; fewer than there are where that is no identity."""
    found: dict[str, Value] = {}
    for item in cast("Sequence[Mapping[str, Value]]", items):
        parts = [str(item[name]) for name in identity if isinstance(item.get(name), str | int)]
        found[f"[{' '.join(parts)}]"] = item
    return found


def _by_likeness(old: Sequence[Value], new: Sequence[Value], path: Path) -> Iterator[Difference]:
    matcher = SequenceMatcher(None, [repr(item) for item in old], [repr(item) for item in new], autojunk=False)
    for tag, start, end, first, last in matcher.get_opcodes():
        if tag == "equal":
            continue
        gone, come = old[start:end], new[first:last]
        if len(gone) == len(come):
            for position, (before, after) in enumerate(zip(gone, come, strict=True)):
                yield from differences(before, after, (*path, first + position))
            continue
        for position, item in enumerate(gone):
            yield Difference((*path, start + position), item, Opaque.ABSENT)
        for position, item in enumerate(come):
            yield Difference((*path, first + position), Opaque.ABSENT, item)
