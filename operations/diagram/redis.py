"""Each Redis in the picture: a cluster with its shards, or a single one, and how clients outside reach it."""

from collections.abc import Iterator, Sequence

from operations.diagram.components import (
    COLUMN_OF_CLIENTS,
    COLUMN_OF_RULES,
    COLUMN_OF_SERVICES,
    Component,
    Part,
    counted,
    frame_of,
    image,
    outside,
    pods,
    ports,
)
from operations.diagram.picture import Edge, Line, Node
from operations.diagram.resources import Resource

_CLAIM = "PersistentVolumeClaim"
MOST_SHARDS = 12
"""That have a box of their own."""


def cluster_parts(component: Component) -> Iterator[Part]:
    """A Redis Cluster: its Service, and a box for each shard."""
    shards = sorted(component.all("StatefulSet"), key=lambda each: (len(each.name), each.name))
    service = component.one("Service", component.name)
    members = [_of_shard(component, shard) for shard in shards]
    own = component.urns - {urn for urns in members for urn in urns}
    id_ = f"redis {component.name}"
    lines = [Line("kind", "Redis Cluster"), Line("shards", counted(len(shards), "shard"))]
    lines += [*image(next(iter(shards), None)), *ports(service)]
    yield Node(id_, component.name, COLUMN_OF_RULES, tuple(lines), frame_of(service), frozenset(own))
    yield from _clients(component, id_)
    alone = len(shards) if len(shards) <= MOST_SHARDS else MOST_SHARDS - 1
    for shard, urns in zip(shards[:alone], members, strict=False):
        title, lines = _title(shard, component), tuple(_shard_lines(shard))
        yield Node(f"{id_} {shard.name}", title, COLUMN_OF_SERVICES, lines, frame_of(shard), urns)
        yield Edge(id_, f"{id_} {shard.name}")
    if rest := shards[alone:]:
        yield _others(id_, rest, frozenset[str]().union(*members[alone:]))
        yield Edge(id_, f"{id_} others")


def single_parts(component: Component) -> Iterator[Part]:
    """A single Redis."""
    server, service = component.one("StatefulSet"), component.one("Service", component.name)
    id_ = f"redis {component.name}"
    lines = [Line("kind", "single Redis"), *image(server), *ports(service)]
    size = next((each.text("spec", "resources", "requests", "storage") for each in component.all(_CLAIM)), "")
    lines.append(Line("volumes", f"1 volume of {size}" if size else "no volume"))
    frame = frame_of(service, server)
    yield Node(id_, component.name, COLUMN_OF_SERVICES, tuple(lines), frame, component.urns)
    yield from _clients(component, id_)


def _title(shard: Resource, component: Component) -> str:
    return shard.name.removeprefix(f"{component.name}-").replace("-", " ")


def _of_shard(component: Component, shard: Resource) -> frozenset[str]:
    """The shard's StatefulSet, and the Services, claims and volumes of its members."""
    is_own = (each for each in component.members if each.name == shard.name or each.name.startswith(f"{shard.name}-"))
    return frozenset(each.urn for each in is_own)


def _shard_lines(shard: Resource) -> Iterator[Line]:
    count = shard.at("spec", "replicas")
    if isinstance(count, int | float) and count >= 1:
        replicas = counted(int(count) - 1, "replica")
        yield Line("pods", f"a master and {replicas}" if count > 1 else "a master alone")
    else:
        yield pods(shard)
    yield from _volumes(shard)


def _volumes(server: Resource) -> Iterator[Line]:
    """`2 volumes of 1Gi`."""
    size = server.text("spec", "volumeClaimTemplates", 0, "spec", "resources", "requests", "storage")
    if size:
        yield Line("volumes", f"{counted(server.text('spec', 'replicas') or '1', 'volume')} of {size}")


def _others(id_: str, rest: Sequence[Resource], urns: frozenset[str]) -> Node:
    lines = tuple(dict.fromkeys(line for shard in rest for line in _shard_lines(shard)))
    title = f"{len(rest)} more shards"
    return Node(f"{id_} others", title, COLUMN_OF_SERVICES, lines, frame_of(*rest), urns)


def _clients(component: Component, id_: str) -> Iterator[Part]:
    lines = [
        line for service in component.all("Service") if service.name.endswith("-access") for line in outside(service)
    ]
    if lines:
        clients = f"clients of {component.name}"
        yield Node(clients, "Redis clients outside", COLUMN_OF_CLIENTS, tuple(lines))
        yield Edge(clients, id_)
