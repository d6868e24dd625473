"""The report as a document: what every written form of it says, in its order."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from operations.preview.forecast.answers import ChangedAnswer
from operations.preview.forecast.forecast import Forecast
from operations.preview.gate.allowances import closing
from operations.preview.gate.dangers import Danger
from operations.preview.model.change import Change, Diagnostic, Operation, PolicyResult, Step
from operations.preview.model.differences import Difference
from operations.preview.provenance import Cause


class Verdict(StrEnum):
    """What a reader has to do about a change, from nothing to much."""

    NO_CHANGES = "no changes"
    SAFE = "safe"
    """Nothing goes, no pod restarts, no rule changes that is there."""
    REVIEW = "review"
    DESTRUCTIVE = "destructive"
    """Data, or its protection, would go: `gate/dangers.py`."""
    FAILED = "failed"


SEVERITY = tuple(Verdict)
"""From the mildest to the worst."""


@dataclass(frozen=True)
class Object:
    """What happens to one resource; `noise` counts the fields that only follow, by their sort."""

    step: Step
    fields: tuple[Difference, ...]
    noise: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True)
class Component:
    """The objects of one component, such as `user-v1`; of the stack itself where `type` is empty."""

    name: str
    type: str
    objects: tuple[Object, ...]

    @property
    def noise(self) -> dict[str, int]:
        """Of all its objects."""
        return sum((Counter(each.noise) for each in self.objects), Counter[str]())

    @property
    def told(self) -> Sequence[Object]:
        """Those in which more than noise changes."""
        return [each for each in self.objects if each.fields or each.step.operation is not Operation.UPDATE]


@dataclass(frozen=True)
class StackReport:
    """One stack's part. `against` says in words what it was compared with.

    `forecast` is what the change does to what runs, `answers` are URLs that are answered otherwise than with the
    settings of the base. `pending` is what the base's program would change too, and not in `components`.
    `causes` says which setting, or the code, makes which objects change; empty where that is not known.
    `settings` are those that differ in the stack's file; None where there is no earlier file to compare with.
    `diagnostics` are those that are news, and how many are not; `change` has all.
    """

    stack: str
    verdict: Verdict
    against: str
    counts: dict[Operation, int]
    dangers: tuple[Danger, ...]
    settings: tuple[Difference, ...] | None
    forecast: Forecast
    answers: tuple[ChangedAnswer, ...]
    causes: tuple[Cause, ...]
    components: tuple[Component, ...]
    pending: tuple[Component, ...]
    diagnostics: tuple[Diagnostic, ...]
    policies: tuple[PolicyResult, ...]
    change: Change
    drift: tuple[str, ...] | None = None
    """Sentences about what was changed in the cluster since the last update; None where nobody has looked."""

    @property
    def is_let_through(self) -> bool:
        """Whether the gate is open: everything dangerous is allowed. A failed preview never is."""
        return not closing(self.dangers)


@dataclass(frozen=True)
class Report:
    """All stacks, in the order given. `commit`, `base`, `run` and `time` (ISO 8601, UTC) say what was previewed.

    `base` is as somebody has named it, `base_commit` what that is; empty is unknown.
    """

    stacks: tuple[StackReport, ...]
    commit: str = ""
    base: str = ""
    run: str = ""
    time: str = ""
    base_commit: str = ""

    @property
    def worst_first(self) -> Sequence[StackReport]:
        """The stacks in the order in which they are told; among equals the last, which is production as a rule."""
        return sorted(self.stacks, key=lambda each: SEVERITY.index(each.verdict))[::-1]

    @property
    def are_compared_alike(self) -> bool:
        """Whether all stacks are compared with the same."""
        return len({each.against for each in self.stacks}) == 1

    @property
    def dangers(self) -> tuple[Danger, ...]:
        """Of all stacks."""
        return tuple(danger for stack in self.stacks for danger in stack.dangers)

    @property
    def is_let_through(self) -> bool:
        """Whether the gate is open for each of them."""
        return all(stack.is_let_through for stack in self.stacks)

    @property
    def verdict(self) -> Verdict:
        """The worst of all stacks'."""
        return max((each.verdict for each in self.stacks), key=SEVERITY.index, default=Verdict.NO_CHANGES)
