"""Pictures of the project's program, as it runs against an engine that only records."""

import json
from functools import cache
from typing import Any

from operations.diagram.picture import Node, Picture, compared
from operations.diagram.resources import Resource
from operations.diagram.tier import tier
from operations.preview.model.change import Change, Operation, Step
from operations.preview.model.differences import differences
from operations.preview.model.values import Opaque, Value, read_value
from tests.unit.environment.program.recorded_program import recorded, run
from tests.unit.environment.stack_files import stack_config
from tests.unit.harness.recording import Recording

IMAGE = "registry.example.com/shop:1"


def changes(**settings: Any) -> dict[str, str]:
    """Settings as the engine hands them over."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in settings.items()}


@cache
def of_recording(stack: str, written: tuple[tuple[str, str], ...] = ()) -> Recording:
    return run(stack, **dict(written)) if written else recorded(stack)


def resources(stack: str, **settings: Any) -> list[Resource]:
    """The resources of a stack with these outermost settings."""
    found = of_recording(stack, tuple(changes(**settings).items()))
    return [Resource(each.urn, each.parent, read_value(each.inputs)) for each in found.resources]


def picture(stack: str, **settings: Any) -> Picture:
    return tier(resources(stack, **settings), f"The stack {stack}")


def with_services(stack: str, **services: dict[str, Any] | None) -> dict[str, Any]:
    """The setting `services` of a stack with others; None takes one away."""
    config = {**stack_config(stack)["services"], **services}
    return {"services": {name: service for name, service in config.items() if service is not None}}


def change(stack: str, old: dict[str, Any], new: dict[str, Any]) -> Change:
    """What an update from one set of settings to another does, step by step."""
    was, will = ({each.urn: each for each in resources(stack, **settings)} for settings in (old, new))
    steps = [_step(urn, was.get(urn), will.get(urn)) for urn in dict.fromkeys([*will, *was])]
    return Change(stack, tuple(steps))


def _step(urn: str, old: Resource | None, new: Resource | None) -> Step:
    before: Value = Opaque.ABSENT if old is None else old.inputs
    after: Value = Opaque.ABSENT if new is None else new.inputs
    found = tuple(differences(before, after)) if old and new else ()
    operation = Operation.UPDATE if found else Operation.SAME
    operation = Operation.CREATE if old is None else Operation.DELETE if new is None else operation
    one = new or old
    assert one is not None
    return Step(urn, operation, found, parent=one.parent, before=before, after=after)


def changed(stack: str, old: dict[str, Any], new: dict[str, Any]) -> Picture:
    """The picture of such an update, in which what differs in a web service counts as changed.

    Others have certificates and passwords that each run makes anew, without an engine to remember them.
    """
    urns = {step.urn for step in change(stack, old, new).changing if "index:WebService" in step.urn}
    return compared(picture(stack, **old), picture(stack, **new), urns)


def node(found: Picture, id_: str) -> Node:
    [one] = [each for each in found.nodes if each.id == id_]
    return one


def texts(one: Node) -> list[str]:
    return [line.text for line in one.lines]
