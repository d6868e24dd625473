"""The sentences of the report that every written form has."""

from collections import Counter
from collections.abc import Mapping, Sequence

from operations.preview.model.change import Operation, Step
from operations.preview.report.document import Component, Report, StackReport, Verdict
from operations.preview.report.noise import counted_noise

VERDICTS = {
    Verdict.NO_CHANGES: "nothing would change",
    Verdict.SAFE: "nothing goes, and no pod restarts",
    Verdict.REVIEW: "read what restarts, goes or answers otherwise",
    Verdict.DESTRUCTIVE: "data, or its protection, would go",
    Verdict.FAILED: "what would change is not known, or a policy refuses it",
}
COUNTED = (Operation.CREATE, Operation.UPDATE, Operation.REPLACE, Operation.DELETE)
"""Those that have a column; others are rare, and listed with their objects."""
_SHORT = 12
_MOST_OBJECTS, _MOST_FIELDS = 6, 3
_MARKS = {
    Operation.CREATE: "+",
    Operation.UPDATE: "~",
    Operation.REPLACE: "±",
    Operation.DELETE: "-",
    Operation.IMPORT: "=",
    Operation.DISCARD: "o",
}


def mark(operation: Operation) -> str:
    """One character before an object's name."""
    return _MARKS.get(operation, " ")


def counted(counts: Mapping[str, int]) -> str:
    """`3 Deployment to update, 1 Service to delete`, in the order of names."""
    return ", ".join(f"{count} {sort}" for sort, count in sorted(counts.items()))


def follows(components: Sequence[Component]) -> str:
    """How many fields of all of them only follow; empty if there are none."""
    counts = sum((Counter(component.noise) for component in components), Counter[str]())
    return f"Fields that only follow, and are not listed: {counted_noise(counts)}." if counts else ""


def summary(stack: StackReport) -> str:
    """`3 to update, 1 to delete, 96 unchanged`."""
    words = {
        Operation.CREATE: "to create",
        Operation.UPDATE: "to update",
        Operation.REPLACE: "to replace",
        Operation.DELETE: "to delete",
        Operation.IMPORT: "to import",
        Operation.DISCARD: "to leave",
        Operation.SAME: "unchanged",
    }
    return ", ".join(f"{stack.counts[each]} {word}" for each, word in words.items() if stack.counts.get(each))


def pending(stack: StackReport) -> str:
    """How many objects the base's program would change too; empty if there are none."""
    count = sum(len(component.objects) for component in stack.pending)
    return f"Pending already, since the base would change them too: {count} objects." if count else ""


def origins(stack: StackReport) -> Sequence[str]:
    """What makes which objects change, a line for each cause; nothing where there is one alone, or none is known."""
    steps = {step.urn: step for step in stack.change.steps}
    if len(stack.causes) < 2:
        return ()
    return [f"{cause.what}: {_objects([steps[urn] for urn in cause.objects], cause.objects)}" for cause in stack.causes]


def _objects(steps: Sequence[Step], fields: Mapping[str, Sequence[str]]) -> str:
    groups: dict[tuple[str, str], list[Step]] = {}
    for step in sorted(steps, key=lambda step: (step.kind, step.place)):
        groups.setdefault((step.kind, _fields(fields[step.urn])), []).append(step)
    told = [_group(kind, group, paths) for (kind, paths), group in groups.items()]
    more = [f"and {len(told) - _MOST_OBJECTS} more kinds"] if len(told) > _MOST_OBJECTS else []
    return "; ".join([*told[:_MOST_OBJECTS], *more])


def _group(kind: str, steps: Sequence[Step], fields: str) -> str:
    which = f"{kind} {steps[0].place or steps[0].name}" if len(steps) == 1 else f"{len(steps)} of {kind}"
    return f"{which}{fields}"


def _fields(paths: Sequence[str]) -> str:
    if not paths:
        return ""
    more = f" and {len(paths) - _MOST_FIELDS} more" if len(paths) > _MOST_FIELDS else ""
    return f" ({', '.join(paths[:_MOST_FIELDS])}{more})"


def gate(part: Report | StackReport) -> str:
    """Whether the gate lets it through; empty where nothing has to be let through."""
    count = len(part.dangers)
    if not count:
        return ""
    closed = sum(not each.allowance for each in part.dangers)
    if not closed:
        return f"The gate is open: all {count} dangers are allowed."
    return f"The gate is closed: {closed} of {count} dangers are not allowed (docs/preview.md says how they are)."


def advice(stack: StackReport, *, of_unchanged: bool = False) -> dict[str, list[str]]:
    """What policies say that refuse nothing, of objects that change: of each policy its sentences, each once.

    With `of_unchanged` of all others instead. Those that refuse are dangers.
    """
    changing = {step.urn for step in stack.change.changing}
    found: dict[str, list[str]] = {}
    for each in stack.policies:
        sentence = " ".join(each.message.split())
        # Of the whole stack there is no URN.
        is_of_unchanged = each.urn not in changing and each.urn != ""
        if not each.mandatory and is_of_unchanged == of_unchanged and sentence not in found.get(each.policy, []):
            found.setdefault(each.policy, []).append(sentence)
    return found


def advised(stack: StackReport) -> str:
    """How much policies advise; empty if they don't."""
    own, others = advice(stack), advice(stack, of_unchanged=True)
    of_others = f"{sum(map(len, others.values()))} times about what does not change" if others else ""
    said = "; ".join(each for each in (counted({name: len(said) for name, said in own.items()}), of_others) if each)
    return f"Policies advise: {said}" if said else ""


def provenance(report: Report) -> str:
    """Which commit, base, run and time; empty if none of them is known."""
    parts = {"commit": report.commit[:_SHORT], "base": report.base, "run": report.run, "at": report.time}
    return " · ".join(f"{name} {value}" for name, value in parts.items() if value)
