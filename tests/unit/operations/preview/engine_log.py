"""Event logs as the engine writes them, made from a few words about each step."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from operations.preview.model.change import Change
from operations.preview.model.events import read_log

SECRET: Mapping[str, Any] = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    "ciphertext": "[secret]",
}
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
STACK = "prod"
_ROOT = f"urn:pulumi:{STACK}::webtier::pulumi:pulumi:Stack::webtier-{STACK}"
_API = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "Ingress": "networking.k8s.io/v1",
    "Job": "batch/v1",
}


def component(type_: str, name: str) -> str:
    """The URN of a component right below the stack."""
    return f"urn:pulumi:{STACK}::webtier::webtier:index:{type_}::{name}"


def urn_of(kind: str, name: str, parent: str = "") -> str:
    """The URN of an object of this kind, of the stack itself without a parent."""
    types = f"{parent.split('::')[2]}$" if parent else ""
    return f"urn:pulumi:{STACK}::webtier::{types}kubernetes:{_API.get(kind, 'core/v1')}:{kind}::{name}"


def state(kind: str, name: str, parent: str = "", *, protect: bool = False, **fields: Any) -> dict[str, Any]:
    """A resource as the engine has it before or after; `fields` are those of the object beside its name."""
    inputs = {"kind": kind, "metadata": {"name": name, "namespace": "webtier"}, **fields}
    return {"parent": parent or _ROOT, "protect": protect, "inputs": inputs, "outputs": {}}


def step(
    operation: str,
    kind: str,
    name: str,
    *,
    parent: str = "",
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    **others: Any,
) -> dict[str, Any]:
    """An event before a step; `old` and `new` are states, `others` are fields of its metadata."""
    metadata = {"op": operation, "urn": urn_of(kind, name, parent), "old": old, "new": new, **others}
    return {"resourcePreEvent": {"metadata": metadata}}


def changed(kind: str, name: str, before: Mapping[str, Any], after: Mapping[str, Any], parent: str = "") -> Any:
    """An update from some fields to others."""
    old, new = state(kind, name, parent, **before), state(kind, name, parent, **after)
    return step("update", kind, name, parent=parent, old=old, new=new)


CREATED = step("create", "Service", "a", new=state("Service", "a", spec={"type": "ClusterIP"}))
"""One step that most tests of whole logs need no more than."""


def log(events: Sequence[Mapping[str, Any]], *, ends: bool = True, result: str = "succeeded") -> list[str]:
    """The lines of a log; without its end where the engine was killed."""
    last = [{"summaryEvent": {"maybeCorrupt": False, "result": result, "isPreview": True}}] if ends else []
    return [json.dumps({"sequence": number, "timestamp": 0, **event}) for number, event in enumerate([*events, *last])]


def change_of(*events: Mapping[str, Any], ends: bool = True, result: str = "succeeded") -> Change:
    """What the model makes of such a log."""
    return read_log(STACK, log(events, ends=ends, result=result))
