"""Objects that the same happens to, told once: the shards of a cluster, or all that moves to another namespace."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from operations.preview.model.change import Operation, Step
from operations.preview.model.differences import Difference
from operations.preview.report.document import Component, Object
from operations.preview.report.texts import of_kind, plural

_MOST_NAMES = 3


@dataclass(frozen=True)
class Alike:
    """At least one object; all of them have the same operation, and the same fields change in the same way."""

    objects: tuple[Object, ...]

    @property
    def operation(self) -> Operation:
        return self.objects[0].step.operation

    @property
    def fields(self) -> tuple[Difference, ...]:
        return self.objects[0].fields

    @property
    def title(self) -> str:
        """What happens to which objects, such as `Deployment webtier/user-v1: update`."""
        steps = [each.step for each in self.objects]
        return f"{_names(steps)}: {_happens(steps[0], len(steps))}"


def alike(objects: Sequence[Object]) -> list[Alike]:
    """The objects in groups, each in the place of its first."""
    groups: dict[str, list[Object]] = {}
    for each in objects:
        step = each.step
        # Objects without fields have no more in common than that they come or go: kinds are told apart then.
        key = repr((step.operation, step.deletes_first, each.fields or step.kind, step.kind == "Job"))
        groups.setdefault(key, []).append(each)
    return [Alike(tuple(group)) for group in groups.values()]


@dataclass(frozen=True)
class AlikeComponents:
    """At least one component; in all of them the same happens to objects of the same kinds."""

    components: tuple[Component, ...]

    @property
    def heading(self) -> str:
        """`user-v1 (WebService)`, or what is of the stack itself."""
        first = self.components[0]
        if not first.type:
            return "the stack itself"
        return f"{_some([each.name for each in self.components])} ({first.type})"

    @property
    def groups(self) -> list[Alike]:
        """The objects in which more than noise changes."""
        return alike([each for component in self.components for each in component.told])


def alike_components(components: Sequence[Component]) -> list[AlikeComponents]:
    """Those in which more than noise changes, in groups, each in the place of its first."""
    groups: dict[str, list[Component]] = {}
    for component in components:
        told = [(each.step.kind, each.step.operation, each.fields) for each in component.told]
        if told:
            groups.setdefault(repr((component.type, told)), []).append(component)
    return [AlikeComponents(tuple(group)) for group in groups.values()]


def _some(names: Sequence[str]) -> str:
    if len(names) <= _MOST_NAMES + 1:
        return ", ".join(names)
    return f"{', '.join(names[:_MOST_NAMES])} and {len(names) - _MOST_NAMES} more"


def _happens(step: Step, count: int = 1) -> str:
    if said := _otherwise(step, count):
        return said
    if step.operation is Operation.REPLACE:
        return f"{step.operation}, the {'old one goes' if step.deletes_first else 'new one comes'} first"
    return str(step.operation)


def _otherwise(step: Step, count: int) -> str:
    """What happens to so many objects where the operation's own word says it badly, else nothing."""
    if step.kind == "Job" and step.operation is Operation.REPLACE:
        return "runs again" if count == 1 else "run again"
    if step.loses_protection and not step.changes_something:
        return "loses its protection" if count == 1 else "lose their protection"
    return ""


def counted_steps(steps: Iterable[Step]) -> str:
    """`1 Job runs again, 3 StatefulSets to update`, in the order of kinds."""
    groups: dict[tuple[str, str], list[Step]] = {}
    for step in sorted(steps, key=lambda step: (step.kind, step.operation)):
        groups.setdefault((step.kind, _otherwise(step, 1) or f"to {step.operation}"), []).append(step)
    return ", ".join(
        f"{of_kind(len(group), kind)} {_otherwise(group[0], len(group)) or what}"
        for (kind, what), group in groups.items()
    )


def _names(steps: Sequence[Step]) -> str:
    kinds = {step.kind for step in steps}
    kind = steps[0].kind if len(steps) == 1 else plural(steps[0].kind)
    one_kind = f"{kind} " if len(kinds) == 1 else ""
    named = [f"{'' if one_kind else f'{step.kind} '}{step.place or step.name}" for step in steps]
    return one_kind + _some(named)
