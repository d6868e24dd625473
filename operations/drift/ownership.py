"""Who owns which field of an object: its `metadata.managedFields`, with fields where the reports have them.

Kubernetes keeps for each manager which fields it has set last. A manager is a program by its own name: `kubectl-edit`,
`kube-controller-manager`, `webtier-prod`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from operations.preview.model.differences import names_of
from operations.preview.model.paths import Path
from operations.preview.model.values import Opaque, Value

_CONTROLLERS = (
    "kube-controller-manager",
    "kube-scheduler",
    "kube-apiserver",
    "kubelet",
    "cloud-controller-manager",
    "clusterrole-aggregation-controller",
    "validatingadmissionpolicy-status",
    "nginx-ingress-controller",
    "k3s",
    "csi-",
    "external-provisioner",
    "external-attacher",
    "external-resizer",
    "cert-manager-",
)
"""How the names of programs begin that write to objects as part of a cluster's work."""

_TAKEN_OVER = {
    ("kubectl", "Update"),
    ("kubectl", "Apply"),
    ("before-first-apply", "Update"),
    ("pulumi-kubernetes", "Update"),
    ("pulumi-resource-kubernetes", "Update"),
}
"""How names begin, and operations, whose fields the provider makes its own before it applies an object.

What it then does not apply, Kubernetes removes (`fixCSAFieldManagers` in the provider's `await.go`).
"""


@dataclass(frozen=True, order=True)
class Manager:
    """Who has written: `operation` is Apply or Update, `time` (RFC 3339) is when it last did, as far as that is kept.

    `subresource` is the way it was written by, such as `scale`; empty for the object itself.
    """

    time: str
    name: str
    operation: str = "Update"
    subresource: str = ""

    @property
    def is_controller(self) -> bool:
        """Whether it is a part of the cluster at its work, and nobody's hand."""
        return self.name.startswith(_CONTROLLERS)

    @property
    def is_taken_over(self) -> bool:
        """Whether the next update of the object takes its fields from it, without a conflict."""
        return not self.subresource and any(
            self.name.startswith(name) and self.operation == operation for name, operation in _TAKEN_OVER
        )

    def is_own(self, own: str) -> bool:
        """Whether it is the provider, which applies objects of the stack as `own`."""
        return self.operation == "Apply" and (self.name == own or self.name.startswith("pulumi-kubernetes"))


@dataclass(frozen=True)
class Ownership:
    """Each manager with the fields that it owns; a list's item is told by its name where it has one.

    That there is an item at all is the field `ITEM` in it.
    """

    fields: Mapping[Manager, frozenset[Path]]

    def of(self, path: Path) -> list[Manager]:
        """Who owns the field, or something in it, or all of what it is in; the latest first."""
        found = (manager for manager, paths in self.fields.items() if any(overlap(path, each) for each in paths))
        return sorted(found, reverse=True)


ITEM = "."
"""The last part of a path that stands for the presence of what it is in."""


def overlap(one: Path, other: Path) -> bool:
    """Whether two paths are the same, or one is above the other."""
    return all(part == another for part, another in zip(one, other, strict=False))


def read_ownership(live: Mapping[str, Any]) -> Ownership:
    """Of a live object, or of one as a state has it. What only concerns its status is left out."""
    fields: dict[Manager, frozenset[Path]] = {}
    for entry in live.get("metadata", {}).get("managedFields", ()):
        subresource = entry.get("subresource", "")
        if subresource != "status":
            manager = Manager(entry.get("time", ""), entry.get("manager", ""), entry["operation"], subresource)
            paths = _leaves(entry.get("fieldsV1", {}), cast("Value", live), ())
            fields[manager] = fields.get(manager, frozenset()) | frozenset(
                each for each in paths if each[0] != "status"
            )
    return Ownership(fields)


def _leaves(fields: Mapping[str, Any], value: Value, path: Path) -> Iterator[Path]:
    """`fields` as Kubernetes writes them: `f:name`, `k:{"name":"web"}`, `v:"text"`, `i:0`, `.` for what has them."""
    if path and not fields:
        yield path
    for key, below in fields.items():
        sort, _, name = key.partition(":")
        if sort == "f":
            part = cast("Mapping[str, Value]", value).get(name, Opaque.ABSENT) if isinstance(value, Mapping) else None
            yield from _leaves(below, part, (*path, name))
        elif key != ITEM:
            position = _position(value, sort, name)
            item = _items(value)[position] if position is not None else Opaque.ABSENT
            part = _unfound(name) if position is None else _name(value, position)
            if ITEM in below:
                yield (*path, part, ITEM)
            yield from _leaves(below, item, (*path, part))


def _position(value: Value, sort: str, text: str) -> int | None:
    wanted: object = json.loads(text)
    for position, item in enumerate(_items(value)):
        if sort == "i" and position == wanted:
            return position
        if sort == "v" and item == wanted:
            return position
        if sort == "k" and isinstance(item, Mapping) and cast("dict[str, Any]", wanted).items() <= dict(item).items():
            return position
    return None


def _unfound(text: str) -> str:
    """An item's name by its key alone, where the list can't be looked into: in a state it may be a ciphertext."""
    key: object = json.loads(text)
    parts = cast("dict[str, object]", key).values() if isinstance(key, dict) else (key,)
    return f"[{' '.join(map(str, parts))}]"


def _items(value: Value) -> Sequence[Value]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _name(value: Value, position: int) -> str | int:
    names = names_of(_items(value))
    return position if names is None else names[position]


def look_up(value: Value, path: Iterable[str | int]) -> Value:
    """What is at a path whose lists' items are told by names; SECRET within a secret, ABSENT where there is none."""
    for part in path:
        if value is Opaque.SECRET:
            return value
        if isinstance(value, Mapping):
            value = cast("Mapping[str, Value]", value).get(str(part), Opaque.ABSENT)
        else:
            items = _items(value)
            by_name: dict[str | int, Value] = dict(zip(names_of(items) or range(len(items)), items, strict=True))
            value = by_name.get(part, Opaque.ABSENT)
    return value
