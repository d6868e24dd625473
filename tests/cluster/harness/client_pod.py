"""Pods that do nothing but what a test asks of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.cluster.harness.tier import Tier

PYTHON = "webtier.local/python:debian-12"
NAME = "client"

_GET = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode(), end='')"


def restricted_pod(
    name: str,
    namespace: str,
    command: Sequence[str],
    *,
    image: str = PYTHON,
    uid: int = 65532,
    labels: Mapping[str, str] | None = None,
    node: str | None = None,
    **of_the_container: Any,
) -> dict[str, Any]:
    """A pod that the Pod Security Standard `restricted` admits, with one container that is called as it is.

    Without `node` it is scheduled. What else the container shall have goes by Kubernetes' names, such as `ports`.
    """
    security = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "runAsUser": uid,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    container = {"name": name, "image": image, "command": command, "securityContext": security, **of_the_container}
    placed = {"nodeName": node} if node else {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels or {}},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [container], **placed},
    }


def run_client(tier: Tier, namespace: str, *, image: str = PYTHON, uid: int = 65532, node: str | None = None) -> None:
    """Start the pod `client`, with `sleep` in the image, and wait until it is ready."""
    tier.apply(restricted_pod(NAME, namespace, ["sleep", "3600"], image=image, uid=uid, node=node))
    tier.kubectl("wait", "--for=condition=Ready", f"pod/{NAME}", "-n", namespace, "--timeout=110s")


def get_inside(tier: Tier, namespace: str, url: str) -> str:
    """What the pod `client` gets at this URL. AssertionError when it gets nothing, or an error."""
    return tier.kubectl("exec", "-n", namespace, NAME, "--", "python3", "-c", _GET, url)
