"""What happens to volumes and the data on them, and what can't be undone."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from operations.preview.model.change import Change, Operation, Step
from operations.preview.model.values import value_at

_SIZE = ("spec", "resources", "requests", "storage")


@dataclass(frozen=True)
class DataChange:
    """What happens to some claims, and whether another change can bring back what was.

    `owner` is the StatefulSet whose claims they are, and that has to be told; else empty. Those that `stay` are in the
    cluster after, while the stack no longer manages them.
    """

    claims: tuple[str, ...]
    what: str
    can_be_undone: bool = False
    owner: str = ""
    stay: bool = False

    def __str__(self) -> str:
        count = len(self.claims)
        which = f"PersistentVolumeClaim {self.claims[0]}" if count == 1 else f"{count} PersistentVolumeClaims"
        if self.stay:
            of_owner = f" of {self.owner}" if self.owner and count > 1 else ""
            return f"{which}{of_owner} {self.what}."
        return f"{which}: {self.what}." + ("" if self.can_be_undone else " It can't be undone.")


def data_changes(change: Change) -> Iterator[DataChange]:
    """Claims that grow, those that the stack leaves in the cluster, and those that go, each sort together."""
    claims = [step for step in change.steps if step.kind == "PersistentVolumeClaim"]
    grown: dict[tuple[str, str], list[Step]] = {}
    for step in claims:
        old, new = (str(value_at(side, _SIZE)) for side in (step.before, step.after))
        if step.operation is Operation.UPDATE and old != new:
            grown.setdefault((old, new), []).append(step)
    for (old, new), steps in grown.items():
        what = f"a volume of {new} instead of {old}, which its storage class has to allow; no volume shrinks again"
        yield DataChange(_places(steps), what)
    left = [step for step in claims if step.operation is Operation.DISCARD or _is_kept(step)]
    for owner, steps in _by_owner(change, left).items():
        verb = "stays" if len(steps) == 1 else "stay"
        yield DataChange(
            _places(steps),
            f"{verb} in the cluster, with {_their(steps)} data",
            can_be_undone=True,
            owner=owner,
            stay=True,
        )
    deleted = [step for step in claims if step.operation is Operation.DELETE and not _is_kept(step)]
    if deleted:
        what = f"deleted, with {_their(deleted)} data unless the volume's reclaim policy is Retain"
        yield DataChange(_places(deleted), what)
    replaced = [step for step in claims if step.operation is Operation.REPLACE]
    if replaced:
        # Kubernetes keeps a claim that is mounted (`kubernetes.io/pvc-protection`).
        what = (
            "replaced by an empty one, once no pod mounts the old one: the update waits for that; the data goes unless "
            "the volume's reclaim policy is Retain"
        )
        yield DataChange(_places(replaced), what)


def _is_kept(step: Step) -> bool:
    return step.operation is Operation.DELETE and step.is_retained


def _their(steps: Sequence[Step]) -> str:
    return "its" if len(steps) == 1 else "their"


def _by_owner(change: Change, claims: Sequence[Step]) -> dict[str, list[Step]]:
    """The claims by the names of the StatefulSets that they are for: `<template>-<StatefulSet>-<number>`."""
    sets = sorted(step.place for step in change.steps if step.kind == "StatefulSet")
    found: dict[str, list[Step]] = {}
    for step in claims:
        namespace, _, name = step.place.rpartition("/")
        of = (each.rpartition("/") for each in sets)
        owners = (own for there, _, own in of if there == namespace and re.fullmatch(rf".+-{re.escape(own)}-\d+", name))
        found.setdefault(next(owners, ""), []).append(step)
    return found


def _places(steps: list[Step]) -> tuple[str, ...]:
    return tuple(sorted(step.place for step in steps))
