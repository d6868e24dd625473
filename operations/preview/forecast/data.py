"""What happens to volumes and the data on them, and what can't be undone."""

from collections.abc import Iterator
from dataclasses import dataclass

from operations.preview.model.change import Change, Operation, Step
from operations.preview.model.values import value_at

_SIZE = ("spec", "resources", "requests", "storage")


@dataclass(frozen=True)
class DataChange:
    """What happens to some claims, and whether another change can bring back what was."""

    claims: tuple[str, ...]
    what: str
    can_be_undone: bool = False

    def __str__(self) -> str:
        count = len(self.claims)
        which = f"PersistentVolumeClaim {self.claims[0]}" if count == 1 else f"{count} PersistentVolumeClaims"
        return f"{which}: {self.what}." + ("" if self.can_be_undone else " It can't be undone.")


def data_changes(change: Change) -> Iterator[DataChange]:
    """Claims that grow, and those that go with their data, each sort together."""
    claims = [step for step in change.steps if step.kind == "PersistentVolumeClaim"]
    grown: dict[tuple[str, str], list[Step]] = {}
    for step in claims:
        old, new = (str(value_at(side, _SIZE)) for side in (step.before, step.after))
        if step.operation is Operation.UPDATE and old != new:
            grown.setdefault((old, new), []).append(step)
    for (old, new), steps in grown.items():
        what = f"a volume of {new} instead of {old}, which its storage class has to allow; no volume shrinks again"
        yield DataChange(_places(steps), what)
    deleted = [step for step in claims if step.operation is Operation.DELETE and not step.is_retained]
    if deleted:
        yield DataChange(_places(deleted), "deleted, with its data unless the volume's reclaim policy is Retain")
    replaced = [step for step in claims if step.operation is Operation.REPLACE]
    if replaced:
        # Kubernetes keeps a claim that is mounted (`kubernetes.io/pvc-protection`).
        what = (
            "replaced by an empty one, once no pod mounts the old one: the update waits for that; the data goes unless "
            "the volume's reclaim policy is Retain"
        )
        yield DataChange(_places(replaced), what)


def _places(steps: list[Step]) -> tuple[str, ...]:
    return tuple(sorted(step.place for step in steps))
