"""Which pods restart or come and go, why, and what is away meanwhile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, floor
from typing import cast

from operations.preview.model.change import Change, Operation, Step
from operations.preview.model.differences import Difference
from operations.preview.model.paths import Path, format_path
from operations.preview.model.values import Opaque, Value, value_at

_TEMPLATE: Path = ("spec", "template")
_POD: Path = (*_TEMPLATE, "spec")
_CONTAINERS = ("containers", "initContainers")
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
_AUTOSCALER = "HorizontalPodAutoscaler"
ONE_AFTER_ANOTHER = "one after another"
_GRACE = 30
"""Seconds that Kubernetes gives a pod to end where nothing else is said (`terminationGracePeriodSeconds`)."""
_START = 20
"""Seconds within which our pods were ready again when their image was there, with a loaded machine in mind."""


@dataclass(frozen=True)
class Roll:
    """Pods of one workload that are made anew: `pods` of them, because of `reasons`, as `how` says.

    `away` is for how many seconds at most none of them may be there, besides pulling an image; 0 where some always are.
    """

    kind: str
    place: str
    pods: int
    reasons: tuple[str, ...]
    how: str
    away: int = 0


@dataclass(frozen=True)
class Scaling:
    """Another number of pods of one workload; None is the number that an autoscaler decides about."""

    kind: str
    place: str
    old: int | None
    new: int | None
    limits: str = ""


def rolls(change: Change) -> Iterator[Roll]:
    """The workloads whose pods are made anew, by an update of their template or because the workload is replaced."""
    for step in _workloads(change, Operation.UPDATE, Operation.REPLACE):
        pods = min(_replicas(step.before), _replicas(step.after))
        if not pods:
            continue
        if step.operation is Operation.REPLACE:
            forced = ", ".join(map(format_path, step.forced_by)) or "it is replaced"
            how = (
                "all old ones end first: away meanwhile" if step.deletes_first else "new ones come before old ones end"
            )
            away = _restart_seconds(step) if step.deletes_first else 0
            yield Roll(step.kind, step.place, pods, (forced,), how, away)
        elif changed := [each for each in step.differences if each.path[:2] == _TEMPLATE]:
            reasons = tuple(dict.fromkeys(map(_reason, changed)))
            how, away = _how(step)
            yield Roll(step.kind, step.place, pods, reasons, how, away)


def scalings(change: Change) -> Iterator[Scaling]:
    """The workloads that get another number of pods, or an autoscaler, or lose theirs."""
    for step in _workloads(change, Operation.UPDATE):
        old, new = (value_at(side, ("spec", "replicas")) for side in (step.before, step.after))
        if old == new or step.kind == "DaemonSet":
            continue
        limits = _autoscaler_limits(change, step.place)
        if new is Opaque.ABSENT and limits:
            yield Scaling(step.kind, step.place, _number(old), None, limits)
        elif old is Opaque.ABSENT and _number(new) is not None and _loses_autoscaler(change, step.place):
            yield Scaling(step.kind, step.place, None, _number(new))
        else:
            yield Scaling(step.kind, step.place, _replicas(step.before), _replicas(step.after))
    for step in change.steps:
        if step.kind == _AUTOSCALER and step.operation is Operation.UPDATE:
            before, after = _limits(step.before), _limits(step.after)
            if before != after:
                yield Scaling(*_target(step.after), None, None, f"{after} instead of {before}")


def _workloads(change: Change, *operations: Operation) -> Iterator[Step]:
    steps = [step for step in change.steps if step.operation in operations and step.kind in WORKLOADS]
    return iter(sorted(steps, key=lambda step: step.urn))


def _autoscaler_limits(change: Change, place: str) -> str:
    for step in change.steps:
        if step.kind == _AUTOSCALER and step.after is not Opaque.ABSENT and _target(step.after)[1] == place:
            return _limits(step.after)
    return ""


def _loses_autoscaler(change: Change, place: str) -> bool:
    deleted = (step for step in change.steps if step.kind == _AUTOSCALER and step.operation is Operation.DELETE)
    return any(_target(step.before)[1] == place for step in deleted)


def _target(autoscaler: Value) -> tuple[str, str]:
    """The kind and the place of what it scales."""
    target = ("spec", "scaleTargetRef")
    kind, name = (value_at(autoscaler, (*target, each)) for each in ("kind", "name"))
    return str(kind), f"{value_at(autoscaler, ('metadata', 'namespace'))}/{name}"


def _limits(autoscaler: Value) -> str:
    least = value_at(autoscaler, ("spec", "minReplicas"))
    most = value_at(autoscaler, ("spec", "maxReplicas"))
    return f"from {least if isinstance(least, int) else 1} to {most}"


def _number(replicas: Value) -> int | None:
    return replicas if isinstance(replicas, int) else None


def _replicas(inputs: Value) -> int:
    replicas = _number(value_at(inputs, ("spec", "replicas")))
    # Kubernetes' default.
    return 1 if replicas is None else replicas


def _reason(difference: Difference) -> str:
    """What makes the pods new: `image`, `configuration`, or the field's own path."""
    path = difference.path[len(_TEMPLATE) :]
    if path and str(path[-1]).endswith("checksum"):
        return "configuration"
    if path[:1] == ("metadata",):
        return f"{path[1]} of the pods" if len(path) > 1 else "their metadata"
    within = path[1:]
    if within and within[0] in _CONTAINERS and len(within) > 2:
        container, *field = within[1:]
        return f"{format_path(tuple(field))} of {str(container).strip('[]')}"
    return format_path(within) or "their template"


def _how(step: Step) -> tuple[str, int]:
    """In words, and for how many seconds none may be there."""
    before, pods = _replicas(step.before), _replicas(step.after)
    if step.kind == "StatefulSet":
        return (ONE_AFTER_ANOTHER, 0) if pods > 1 else ("away until it is ready again", _restart_seconds(step))
    strategy = value_at(step.after, ("spec", "strategy"))
    match strategy:
        case {"type": "Recreate"}:
            return "all end before the first new one begins: away meanwhile", _restart_seconds(step)
        case {"rollingUpdate": Mapping() as given}:
            limits = cast("Mapping[str, Value]", given)
        case _:
            limits: Mapping[str, Value] = {}
    surge = _part(limits.get("maxSurge", "25%"), pods, up=True)
    fewer = _part(limits.get("maxUnavailable", "25%"), pods, up=False)
    if not surge and not fewer:
        # As Kubernetes has it: a rollout could not begin.
        fewer = 1
    # Another number of pods is brought about first, from those that are there.
    most, least = max(before, pods + surge), min(before, pods - fewer)
    ready = f"at least {least} ready" if least > 0 else "maybe none ready"
    return f"at most {most} at a time, {ready}", _restart_seconds(step) if least <= 0 else 0


def _restart_seconds(step: Step) -> int:
    """How long a pod may take to end and another to be ready, its image being there."""
    grace = value_at(step.before, (*_POD, "terminationGracePeriodSeconds"))
    delays = 0
    match value_at(step.after, (*_POD, "containers")):
        case [*containers]:
            probe = ("readinessProbe", "initialDelaySeconds")
            found = [value_at(cast("Value", each), probe) for each in containers]
            delays = max((each for each in found if isinstance(each, int)), default=0)
        case _:
            pass
    return (grace if isinstance(grace, int) else _GRACE) + delays + _START


def _part(value: Value, of: int, *, up: bool) -> int:
    """A number, or a part in percent, which Kubernetes rounds up for more pods and down for fewer."""
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.endswith("%"):
        part = of * float(value[:-1]) / 100
        return ceil(part) if up else floor(part)
    return 0
