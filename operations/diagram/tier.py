"""From the resources of a stack to its picture: clients, controller, rules, services, each Redis with its shards."""

from collections.abc import Iterable, Iterator, Sequence

from operations.diagram.components import (
    COLUMN_OF_CLIENTS,
    COLUMN_OF_CONTROLLER,
    COLUMN_OF_SERVICES,
    Component,
    Part,
    components,
    frame_of,
    image,
    outside,
    pods,
    ports,
)
from operations.diagram.picture import Edge, Line, Node, Picture
from operations.diagram.redis import cluster_parts, single_parts
from operations.diagram.resources import Resource
from operations.diagram.rules import EVERY_HOST, hosts, rules_parts

_CLIENTS, _CONTROLLER = "clients", "controller"
_RULES = ("PathRules", "HttpRoutes")


def tier(resources: Iterable[Resource], title: str) -> Picture:
    """The picture of a stack with these resources. The same resources in any order give the same picture."""
    parts = list(_parts(components(resources)))
    nodes = [part for part in parts if isinstance(part, Node)]
    edges = [part for part in parts if isinstance(part, Edge)]
    return Picture(title, tuple(nodes), tuple(edges))


def _parts(found: Sequence[Component]) -> Iterator[Part]:
    rules = [each for each in found if each.kind in _RULES]
    controller = next((each for each in found if each.kind == "IngressNginx"), None)
    if rules or controller:
        yield from _entry(controller, rules)
    services = {each.name: f"service {each.name}" for each in found if each.kind in ("WebService", "ServiceExposure")}
    for component in rules:
        yield from rules_parts(component, _CONTROLLER, services)
    for component in found:
        match component.kind:
            case "WebService":
                yield _web_service(component)
            case "ServiceExposure":
                yield _external(component)
            case "RedisCluster":
                yield from cluster_parts(component)
            case "RedisStandalone":
                yield from single_parts(component)
            case _:
                pass


def _entry(controller: Component | None, rules: list[Component]) -> Iterator[Part]:
    service = None if controller is None else controller.one("Service", "ingress-nginx-controller")
    lines = [*outside(service), *(Line(f"host {host}", host or EVERY_HOST) for host in hosts(rules))]
    yield Node(_CLIENTS, "HTTP clients", COLUMN_OF_CLIENTS, tuple(lines))
    yield Edge(_CLIENTS, _CONTROLLER)
    if controller is not None:
        deployment = controller.one("Deployment")
        lines = (pods(deployment), *image(deployment))
        frame = frame_of(deployment, service)
        yield Node(_CONTROLLER, controller.name, COLUMN_OF_CONTROLLER, lines, frame, controller.urns)
        return
    members = [member for component in rules for member in component.members]
    gateways = {each.text("spec", "parentRefs", 0, "name") for each in members if each.kind == "HTTPRoute"}
    classes = {each.text("spec", "ingressClassName") for each in members if each.kind == "Ingress"}
    titles = [f"Gateway {name}" for name in sorted(gateways)] + [f"class {name}" for name in sorted(classes)]
    elsewhere = (Line("whose", "not of this stack"),)
    yield Node(_CONTROLLER, ", ".join(titles) or "controller", COLUMN_OF_CONTROLLER, elsewhere)


def _web_service(component: Component) -> Node:
    deployment, autoscaler = component.one("Deployment"), component.one("HorizontalPodAutoscaler")
    service = component.one("Service", component.name)
    lines = [pods(deployment, autoscaler), *image(deployment), *ports(service)]
    lines += [line for each in component.all("Service") for line in outside(each)]
    frame = frame_of(deployment, service)
    id_ = f"service {component.name}"
    return Node(id_, component.name, COLUMN_OF_SERVICES, tuple(lines), frame, component.urns)


def _external(component: Component) -> Node:
    service = component.one("Service", component.name)
    alias = "" if service is None else service.text("spec", "externalName")
    slices = component.all("EndpointSlice")
    count = sum(len(list(each.items("endpoints"))) for each in slices)
    leads = f"alias of {alias}" if alias else f"leads to {count} {'address' if count == 1 else 'addresses'}"
    lines = (Line("leads", leads), *ports(service))
    id_ = f"service {component.name}"
    return Node(id_, component.name, COLUMN_OF_SERVICES, lines, frame_of(service), component.urns)
