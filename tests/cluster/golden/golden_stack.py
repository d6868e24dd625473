"""A whole tier beside `local`, which the golden set is tried on."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from devcluster.plan import CONTEXT, NODES
from operations.local import PROJECT
from tests.cluster.harness.stacks.copied_stack import CopiedStack, Settings
from tests.cluster.harness.stacks.removal import remove_stack
from tests.cluster.harness.tier import Tier

NAME = "golden"
NAMESPACE, INGRESS_NAMESPACE, OTHER_NAMESPACE, CLASS = "golden", "golden-ingress", "golden-other", "golden"
HTTP_PORT, HTTPS_PORT, REDIS_PORT, POD_PORTS = 31272, 31273, 32299, 32300
PASSWORD = "Gold+en/pass?word=7&plain"
"""With characters that base64, URLs and quoting change."""

_LOCAL = yaml.safe_load((PROJECT / "Pulumi.local.yaml").read_text())


class GoldenStack(CopiedStack):
    """`settings` are those of the base; a change is made with `change`, and taken back with `start_from`."""

    def __init__(self, tier: Tier, folder: Path) -> None:
        super().__init__(tier, folder, NAME, _settings(), PASSWORD)

    def start_anew(self) -> None:
        """Without a state, and with nothing in the cluster."""
        self.remove()
        self.pulumi.run("stack", "rm", "--stack", NAME, "--force", "--yes", "--preserve-config")
        self.pulumi.run("stack", "init", NAME)

    def remove(self) -> None:
        """All of it, by other means than the engine's."""
        remove_stack(self.tier, NAMESPACE, INGRESS_NAMESPACE, OTHER_NAMESPACE, ingress_classes=[CLASS, "golden-second"])


def _settings() -> Settings:
    services = deepcopy(_LOCAL["config"]["webtier:services"])
    for service in services.values():
        service["replicas"] = 2
        service["rollout"] = {"drain_seconds": 2, "grace_seconds": 10}
    storage: Mapping[str, Any] = {
        "kind": "local",
        "root": "/var/lib/webtier-volumes",
        "nodes": [node.name for node in NODES],
        "size": "1Gi",
    }
    return {
        "context": CONTEXT,
        "kubeconfig": "$WEBTIER_KUBECONFIG",
        "namespace": NAMESPACE,
        "node_address": NODES[0].address,
        "redis_password_file": "$WEBTIER_REDIS_PASSWORD_FILE",
        "redis": {
            "image": "webtier.local/redis:debian-12",
            "agent": {"image": "webtier.local/python:debian-12", "resources": {"requests": {"cpu": "5m"}}},
            "metrics": {"enabled": False},
            "storage": dict(storage),
            "resources": {"requests": {"cpu": "10m", "memory": "48Mi"}, "limits": {"memory": "160Mi"}},
            "access": {"node_port": REDIS_PORT, "pods": {"kind": "node_ports", "first": POD_PORTS}},
        },
        "services": services,
        "ingress": {
            "image": "webtier.local/ingress-nginx-controller:debian-12",
            "replicas": 1,
            "namespace": INGRESS_NAMESPACE,
            "class_name": CLASS,
            "controller_value": f"webtier.example/{CLASS}",
            "http_node_port": HTTP_PORT,
            "https_node_port": HTTPS_PORT,
            "grace_seconds": 20,
            "drain_seconds": 3,
            "resources": {"requests": {"cpu": "10m", "memory": "96Mi"}, "limits": {"memory": "384Mi"}},
        },
        "routes": [
            {"path": "/user", "backend": "user-v1", "rewrite": "strip_prefix"},
            {"path": "/pay", "backend": "pay-v1", "rewrite": "strip_prefix"},
        ],
        "default_backend": "user-v1",
    }
