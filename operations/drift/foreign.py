"""Objects in the stack's own namespaces that it has not made, and no controller either."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from operations.drift.ownership import Manager, read_ownership
from operations.drift.recorded import Place, RecordedStack

_OF_EACH_NAMESPACE = frozenset({("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")})
_OF_CONTROLLERS = frozenset({"Endpoints", "EndpointSlice", "Lease", "Event", "ControllerRevision", "PodMetrics"})


@dataclass(frozen=True)
class Foreign:
    """An object that is not in the state. `managers` have written it, the latest first."""

    place: Place
    managers: tuple[Manager, ...]
    made: str
    """When (RFC 3339)."""


def foreign_objects(
    stack: RecordedStack, live: Mapping[Place, Mapping[str, Any]], ignored: tuple[str, ...] = ()
) -> Iterator[Foreign]:
    """By kind and name. Not those that have an owner, as the pods of a Deployment have.

    Nothing of a namespace that the stack was only put into: there others are at home.
    """
    known = {each.place for each in stack.objects}
    for place, each in sorted(live.items(), key=lambda item: (item[0].kind, str(item[0]))):
        metadata = each["metadata"]
        if place in known or place.namespace not in stack.own_namespaces or metadata.get("ownerReferences"):
            continue
        if (place.kind, place.name) in _OF_EACH_NAMESPACE or place.kind in _OF_CONTROLLERS:
            continue
        managers = sorted(read_ownership(each).fields, reverse=True)
        if managers and all(who.is_controller or who.name.startswith(ignored) for who in managers):
            # A claim of a StatefulSet's, for instance.
            continue
        yield Foreign(place, tuple(_people(managers)), metadata.get("creationTimestamp", ""))


def _people(managers: Iterable[Manager]) -> Iterator[Manager]:
    return (each for each in managers if not each.is_controller)
