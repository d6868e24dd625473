"""Resources as the rules of the policy pack see them."""

from collections.abc import Mapping
from typing import Any

from webtier_policies.resources import Resource

_API = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1"}
GOOD_CONTAINER: Mapping[str, Any] = {
    "name": "web",
    "image": "docker.io/library/nginx:1.29.1",
    "resources": {"limits": {"memory": "64Mi"}, "requests": {"cpu": "10m"}},
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    },
}
"""One that breaks no rule but that of digests."""


def of_kind(kind: str, name: str = "a", *, protected: bool = False, namespace: str = "web", **inputs: Any) -> Resource:
    """An object with these inputs beside its name."""
    metadata = {"name": name} if kind == "Namespace" else {"name": name, "namespace": namespace}
    return Resource(
        f"kubernetes:{_API.get(kind, 'core/v1')}:{kind}",
        f"urn:{kind}:{name}",
        {"metadata": metadata, **inputs},
        protected,
    )


def workload(
    *containers: Mapping[str, Any],
    kind: str = "Deployment",
    pod: Mapping[str, Any] | None = None,
    labels: Mapping[str, str] | None = None,
    **spec: Any,
) -> Resource:
    """A workload whose pods have these containers, and beside them the fields of `pod`."""
    template = {"metadata": {"labels": labels or {}}, "spec": {"containers": list(containers), **(pod or {})}}
    given = {**spec, "template": template}
    return of_kind(kind, spec={"jobTemplate": {"spec": given}} if kind == "CronJob" else given)


def container(**fields: Any) -> dict[str, Any]:
    """A good container with other fields."""
    return {**GOOD_CONTAINER, **fields}
