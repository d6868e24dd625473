"""What is dangerous as people read it: the worst first, and what is said of many objects said once.

`report.json` has every danger by itself.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import yaml

from operations.preview.gate.allowances import ALLOWABLE
from operations.preview.gate.dangers import LOSES_PROTECTION, Danger, DangerKind
from operations.preview.model.change import Step
from operations.preview.report.document import StackReport
from operations.preview.report.texts import of_kind, plural

_WEIGHT = (
    DangerKind.INCOMPLETE,
    DangerKind.REFUSED,
    DangerKind.DELETED,
    DangerKind.REPLACED,
    DangerKind.FEWER_SHARDS,
    DangerKind.DIVIDED,
    DangerKind.UNREADABLE,
    DangerKind.ORPHANED,
    DangerKind.ALLOWANCE,
    DangerKind.UNPROTECTED,
)
"""From the heaviest; what loses its protection is there still."""
_WIDEST = 10_000


@dataclass(frozen=True)
class Listed:
    """One entry of the list, of at least one danger; `place` is the object where `what` does not name it."""

    stack: str
    dangers: tuple[Danger, ...]
    what: str
    place: str = ""

    @property
    def kind(self) -> DangerKind:
        return self.dangers[0].kind

    @property
    def allowance(self) -> str:
        """Why and by whom all of them are allowed; empty where they are not."""
        return self.dangers[0].allowance


def listed(stacks: Sequence[StackReport]) -> list[Listed]:
    """All dangers, by their weight, then in the order of the stacks; protection is one entry for each stack."""
    return sorted((each for stack in stacks for each in _of_stack(stack)), key=lambda each: _WEIGHT.index(each.kind))


def to_be_allowed(entries: Sequence[Listed]) -> list[Danger]:
    """Those that an allowance would let through, and that have none."""
    return [each for entry in entries for each in entry.dangers if not each.allowance and each.kind in ALLOWABLE]


def as_allowances(dangers: Sequence[Danger]) -> str:
    """The beginning of an entry of `allowances.yaml` for each, which has no reason and no author yet."""
    entries = [{"urn": each.urn, "danger": str(each.kind)} for each in dangers]
    return yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=_WIDEST)


def _of_stack(stack: StackReport) -> Iterator[Listed]:
    steps = {step.urn: step for step in stack.change.steps}
    unprotected: dict[tuple[str, str], list[Danger]] = {}
    # The engine's order is another one each time.
    for danger in sorted(stack.dangers, key=lambda danger: (danger.urn, danger.what)):
        _, lost, rest = danger.what.partition(LOSES_PROTECTION)
        if danger.kind is DangerKind.UNPROTECTED and lost and danger.urn in steps:
            # An allowance that has ended is said behind the sentence.
            unprotected.setdefault((danger.allowance, rest), []).append(danger)
        else:
            yield Listed(stack.stack, (danger,), danger.what, _place(danger, steps))
    for (_, rest), found in unprotected.items():
        what = found[0].what if len(found) == 1 else f"{_lose([steps[each.urn] for each in found])}.{rest}"
        yield Listed(stack.stack, tuple(found), what)


def _lose(steps: Sequence[Step]) -> str:
    """`6 PersistentVolumeClaims lose their protection from deletion: a/b, …`, and so for objects of several kinds."""
    kinds: dict[str, list[str]] = {}
    for step in sorted(steps, key=lambda step: (step.kind, step.place or step.name)):
        kinds.setdefault(step.kind, []).append(step.place or step.name)
    names = {kind: ", ".join(found) for kind, found in kinds.items()}
    if len(kinds) == 1:
        [(kind, said)] = names.items()
        return f"{of_kind(len(steps), kind)} lose their protection from deletion: {said}"
    said = "; ".join(f"{kind if len(kinds[kind]) == 1 else plural(kind)} {found}" for kind, found in names.items())
    return f"{len(steps)} objects lose their protection from deletion: {said}"


def _place(danger: Danger, steps: Mapping[str, Step]) -> str:
    """Of what a policy refuses the object, and of an allowance that fits nothing its URN, which is in its file."""
    if danger.kind is DangerKind.ALLOWANCE:
        return danger.urn
    if danger.kind is not DangerKind.REFUSED:
        return ""
    if (step := steps.get(danger.urn)) is None:
        return danger.urn
    place = step.place or step.name
    name = re.escape(place.rpartition("/")[2])
    return "" if re.search(rf"(?<![\w-]){name}(?![\w-])", danger.what) else f"{step.kind} {place}"
