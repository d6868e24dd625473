"""Objects that the same happens to, told once: the shards of a cluster, or all that moves to another namespace."""

from collections.abc import Sequence
from dataclasses import dataclass

from operations.preview.model.change import Operation, Step
from operations.preview.model.differences import Difference
from operations.preview.report.document import Component, Object

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
        return f"{_names(steps)}: {_happens(steps[0])}"


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


def _happens(step: Step) -> str:
    if step.kind == "Job" and step.operation is Operation.REPLACE:
        return "runs again"
    if step.operation is Operation.REPLACE:
        return f"{step.operation}, the {'old one goes' if step.deletes_first else 'new one comes'} first"
    return str(step.operation)


def _names(steps: Sequence[Step]) -> str:
    kinds = {step.kind for step in steps}
    one_kind = f"{steps[0].kind} " if len(kinds) == 1 else ""
    named = [f"{'' if one_kind else f'{step.kind} '}{step.place or step.name}" for step in steps]
    return one_kind + _some(named)
