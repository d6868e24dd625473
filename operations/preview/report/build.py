"""From the model of a change to a stack's part of the report."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

from operations.preview.forecast.answers import ChangedAnswer
from operations.preview.forecast.forecast import Forecast
from operations.preview.gate.allowances import Allowance, judged
from operations.preview.gate.dangers import dangers
from operations.preview.model.change import Change, Diagnostic, Severity, Step
from operations.preview.model.differences import Difference
from operations.preview.provenance import Cause
from operations.preview.report.document import Component, Object, StackReport
from operations.preview.report.noise import noise_of
from operations.preview.report.verdicts import verdict


def build(
    change: Change,
    against: str,
    settings: Iterable[Difference] | None,
    answers: Iterable[ChangedAnswer] = (),
    pending: Change | None = None,
    causes: Sequence[Cause] = (),
    allowances: Sequence[Allowance] = (),
    today: date | None = None,
    drift: Iterable[str] | None = None,
    of_base: Iterable[Diagnostic] = (),
) -> StackReport:
    """The same change gives the same report: components by their names, objects by kinds and names.

    `of_base` is what the base's program makes the engine say too.
    """
    found = tuple(judged(change.stack, dangers(change), allowances, today or datetime.now(UTC).date()))
    forecast = Forecast.of(change)
    also = {} if pending is None else {step.urn: step for step in pending.changing}
    own = [step for step in change.changing if not _is_same(step, also.get(step.urn))]
    others = [step for step in change.changing if _is_same(step, also.get(step.urn))]
    return StackReport(
        stack=change.stack,
        verdict=verdict(change, found, forecast),
        against=against,
        counts=change.counts(),
        dangers=found,
        settings=None if settings is None else tuple(settings),
        forecast=forecast,
        answers=tuple(answers),
        causes=tuple(causes),
        components=tuple(_components(change, own)),
        pending=tuple(_components(change, others)),
        diagnostics=tuple(_news(change, of_base)),
        policies=change.policies,
        change=change,
        drift=None if drift is None else tuple(drift),
    )


def _news(change: Change, of_base: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Warnings and errors; of warnings that the base has too their number alone."""
    known = {each.message for each in of_base if each.severity is Severity.WARNING}
    old = [each for each in change.diagnostics if each.severity is Severity.WARNING and each.message in known]
    yield from (each for each in change.diagnostics if each.severity is not Severity.INFO and each not in old)
    if old:
        count = len(old)
        yield Diagnostic(Severity.INFO, f"{count} {'warning' if count == 1 else 'warnings'} that the base has too")


def _is_same(step: Step, other: Step | None) -> bool:
    return other is not None and (step.operation, step.differences) == (other.operation, other.differences)


def _components(change: Change, steps: Iterable[Step]) -> Iterator[Component]:
    parents = {step.urn: step.parent for step in change.steps}
    groups: dict[str, list[Step]] = {}
    for step in steps:
        # What happens to a component is what happens to its objects.
        if not step.is_component:
            groups.setdefault(_component_of(step, parents), []).append(step)
    for urn, steps in sorted(groups.items(), key=lambda group: _sorting(group[0])):
        objects = tuple(map(_object, sorted(steps, key=lambda step: (step.kind, step.place, step.urn))))
        name, type_ = _named(urn)
        yield Component(name, type_, objects)


def _component_of(step: Step, parents: Mapping[str, str]) -> str:
    """The URN of the component right below the stack; empty for what is the stack's own."""
    found = ""
    urn = step.parent
    while urn and "pulumi:pulumi:Stack::" not in urn:
        found, urn = urn, parents.get(urn, "")
    return found


def _named(urn: str) -> tuple[str, str]:
    if not urn:
        return ("", "")
    _, _, types, name = urn.split("::", 3)
    return (name, types.rpartition("$")[2].rpartition(":")[2])


def _sorting(urn: str) -> tuple[bool, str]:
    return (urn == "", _named(urn)[0])


def _object(step: Step) -> Object:
    fields: list[Difference] = []
    noise: dict[str, int] = {}
    for difference in step.differences:
        sort = noise_of(step, difference)
        if sort is None:
            fields.append(difference)
        else:
            noise[sort] = noise.get(sort, 0) + 1
    return Object(step, tuple(fields), noise)
