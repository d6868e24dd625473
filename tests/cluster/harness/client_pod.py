"""A pod that does nothing but what a test asks of it."""

import json

from tests.cluster.harness.tier import Tier

PYTHON = "webtier.local/python:debian-12"
NAME = "client"

_GET = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode(), end='')"


def run_client(tier: Tier, namespace: str, *, image: str = PYTHON, uid: int = 65532, node: str | None = None) -> None:
    """Start it, with `sleep` in the image, as one that the Pod Security Standard `restricted` admits."""
    security = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "runAsUser": uid,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    container = {"name": NAME, "image": image, "command": ["sleep", "3600"], "securityContext": security}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": NAME, "namespace": namespace},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [container], **({"nodeName": node} if node else {})},
    }
    tier.kubectl("apply", "-f", "-", input=json.dumps(pod))
    tier.kubectl("wait", "--for=condition=Ready", f"pod/{NAME}", "-n", namespace, "--timeout=110s")


def get_inside(tier: Tier, namespace: str, url: str) -> str:
    """What the pod gets at this URL. AssertionError when it gets nothing, or an error."""
    return tier.kubectl("exec", "-n", namespace, NAME, "--", "python3", "-c", _GET, url)
