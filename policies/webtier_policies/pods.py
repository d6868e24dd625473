"""The pods that a resource makes, whatever kind it is."""

from collections.abc import Iterator, Mapping
from typing import Any

from webtier_policies.resources import Resource, at, fields, items

_TEMPLATE = ("spec", "template", "spec")
_POD_SPECS = {
    "Pod": ("spec",),
    "Deployment": _TEMPLATE,
    "StatefulSet": _TEMPLATE,
    "DaemonSet": _TEMPLATE,
    "ReplicaSet": _TEMPLATE,
    "ReplicationController": _TEMPLATE,
    "Job": _TEMPLATE,
    "CronJob": ("spec", "jobTemplate", *_TEMPLATE),
}
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


def pod_spec(resource: Resource) -> Mapping[str, Any]:
    """The `spec` of its pods; empty for what makes none."""
    path = _POD_SPECS.get(resource.kind)
    return fields(at(resource.inputs, *path)) if path else {}


def containers(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every container of its pods, with its name in words."""
    spec = pod_spec(resource)
    for group in _CONTAINERS:
        for container in items(spec.get(group)):
            yield f"The container '{fields(container).get('name', '')}'", fields(container)
