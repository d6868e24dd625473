"""Redis is for the cluster alone: a password is all that stands between it and who reaches it."""

from collections.abc import Iterator, Mapping
from typing import Any

from webtier_policies.resources import Resource, at, fields, items

_PUBLIC = ("NodePort", "LoadBalancer")
_PORTS = (6379, 16379, "redis", "bus")
_LABELS = ("app", "app.kubernetes.io/name", "app.kubernetes.io/component")


def public_redis(resource: Resource) -> Iterator[str]:
    """Services for Redis that answer outside of the cluster."""
    spec = fields(resource.inputs.get("spec"))
    if resource.kind != "Service" or not _is_of_redis(spec):
        return
    if spec.get("type") in _PUBLIC:
        yield f"The Service '{resource.name}' opens Redis to the outside, as a {spec['type']}. Make it a ClusterIP."
    if items(spec.get("externalIPs")):
        yield f"The Service '{resource.name}' opens Redis to the outside, by externalIPs. Leave them out."


def _is_of_redis(spec: Mapping[str, Any]) -> bool:
    selector = fields(spec.get("selector"))
    if any(str(selector.get(label, "")).startswith(("redis", "valkey")) for label in _LABELS):
        return True
    ports = map(fields, items(spec.get("ports")))
    return any(at(port, name) in _PORTS for port in ports for name in ("port", "targetPort", "name"))
