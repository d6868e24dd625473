"""Addresses that clients may know, and that go or change."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from operations.preview.model.change import Change, Operation
from operations.preview.model.values import Opaque, Value, value_at

_CHANGES = (Operation.UPDATE, Operation.REPLACE, Operation.DELETE)


@dataclass(frozen=True)
class AddressChange:
    """One way to reach a Service that is no longer there; `new` says what is there in its place, empty for nothing."""

    place: str
    old: str
    new: str

    def __str__(self) -> str:
        instead = f", now {self.new}" if self.new else ""
        return f"Service {self.place}: no longer at {self.old}{instead}; clients that use it lose it."


def address_changes(change: Change) -> Iterator[AddressChange]:
    """Of all Services, by name; a Service that only gets more addresses has none."""
    for step in sorted(change.steps, key=lambda step: step.urn):
        if step.kind == "Service" and step.operation in _CHANGES:
            old, new = _addresses(step.before), _addresses(step.after)
            gone = [each for each in old if each not in new]
            come = [each for each in new if each not in old]
            if gone:
                place = _place(step.before) or step.place
                yield AddressChange(place, ", ".join(gone), ", ".join(come))


def _addresses(service: Value) -> list[str]:
    """How it is reached: by its name inside the cluster, and its NodePorts and its balancer from outside."""
    if not isinstance(service, Mapping):
        return []
    kind = value_at(service, ("spec", "type"))
    found: list[str] = []
    match value_at(service, ("spec", "ports")):
        case [*ports]:
            for port in ports:
                found += _of_port(_place(service), cast("Value", port))
        case _:
            pass
    if kind == "LoadBalancer":
        found.append("its balancer's address")
    return found


def _of_port(place: str, port: Value) -> Iterator[str]:
    namespace, _, name = place.rpartition("/")
    number, node_port = value_at(port, ("port",)), value_at(port, ("nodePort",))
    yield f"{name}.{namespace}:{number}" if namespace else f"{name}:{number}"
    if isinstance(node_port, int) and node_port:
        yield f"port {node_port} of each node"


def _place(service: Value) -> str:
    namespace, name = (value_at(service, ("metadata", each)) for each in ("namespace", "name"))
    if name is Opaque.ABSENT:
        return ""
    return str(name) if namespace is Opaque.ABSENT else f"{namespace}/{name}"
