"""The components of a stack with their resources, and what several kinds of boxes say of them in the same words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from operations.diagram.picture import Edge, Line, Node
from operations.diagram.resources import Resource, in_words
from operations.preview.model.values import Value, value_at

COLUMN_OF_CLIENTS, COLUMN_OF_CONTROLLER, COLUMN_OF_RULES, COLUMN_OF_SERVICES = range(4)

Part = Node | Edge
"""What a component adds to the picture."""


@dataclass(frozen=True)
class Component:
    """One component right below the stack, itself and all that is part of it."""

    resource: Resource
    members: tuple[Resource, ...]

    @property
    def name(self) -> str:
        """Its name in the program."""
        return self.resource.name

    @property
    def kind(self) -> str:
        """Such as `WebService`."""
        return self.resource.kind

    @property
    def urns(self) -> frozenset[str]:
        """All of it."""
        return frozenset(each.urn for each in self.members)

    def all(self, kind: str) -> list[Resource]:
        """Its resources of a kind, by name."""
        return sorted((each for each in self.members if each.kind == kind), key=lambda each: each.name)

    def one(self, kind: str, name: str = "") -> Resource | None:
        """The resource of a kind, of several the one with this name in Kubernetes, or else the first."""
        found = self.all(kind)
        named = [each for each in found if each.text("metadata", "name") == name]
        return next(iter([*named, *found]), None)


def components(resources: Iterable[Resource]) -> list[Component]:
    """Those of a stack, in the order of their kinds and names."""
    by_urn = {each.urn: each for each in resources}
    members: dict[str, list[Resource]] = {}
    for resource in by_urn.values():
        urn = resource.urn
        while (above := by_urn.get(urn)) and above.parent in by_urn and by_urn[above.parent].kind != "Stack":
            urn = above.parent
        if by_urn[urn].type.startswith("webtier:"):
            members.setdefault(urn, []).append(resource)
    found = [Component(by_urn[urn], tuple(each)) for urn, each in members.items()]
    return sorted(found, key=lambda each: (each.kind, each.name))


def frame_of(*resources: Resource | None) -> str:
    """The namespace of the first one that has any."""
    return next((name for each in resources if each and (name := each.text("metadata", "namespace"))), "")


def pods(resource: Resource | None, autoscaler: Resource | None = None) -> Line:
    """How many pods there are: `3 pods`, or `2 to 10 pods`."""
    if autoscaler is not None:
        least, most = autoscaler.text("spec", "minReplicas"), autoscaler.text("spec", "maxReplicas")
        return Line("pods", f"{least or 1} to {most} pods")
    count = "1" if resource is None else resource.text("spec", "replicas") or "1"
    return Line("pods", counted(count, "pod"))


def counted(count: str | int, noun: str) -> str:
    """`1 pod`, `2 pods`."""
    return f"{count} {noun}" if str(count) == "1" else f"{count} {noun}s"


def image(resource: Resource | None) -> Iterator[Line]:
    """The image of the first container, without where it is pulled from."""
    text = "" if resource is None else resource.text("spec", "template", "spec", "containers", 0, "image")
    if text and not text.startswith("("):
        yield Line("image", text.rpartition("/")[2])


def ports(service: Resource | None) -> Iterator[Line]:
    """The ports of a Service inside the cluster."""
    numbers = [] if service is None else [_field(each, "port") for each in service.items("spec", "ports")]
    if numbers:
        yield Line("ports", f"{'port' if len(numbers) == 1 else 'ports'} {', '.join(numbers)}")


def outside(service: Resource | None) -> Iterator[Line]:
    """How a Service is reached from outside of the cluster; nothing if it is not."""
    kind = "" if service is None else service.text("spec", "type")
    listed = [] if service is None else list(service.items("spec", "ports"))
    if kind == "NodePort":
        for number, each in enumerate(listed):
            name = f" ({_field(each, 'name')})" if len(listed) > 1 else ""
            yield Line(f"outside {number}", f"NodePort {_field(each, 'nodePort') or 'of any number'}{name}")
    elif kind == "LoadBalancer":
        yield Line("outside", f"load balancer, {', '.join(_field(each, 'port') for each in listed)}")


def _field(value: Value, name: str) -> str:
    return in_words(value_at(value, (name,)))
