"""The engine's event log (`--event-log FILE`), read into the model.

Of all that the engine writes this has the most: every step in order with the sub-steps of a replacement, what policies
say, and secrets already masked. `--json` hides sub-steps and shows a plain text that equals a secret.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from operations.preview.model.change import Change, Diagnostic, Operation, PolicyResult, Severity, Step
from operations.preview.model.differences import Difference, differences
from operations.preview.model.paths import Path, parse_path
from operations.preview.model.values import UNKNOWN, Opaque, read_value, value_at

_OPERATIONS = {
    "create": Operation.CREATE,
    "update": Operation.UPDATE,
    "replace": Operation.REPLACE,
    "create-replacement": Operation.REPLACE,
    "delete-replaced": Operation.REPLACE,
    "delete": Operation.DELETE,
    "same": Operation.SAME,
    "read": Operation.READ,
    "read-replacement": Operation.READ,
    "refresh": Operation.REFRESH,
    "import": Operation.IMPORT,
    "import-replacement": Operation.REPLACE,
    "discard": Operation.DISCARD,
    "discard-replaced": Operation.REPLACE,
    "remove-pending-replace": Operation.DISCARD,
}
"""The engine's names of steps (`pulumi/pkg/resource/deploy/step.go`)."""

_SEVERITIES = {"info": Severity.INFO, "info#err": Severity.INFO, "warning": Severity.WARNING, "error": Severity.ERROR}
"""Those that people are shown; `debug` is not among them."""


_NAME = ("metadata", "name")
_MADE_UP = ("metadata", "annotations", "pulumi.com/autonamed")


class LogError(Exception):
    """A file that is no event log of an engine that we know."""


@dataclass
class _Found:
    """The events of one resource so far."""

    operations: list[str] = field(default_factory=list[str])
    old: Mapping[str, Any] | None = None
    new: Mapping[str, Any] | None = None
    keys: list[str] = field(default_factory=list[str])
    detailed: dict[str, Any] = field(default_factory=dict[str, Any])


def read_log(stack: str, lines: Iterable[str]) -> Change:
    """The change that an event log tells of, line by line one event.

    A log without a summary, or whose last line is cut off, is of a command that did not come to its end: the change is
    not `complete`. Raises LogError for what is no event log.
    """
    resources: dict[str, _Found] = {}
    diagnostics: list[Diagnostic] = []
    policies: list[PolicyResult] = []
    complete = succeeded = False
    for event in _events(lines):
        match event:
            case {"resourcePreEvent": {"metadata": metadata}}:
                _note(resources, metadata)
            case {"resOpFailedEvent": {"metadata": metadata}}:
                _note(resources, metadata)
                succeeded = False
            case {"diagnosticEvent": told} if told.get("severity") in _SEVERITIES:
                message = told.get("message", "").strip()
                diagnostics.append(Diagnostic(_SEVERITIES[told["severity"]], message, told.get("urn", "")))
            case {"policyEvent": told}:
                policies.append(_policy(told))
            case {"summaryEvent": told}:
                complete = not told.get("maybeCorrupt", False)
                succeeded = told.get("result", "succeeded") == "succeeded"
            case _:
                pass
    succeeded &= complete and not any(each.severity is Severity.ERROR for each in diagnostics)
    steps = tuple(_step(urn, found) for urn, found in resources.items())
    return Change(stack, steps, tuple(diagnostics), tuple(policies), complete, succeeded)


def _events(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    unread: json.JSONDecodeError | None = None
    for line in lines:
        if not line.strip():
            continue
        if unread is not None:
            raise LogError(f"no event log of the engine: {unread}")
        try:
            event = json.loads(line)
        except json.JSONDecodeError as error:
            # The last line, of an engine that was killed while it wrote.
            unread = error
            continue
        if not isinstance(event, dict) or "sequence" not in event:
            raise LogError("no event log of the engine: a line without a sequence number")
        yield cast("dict[str, Any]", event)


def _note(resources: dict[str, _Found], metadata: Mapping[str, Any]) -> None:
    operation = metadata["op"]
    if operation not in _OPERATIONS:
        raise LogError(f"the engine has a step '{operation}', which this version of webtier does not know")
    found = resources.setdefault(metadata["urn"], _Found())
    found.operations.append(operation)
    # `delete-replaced` has no new one, `create-replacement` both.
    found.old = metadata.get("old") or found.old
    found.new = metadata.get("new") or found.new
    found.keys.extend(key for key in metadata.get("keys") or () if key not in found.keys)
    found.detailed.update(metadata.get("detailedDiff") or {})


def _step(urn: str, found: _Found) -> Step:
    operations = [_OPERATIONS[each] for each in found.operations]
    operation = Operation.REPLACE if Operation.REPLACE in operations else operations[-1]
    old, new = found.old or {}, found.new or {}
    if operation is Operation.DELETE:
        new = {}
    state = new or old
    if operation in (Operation.CREATE, Operation.REPLACE):
        new = _without_passing_name(new)
    if operation is Operation.REPLACE:
        old = _without_passing_name(old)
    return Step(
        urn=urn,
        operation=operation,
        differences=_differences(old, new, found) if operation in (Operation.UPDATE, Operation.REPLACE) else (),
        forced_by=_forced_by(found, new) if operation is Operation.REPLACE else (),
        deletes_first=_deletes_first(found.operations),
        was_protected=bool(old.get("protect")),
        is_protected=bool(new.get("protect")),
        is_retained=bool((old or new).get("retainOnDelete")),
        parent=state.get("parent", ""),
        before=read_value(old["inputs"]) if old.get("inputs") else Opaque.ABSENT,
        after=read_value(new["inputs"]) if new.get("inputs") else Opaque.ABSENT,
        place=_place(new or old),
        old_place=_place(old),
    )


def _deletes_first(operations: Sequence[str]) -> bool:
    if "delete-replaced" not in operations:
        return False
    created = [position for position, each in enumerate(operations) if each == "create-replacement"]
    return not created or operations.index("delete-replaced") < created[0]


def _without_passing_name(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """The provider makes up a name for an object without one, another one in each preview and in the update.

    And a Job that runs again has another name, which says nothing.
    """
    inputs: Mapping[str, Any] = state.get("inputs") or {}
    if "metadata" not in inputs or not (_is_made_up(inputs) or inputs.get("kind") == "Job"):
        return state
    metadata: Mapping[str, Any] = inputs["metadata"]
    return {**state, "inputs": {**inputs, "metadata": {**metadata, "name": UNKNOWN}}}


def _is_made_up(inputs: Mapping[str, Any]) -> bool:
    return value_at(read_value(inputs), _MADE_UP) is not Opaque.ABSENT


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], found: _Found) -> tuple[Difference, ...]:
    """Of the inputs; and what the provider says besides, of fields that are secret on both sides or changed outside."""
    before, after = read_value(old.get("inputs") or {}), read_value(new.get("inputs") or {})
    seen = list(differences(before, after))
    for text, how in found.detailed.items():
        path = parse_path(text)
        if any(_same_place(path, each.path) for each in seen):
            continue
        kind = how.get("diffKind", "update")
        outside = before if how.get("inputDiff") else read_value(old.get("outputs") or {})
        was = Opaque.ABSENT if kind.startswith("add") else value_at(outside, path)
        comes = Opaque.ABSENT if kind.startswith("delete") else value_at(after, path)
        if path != _NAME or comes is not Opaque.UNKNOWN:
            seen.append(Difference(path, was, comes))
    return tuple(seen)


def _same_place(engine: Path, own: Path) -> bool:
    """Whether a path of the engine's is at or above or below one of ours, whose lists' items are named."""
    return all(
        one == other or isinstance(one, int) or (isinstance(other, str) and other.startswith("["))
        for one, other in zip(engine, own, strict=False)
    )


def _forced_by(found: _Found, new: Mapping[str, Any]) -> tuple[Path, ...]:
    keys = [text for text, how in found.detailed.items() if str(how.get("diffKind", "")).endswith("-replace")]
    # The engine has them in another order each time.
    paths = [parse_path(key) for key in sorted({*found.keys, *keys})]
    after = read_value(new.get("inputs") or {})
    return tuple(path for path in paths if path != _NAME or value_at(after, path) is not Opaque.UNKNOWN)


def _place(state: Mapping[str, Any]) -> str:
    inputs: Mapping[str, Any] = state.get("inputs") or {}
    match read_value(inputs.get("metadata")):
        case {"namespace": str(namespace), "name": str(name)}:
            return f"{namespace}/{name}"
        case {"name": str(name)}:
            return name
        case _:
            return ""


def _policy(told: Mapping[str, Any]) -> PolicyResult:
    return PolicyResult(
        pack=told.get("policyPackName", ""),
        policy=told.get("policyName", ""),
        mandatory=told.get("enforcementLevel") == "mandatory",
        message=told.get("message", "").strip(),
        urn=told.get("resourceUrn", ""),
    )
