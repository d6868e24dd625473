"""A state made of what a program plans, as if it had been deployed.

Without a state everything that a program asks for is new, and what a pull request changes can't be told. But the engine
writes down what it would make (`--save-plan`), secrets encrypted with the passphrase of the stack, and takes such
resources as a state (`stack import`). Compared with that of the base, the program of a pull request shows its own
change, replacements with their fields and all, and nobody needs a secret for it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from graphlib import TopologicalSorter
from typing import Any, cast

from operations.preview.model.change import Change, Operation, Step
from operations.preview.model.values import is_unknown, value_at

DEPLOYED = "e0f6a1d2-known-once-deployed"
"""Stands for what only a deployment would tell, so that a difference from it is none."""
_PROVIDER_ID = "00000000-0000-4000-8000-{:012d}"
_TIME = "2000-01-01T00:00:00Z"


def planned_state(plan: str, exported: str) -> str:
    """The text for `stack import`: the resources of a plan of creations, in an exported state that has none."""
    planned: dict[str, dict[str, Any]] = json.loads(plan)["resourcePlans"]
    state = json.loads(exported)
    ids = {urn: _id(urn, each["goal"], number) for number, (urn, each) in enumerate(sorted(planned.items()))}
    state["deployment"]["resources"] = [_resource(urn, planned[urn], ids) for urn in _ordered(planned)]
    return json.dumps(state)


def without_undeployed(change: Change) -> Change:
    """The change without fields that differ only because nothing has been deployed."""
    return replace(change, steps=tuple(map(_deployed, change.steps)))


def _deployed(step: Step) -> Step:
    if step.operation not in (Operation.UPDATE, Operation.REPLACE):
        return step
    # A value that is not known is in the text of those that are made from it.
    left = tuple(each for each in step.differences if DEPLOYED not in repr((each.old, each.new)))
    if step.operation is Operation.UPDATE:
        return replace(step, differences=left, operation=Operation.UPDATE if left else Operation.SAME)
    if step.kind == "Job" and not (left or step.forced_by):
        # Its name alone is another one.
        return replace(step, differences=(), operation=Operation.SAME, deletes_first=False)
    return replace(step, differences=left)


def _ordered(planned: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Each resource after those that it needs, as the engine has them."""
    graph = {urn: [each for each in _needed(plan["goal"]) if each in planned] for urn, plan in sorted(planned.items())}
    return iter(TopologicalSorter(graph).static_order())


def _needed(goal: Mapping[str, Any]) -> Iterator[str]:
    if parent := goal.get("parent"):
        yield parent
    if provider := goal.get("provider"):
        yield provider.rpartition("::")[0]
    yield from goal.get("dependencies", ())


def _id(urn: str, goal: Mapping[str, Any], number: int) -> str:
    if goal["type"].startswith("pulumi:providers:"):
        return _PROVIDER_ID.format(number)
    match _inputs(goal).get("metadata"):
        case {"namespace": str(namespace), "name": str(name)}:
            return f"{namespace}/{name}"
        case {"name": str(name)}:
            return name
        case _:
            return urn.rpartition("::")[2]


def _resource(urn: str, plan: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    goal = plan["goal"]
    provider = goal.get("provider", "").rpartition("::")[0]
    made: dict[str, Any] = {
        "urn": urn,
        "type": goal["type"],
        "custom": goal["custom"],
        "id": ids[urn] if goal["custom"] else "",
        "inputs": _known(_inputs(goal)),
        "outputs": _outputs(plan),
        "parent": goal.get("parent", ""),
        "provider": f"{provider}::{ids[provider]}" if provider else "",
        "protect": goal.get("protect", False),
        "created": _TIME,
        "modified": _TIME,
    }
    for name in ("dependencies", "propertyDependencies", "additionalSecretOutputs", "customTimeouts"):
        if name in goal:
            made[name] = goal[name]
    return {name: value for name, value in made.items() if value != ""}


def _outputs(plan: Mapping[str, Any]) -> dict[str, Any]:
    outputs: dict[str, Any] = _known(plan.get("state") or {})
    inputs = _known(_inputs(plan["goal"]))
    if not plan["goal"]["type"].startswith("kubernetes:"):
        return outputs
    # What the Kubernetes provider keeps with each object, and compares with.
    manager = value_at(inputs, ("metadata", "annotations", "pulumi.com/patchFieldManager"))
    return {
        **outputs,
        "__inputs": inputs,
        "__initialApiVersion": inputs.get("apiVersion"),
        "__fieldManager": manager if isinstance(manager, str) else "",
    }


def _inputs(goal: Mapping[str, Any]) -> dict[str, Any]:
    return goal.get("inputDiff", {}).get("adds", {})


def _known(value: Any) -> Any:
    """The value with a text of ours in the place of the engine's own, which no state may have."""
    match value:
        case str():
            return DEPLOYED if is_unknown(value) else value
        case dict():
            return {name: _known(each) for name, each in cast("dict[str, Any]", value).items()}
        case list():
            return [_known(each) for each in cast("list[Any]", value)]
        case _:
            return value
