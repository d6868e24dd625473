"""Which pods restart or come and go, why, and what is away meanwhile."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import cast

from operations.preview.model.change import Change, Operation, Step
from operations.preview.model.differences import Difference
from operations.preview.model.paths import Path, format_path
from operations.preview.model.values import Value, value_at

_TEMPLATE: Path = ("spec", "template")
_CONTAINERS = ("containers", "initContainers")


@dataclass(frozen=True)
class Roll:
    """Pods of one workload that are made anew: `pods` of them, because of `reasons`, as `how` says."""

    kind: str
    place: str
    pods: int
    reasons: tuple[str, ...]
    how: str

    def __str__(self) -> str:
        pods = "its pod restarts" if self.pods == 1 else f"its {self.pods} pods restart"
        return f"{self.kind} {self.place}: {pods} ({', '.join(self.reasons)}); {self.how}."


@dataclass(frozen=True)
class Scaling:
    """Another number of pods of one workload."""

    kind: str
    place: str
    old: int
    new: int

    def __str__(self) -> str:
        return f"{self.kind} {self.place}: {self.new} pods instead of {self.old}."


def rolls(change: Change) -> Iterator[Roll]:
    """The workloads whose pods are made anew by an update. A replaced one is a danger, and told there."""
    for step in _workloads(change):
        changed = [each for each in step.differences if each.path[:2] == _TEMPLATE]
        pods = min(_replicas(step.before), _replicas(step.after))
        if changed and pods:
            reasons = tuple(dict.fromkeys(map(_reason, changed)))
            yield Roll(step.kind, step.place, pods, reasons, _how(step))


def scalings(change: Change) -> Iterator[Scaling]:
    """The workloads that get another number of pods. One that an autoscaler decides about is none."""
    for step in _workloads(change):
        old, new = _replicas(step.before), _replicas(step.after)
        if old != new:
            yield Scaling(step.kind, step.place, old, new)


def _workloads(change: Change) -> Iterator[Step]:
    steps = [step for step in change.steps if step.operation is Operation.UPDATE]
    return (step for step in sorted(steps, key=lambda step: step.urn) if step.kind in ("Deployment", "StatefulSet"))


def _replicas(inputs: Value) -> int:
    replicas = value_at(inputs, ("spec", "replicas"))
    # Kubernetes' default.
    return replicas if isinstance(replicas, int) else 1


def _reason(difference: Difference) -> str:
    """What makes the pods new: `image`, `configuration`, or the field's own path."""
    path = difference.path[len(_TEMPLATE) :]
    if str(path[-1]).endswith("checksum"):
        return "configuration"
    if path[:1] == ("metadata",):
        return f"{path[1]} of the pods" if len(path) > 1 else "their metadata"
    within = path[1:]
    if within and within[0] in _CONTAINERS and len(within) > 2:
        container, *field = within[1:]
        return f"{format_path(tuple(field))} of {str(container).strip('[]')}"
    return format_path(within)


def _how(step: Step) -> str:
    pods = _replicas(step.after)
    if step.kind == "StatefulSet":
        return "one after another" if pods > 1 else "away until it is ready again"
    strategy = value_at(step.after, ("spec", "strategy"))
    match strategy:
        case {"type": "Recreate"}:
            return "all end before the first new one begins: away meanwhile"
        case {"rollingUpdate": Mapping() as given}:
            limits = cast("Mapping[str, Value]", given)
        case _:
            limits: Mapping[str, Value] = {}
    surge = _part(limits.get("maxSurge", "25%"), pods, up=True)
    fewer = _part(limits.get("maxUnavailable", "25%"), pods, up=False)
    return f"at most {surge} more than {pods} and {fewer or 'none'} fewer meanwhile"


def _part(value: Value, of: int, *, up: bool) -> int:
    """A number, or a part in percent, which Kubernetes rounds up for more pods and down for fewer."""
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.endswith("%"):
        part = of * float(value[:-1]) / 100
        return ceil(part) if up else floor(part)
    return 0


def sentences(change: Change) -> Sequence[str]:
    """All of it as sentences, workload by workload."""
    return [*map(str, rolls(change)), *map(str, scalings(change))]
