"""What a preview or an update does, as one model, which reports, the gate and fingerprints are read from."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from operations.preview.model.differences import Difference
from operations.preview.model.paths import Path
from operations.preview.model.urn import HasUrn
from operations.preview.model.values import Opaque, Value

SCHEMA_VERSION = 1


class Operation(StrEnum):
    """What happens to a resource, its sub-steps taken together."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    SAME = "same"
    READ = "read"
    REFRESH = "refresh"
    IMPORT = "import"
    DISCARD = "discard"
    """Taken out of the state while the object stays: it was retained, or only read."""


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Step(HasUrn):
    """What happens to one resource.

    `forced_by` are the fields that make it a replacement. `deletes_first` says for a replacement that the old object
    goes before the new one comes. `was_protected` and `is_protected` are Pulumi's `protect` before and after;
    `is_retained` says that the object itself stays when the resource goes.
    """

    urn: str
    operation: Operation
    differences: tuple[Difference, ...] = ()
    forced_by: tuple[Path, ...] = ()
    deletes_first: bool = False
    was_protected: bool = False
    is_protected: bool = False
    is_retained: bool = False
    parent: str = ""
    before: Value = Opaque.ABSENT
    after: Value = Opaque.ABSENT
    """What the program asks for, as it was and as it will be; ABSENT where the resource is not there."""
    place: str = ""
    """Where the object is in Kubernetes: `namespace/name`, or its name alone; empty for what is no object."""
    old_place: str = ""
    """Where it is before."""

    @property
    def is_component(self) -> bool:
        """Whether it only holds other resources, and has nothing in Kubernetes."""
        return self.type.startswith(("webtier:", "pulumi:pulumi:"))

    @property
    def loses_protection(self) -> bool:
        """Whether `protect` is taken away: the same change may then also delete or replace it."""
        return self.was_protected and not self.is_protected

    @property
    def changes_something(self) -> bool:
        """Whether the step does more than to look."""
        return self.operation not in (Operation.SAME, Operation.READ, Operation.REFRESH)


@dataclass(frozen=True)
class Diagnostic:
    """What the engine, the provider or the program said."""

    severity: Severity
    message: str
    urn: str = ""


@dataclass(frozen=True)
class PolicyResult:
    """What a policy of a pack said of a resource."""

    pack: str
    policy: str
    mandatory: bool
    message: str
    urn: str = ""


@dataclass(frozen=True)
class Change:
    """All that one command of the engine does, in its order.

    `complete` says that the engine came to its end: without, there may be more than is listed.
    """

    stack: str
    steps: tuple[Step, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    policies: tuple[PolicyResult, ...] = ()
    complete: bool = True
    succeeded: bool = True

    def without_diagnostic(self, start: str) -> "Change":
        """The same without what was said that begins so."""
        return replace(self, diagnostics=tuple(each for each in self.diagnostics if not each.message.startswith(start)))

    @property
    def changing(self) -> Sequence[Step]:
        """The steps that do more than to look."""
        return [step for step in self.steps if step.changes_something or step.loses_protection]

    def counts(self) -> dict[Operation, int]:
        """How many steps of each kind, without components. The engine's own summary leaves out what it refuses."""
        found = Counter(step.operation for step in self.steps if not step.is_component)
        return {operation: found[operation] for operation in Operation if found[operation]}
