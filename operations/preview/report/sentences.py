"""The sentences of the report that every written form has."""

from collections import Counter
from collections.abc import Mapping, Sequence

from operations.preview.gate.allowances import closing
from operations.preview.gate.dangers import ENGINES_OWN
from operations.preview.model.change import Diagnostic, Operation, Severity, Step
from operations.preview.model.paths import format_path
from operations.preview.report.document import Component, Report, StackReport, Verdict
from operations.preview.report.listed_dangers import listed, to_be_allowed
from operations.preview.report.noise import counted_noise
from operations.preview.report.texts import of_kind, short_old_and_new, without_middle

COUNTED = (Operation.CREATE, Operation.UPDATE, Operation.REPLACE, Operation.DELETE)
"""Those that have a column; others are rare, and listed with their objects."""
_SHORT = 12
_LONGEST_PATH = 80
_MOST_OBJECTS, _MOST_FIELDS, _MOST_SETTINGS, _MOST_URLS = 6, 3, 3, 2
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


def columns(report: Report) -> Sequence[Operation]:
    """Those of which some stack has any."""
    return [each for each in COUNTED if any(stack.counts.get(each) for stack in report.stacks)]


def headline(stack: StackReport) -> tuple[Sequence[str], Sequence[str]]:
    """What the change does, in a few words: some settings that differ, and what follows; none where nothing changes."""
    if stack.verdict is Verdict.NO_CHANGES:
        return (), ()
    differing = stack.settings or ()
    settings = [
        f"{without_middle(format_path(each.path), _LONGEST_PATH)}: {short_old_and_new(each)}"
        for each in differing[:_MOST_SETTINGS]
    ]
    more = len(differing) - len(settings)
    pods = sum(each.pods for each in stack.forecast.rolls)
    moved = [each for each in stack.answers if each.is_by_another]
    named = moved if len(moved) <= _MOST_URLS else []
    urls = [f"{each.place[0]} by {each.after.who} instead of {each.before.who}" for each in named]
    others = sum(1 + each.others for each in stack.answers if each not in named)
    shards = sum(len(each.hand_over) for each in stack.forecast.clusters)
    counts = (
        (more, "more setting differs", "more settings differ"),
        (pods, "pod restarts", "pods restart"),
        (others, "URL is answered otherwise", "URLs are answered otherwise"),
        (shards, "shard hands over", "shards hand over"),
        (len(stack.dangers), "danger", "dangers"),
    )
    return settings, [*urls, *(f"{count} {one if count == 1 else many}" for count, one, many in counts if count)]


def compared_with(stacks: Sequence[StackReport]) -> str:
    """What each of them is compared with, said once where it is the same."""
    if len({each.against for each in stacks}) == 1:
        return f"Compared with {stacks[0].against}."
    return f"Compared: {'; '.join(f'{each.stack} with {each.against}' for each in stacks)}."


def diagnostics(stack: StackReport) -> Sequence[Diagnostic]:
    """What has to be read, errors first. The engine's own word that it failed is none where something says why."""
    errors = [each for each in stack.diagnostics if each.severity is Severity.ERROR]
    reasons = [each for each in errors if each.message != ENGINES_OWN]
    if reasons or any(each.mandatory for each in stack.policies):
        errors = reasons
    return [*errors, *(each for each in stack.diagnostics if each.severity is not Severity.ERROR)]


def summary(stack: StackReport) -> str:
    """`3 to update, 1 to delete, 96 unchanged`."""
    words = {
        Operation.CREATE: "to create",
        Operation.UPDATE: "to update",
        Operation.REPLACE: "to replace",
        Operation.DELETE: "to delete",
        Operation.IMPORT: "to import",
        Operation.DISCARD: "to leave",
    }
    told = [f"{stack.counts[each]} {word}" for each, word in words.items() if stack.counts.get(each)]
    steps = [each for each in stack.change.changing if not each.changes_something and not each.is_component]
    if steps:
        told.append(f"{len(steps)} {'loses its' if len(steps) == 1 else 'lose their'} protection")
    if same := stack.counts.get(Operation.SAME, 0) - sum(each.operation is Operation.SAME for each in steps):
        told.append(f"{same} unchanged")
    return ", ".join(told)


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
    which = f"{kind} {steps[0].place or steps[0].name}" if len(steps) == 1 else of_kind(len(steps), kind)
    return f"{which}{fields}"


def _fields(paths: Sequence[str]) -> str:
    if not paths:
        return ""
    more = f" and {len(paths) - _MOST_FIELDS} more" if len(paths) > _MOST_FIELDS else ""
    return f" ({', '.join(paths[:_MOST_FIELDS])}{more})"


def gate(part: Report | StackReport) -> str:
    """Whether the gate lets it through; empty where there is nothing to let through."""
    stacks = part.stacks if isinstance(part, Report) else (part,)
    count, closed = len(part.dangers), len(closing(part.dangers))
    if not count:
        return "The gate is open: no data goes, and no protection." if any(map(_changes_something, stacks)) else ""
    if not closed:
        return f"The gate is open: {'the danger is' if count == 1 else f'all {count} dangers are'} allowed."
    which = "the danger is" if count == 1 else f"{closed} of {count} dangers {'is' if closed == 1 else 'are'}"
    allowing = to_be_allowed(listed(stacks))
    how = f" To allow {'it' if closed == 1 else 'them'}, see docs/preview.md." if allowing else ""
    return f"The gate is closed: {which} not allowed.{how}"


def _changes_something(stack: StackReport) -> bool:
    return stack.verdict is not Verdict.NO_CHANGES


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
    commit = f"commit {report.commit[:_SHORT]}" if report.commit else ""
    if base := _base(report):
        commit = f"{commit} compared with {base}".strip()
    parts = (commit, f"run {report.run}" if report.run else "", f"at {report.time}" if report.time else "")
    return " · ".join(filter(None, parts))


def _base(report: Report) -> str:
    """`origin/main (c5d428445416)`; a commit alone where the base is given as one."""
    base, commit = report.base, report.base_commit
    if not commit:
        return base
    return commit[:_SHORT] if commit.startswith(base) else f"{base} ({commit[:_SHORT]})"
