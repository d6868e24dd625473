"""The report as data, for programs: `version` counts up when a field changes its meaning or goes."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from operations.preview.forecast.addresses import AddressChange
from operations.preview.forecast.answers import ChangedAnswer
from operations.preview.forecast.data import DataChange
from operations.preview.forecast.forecast import Forecast
from operations.preview.forecast.pods import Roll, Scaling
from operations.preview.forecast.redis import ClusterForecast
from operations.preview.forecast.servers import NewServer
from operations.preview.gate.dangers import Danger
from operations.preview.gate.fingerprint import fingerprint
from operations.preview.model.change import SCHEMA_VERSION, Severity
from operations.preview.model.differences import Difference
from operations.preview.model.paths import format_path
from operations.preview.model.values import Opaque, Value, plain
from operations.preview.provenance import Cause
from operations.preview.report.document import Component, Object, Report, StackReport


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class JsonField(_Part):
    """A field that differs. Where a side does not have it, `old` or `new` is not there.

    A secret is the text `(a secret)`, and what is not known before the update `(known once it is there)`.
    """

    path: str
    old: Any = None
    new: Any = None


class JsonObject(_Part):
    """What happens to a resource. `noise` counts fields that only follow, by their sort; they are not in `fields`."""

    urn: str
    kind: str
    place: str = Field(description="namespace/name in Kubernetes, or the name alone")
    old_place: str = Field(description="where it is before; another one where its name or namespace changes")
    operation: str
    forced_by: list[str] = Field(description="the fields that make it a replacement")
    deletes_first: bool
    was_protected: bool
    is_protected: bool
    is_retained: bool
    fields: list[JsonField]
    noise: dict[str, int]


class JsonComponent(_Part):
    """The objects of one component; of the stack itself where `type` is empty."""

    name: str
    type: str
    objects: list[JsonObject]


class JsonDanger(_Part):
    """What may lose data or its protection."""

    kind: str
    urn: str
    what: str
    allowance: str = Field(description="why and by whom it is allowed; empty where it is not")


class JsonMessage(_Part):
    """What the engine, a provider, the program or a policy said; `policy` is its name, else empty."""

    severity: str
    policy: str
    message: str
    urn: str


class JsonForecast(_Part):
    """What the change does to what runs: in sentences, and the same as data."""

    sentences: list[str]
    rolls: list[Roll]
    scalings: list[Scaling]
    clusters: list[ClusterForecast]
    addresses: list[AddressChange]
    data: list[DataChange]
    servers: list[NewServer]


class JsonStack(_Part):
    """One stack's part. `settings` is null where there is no earlier file to compare with."""

    stack: str
    verdict: str
    against: str
    counts: dict[str, int] = Field(description="steps by operation")
    is_let_through: bool = Field(description="whether the gate is open: every danger is allowed")
    dangers: list[JsonDanger]
    settings: list[JsonField] | None
    forecast: JsonForecast
    answers: list[ChangedAnswer] = Field(
        description="URLs that are answered otherwise than with the settings of the base"
    )
    causes: list[Cause] = Field(description="what makes which objects change; empty where it is not known")
    components: list[JsonComponent]
    pending: list[JsonComponent] = Field(description="what the program of the base would change too")
    messages: list[JsonMessage]
    drift: list[str] | None = Field(description="sentences about changes in the cluster; null where nobody has looked")
    fingerprint: dict[str, list[str]] = Field(description="by URN, what a deployment of this change may do")


class JsonReport(_Part):
    """All of it."""

    version: int = Field(description="of this format")
    verdict: str
    is_let_through: bool
    commit: str
    base: str
    base_commit: str = Field(default="", description="what the base is; empty where it is not known")
    run: str
    time: str
    stacks: list[JsonStack]


def as_json(report: Report) -> str:
    """The report as JSON text, indented by two, keys in a fixed order."""
    return data(report).model_dump_json(indent=2, exclude_unset=True) + "\n"


def data(report: Report) -> JsonReport:
    """The report in the form that `as_json` writes."""
    return JsonReport(
        version=SCHEMA_VERSION,
        verdict=report.verdict,
        is_let_through=report.is_let_through,
        commit=report.commit,
        base=report.base,
        base_commit=report.base_commit,
        run=report.run,
        time=report.time,
        stacks=[_stack(each) for each in report.stacks],
    )


def _stack(stack: StackReport) -> JsonStack:
    said = [each for each in stack.change.diagnostics if each.severity is not Severity.INFO]
    messages = [_message(each.severity, "", each.message, each.urn) for each in said]
    messages += [
        _message("mandatory" if each.mandatory else "advisory", each.policy, each.message, each.urn)
        for each in stack.policies
    ]
    return JsonStack(
        stack=stack.stack,
        verdict=stack.verdict,
        against=stack.against,
        counts={str(operation): count for operation, count in stack.counts.items()},
        is_let_through=stack.is_let_through,
        dangers=[_danger(each) for each in stack.dangers],
        settings=None if stack.settings is None else _fields(stack.settings),
        forecast=_forecast(stack.forecast),
        answers=list(stack.answers),
        causes=list(stack.causes),
        components=list(map(_component, stack.components)),
        pending=list(map(_component, stack.pending)),
        messages=messages,
        drift=None if stack.drift is None else list(stack.drift),
        fingerprint=fingerprint(stack.change),
    )


def _forecast(forecast: Forecast) -> JsonForecast:
    return JsonForecast(
        sentences=list(forecast.sentences),
        rolls=list(forecast.rolls),
        scalings=list(forecast.scalings),
        clusters=list(forecast.clusters),
        addresses=list(forecast.addresses),
        data=list(forecast.data),
        servers=list(forecast.servers),
    )


def _message(severity: str, policy: str, message: str, urn: str) -> JsonMessage:
    return JsonMessage(severity=severity, policy=policy, message=message, urn=urn)


def _component(component: Component) -> JsonComponent:
    objects = [_object(one) for one in component.objects]
    return JsonComponent(name=component.name, type=component.type, objects=objects)


def _danger(danger: Danger) -> JsonDanger:
    return JsonDanger(kind=danger.kind, urn=danger.urn, what=danger.what, allowance=danger.allowance)


def _object(each: Object) -> JsonObject:
    step = each.step
    return JsonObject(
        urn=step.urn,
        kind=step.kind,
        place=step.place,
        old_place=step.old_place,
        operation=step.operation,
        forced_by=[format_path(path) for path in step.forced_by],
        deletes_first=step.deletes_first,
        was_protected=step.was_protected,
        is_protected=step.is_protected,
        is_retained=step.is_retained,
        fields=_fields(each.fields),
        noise=dict(sorted(each.noise.items())),
    )


def _fields(differences: Iterable[Difference]) -> list[JsonField]:
    return [
        JsonField(path=format_path(each.path), **_sides({"old": each.old, "new": each.new})) for each in differences
    ]


def _sides(sides: Mapping[str, Value]) -> dict[str, object]:
    return {side: plain(value) for side, value in sides.items() if value is not Opaque.ABSENT}
