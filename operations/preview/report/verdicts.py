"""What a reader has to do about a change, and which of the reasons for it apply."""

from collections.abc import Iterator, Sequence
from enum import StrEnum

from operations.preview.forecast.forecast import Forecast
from operations.preview.forecast.pods import WORKLOADS
from operations.preview.gate.dangers import Danger, DangerKind
from operations.preview.model.change import Change, Operation, Step
from operations.preview.report.document import StackReport, Verdict
from operations.preview.report.noise import runs_again

_RULES = frozenset({"Ingress", "HTTPRoute"})
_FAILED = (DangerKind.INCOMPLETE, DangerKind.REFUSED)
_OF_DANGERS = {
    DangerKind.INCOMPLETE: "the preview failed: what would change is not known",
    DangerKind.REFUSED: "a policy refuses it",
    DangerKind.DELETED: "data would be deleted",
    DangerKind.REPLACED: "what holds data would be replaced",
    DangerKind.FEWER_SHARDS: "a Redis Cluster would have fewer shards",
    DangerKind.DIVIDED: "a Redis Cluster would be divided",
    DangerKind.UNREADABLE: "a Redis could not read its data",
    DangerKind.ORPHANED: "the stack would no longer manage objects that stay",
    DangerKind.UNPROTECTED: "protection from deletion would go",
}


class _Reason(StrEnum):
    """Why a change has to be read, in the order in which it is said."""

    GO = "objects go"
    REPLACED = "objects are replaced"
    ADDRESSES = "addresses go"
    PODS = "pods restart"
    TEMPLATES = "templates of pods change"
    FEWER_PODS = "fewer pods run"
    VOLUMES = "volumes grow for good"
    SERVERS = "a Redis gets a server without a way back"
    RULES = "rules change"
    OTHERS = "objects change"


def verdict(change: Change, dangers: Sequence[Danger], forecast: Forecast) -> Verdict:
    """Of one stack."""
    if not (change.succeeded and change.complete):
        return Verdict.FAILED
    if any(each.kind is not DangerKind.ALLOWANCE for each in dangers):
        return Verdict.DESTRUCTIVE
    if not change.changing:
        return Verdict.NO_CHANGES
    is_read = forecast.takes_something or any(map(_reason, change.changing))
    return Verdict.REVIEW if is_read else Verdict.SAFE


def explanation(stack: StackReport) -> str:
    """What of the verdict's reasons applies: `pods restart, URLs are answered otherwise; no data goes`."""
    kinds = {each.kind for each in stack.dangers}
    match stack.verdict:
        case Verdict.NO_CHANGES:
            return "nothing would change"
        case Verdict.SAFE:
            return "nothing goes, and no pod restarts"
        case Verdict.REVIEW:
            return f"{', '.join(_reasons(stack))}; no data goes"
        case Verdict.DESTRUCTIVE:
            return ", ".join(words for kind, words in _OF_DANGERS.items() if kind in kinds)
        case Verdict.FAILED:
            return "; ".join(_OF_DANGERS[kind] for kind in _FAILED if kind in kinds)


def _reasons(stack: StackReport) -> Iterator[str]:
    forecast = stack.forecast
    found = {_reason(step) for step in stack.change.changing}
    if forecast.rolls:
        found = {*found, _Reason.PODS} - {_Reason.TEMPLATES}
    if forecast.addresses:
        found.add(_Reason.ADDRESSES)
    if forecast.has_fewer_pods:
        found.add(_Reason.FEWER_PODS)
    if any(not each.can_be_undone for each in forecast.data):
        found.add(_Reason.VOLUMES)
    if forecast.servers:
        found.add(_Reason.SERVERS)
    yield from (each for each in _Reason if each in found and not (each is _Reason.RULES and stack.answers))
    if stack.answers:
        yield "URLs are answered otherwise"


def _reason(step: Step) -> _Reason | None:
    """Why what happens to an object has to be read; None where it has not."""
    # What happens to a component is what happens to its objects.
    if step.is_component or runs_again(step) or step.operation is Operation.CREATE:
        return None
    if step.kind in _RULES:
        return _Reason.RULES
    match step.operation:
        case Operation.DELETE:
            return _Reason.GO
        case Operation.REPLACE:
            return _Reason.REPLACED
        case Operation.UPDATE:
            restarts = step.kind in WORKLOADS and any(
                each.path[:2] == ("spec", "template") for each in step.differences
            )
            return _Reason.TEMPLATES if restarts else None
        case _:
            return _Reason.OTHERS
