"""The project's own program as a stack beside `local`: small, in namespaces of its own, with its state in a folder."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from command_line import pulumi_installation
from command_line.pulumi_runner import Pulumi
from devcluster.plan import CONTEXT, NODES
from operations.local import PROJECT
from tests.cluster.harness.stacks.removal import remove_stack
from tests.cluster.harness.tier import Tier

NAME = "guarded"
CLASS = "guarded"

_SALT = yaml.safe_load((PROJECT / "Pulumi.local.yaml").read_text())["encryptionsalt"]


class ProjectStack:
    """`settings` are written before each command. `pulumi` runs the CLI as a user does."""

    def __init__(self, tier: Tier, folder: Path, namespace: str, node_ports: int) -> None:
        self.tier = tier
        self.namespace = namespace
        self.ingress_namespace = f"{namespace}-ingress"
        self.settings = _settings(namespace, self.ingress_namespace, node_ports)
        self.folder = folder
        (folder / "state").mkdir(parents=True)
        shutil.copy(PROJECT / "Pulumi.yaml", folder)
        for name in ("__main__.py", "environment", ".venv"):
            (folder / name).symlink_to(PROJECT / name)
        found = pulumi_installation.find(tier.paths)
        assert found, "there is no engine: `make up` builds it"
        self.environment = {
            **tier.environment,
            **pulumi_installation.variables(found, tier.paths),
            "PULUMI_BACKEND_URL": f"file://{folder}/state",
        }
        self.pulumi("stack", "init", NAME)

    def pulumi(self, *words: str) -> subprocess.CompletedProcess[str]:
        written = {f"webtier:{key}": value for key, value in self.settings.items()}
        file = self.folder / f"Pulumi.{NAME}.yaml"
        file.write_text(yaml.safe_dump({"encryptionsalt": _SALT, "config": written}))
        stack = () if words[:2] == ("stack", "init") else ("--stack", NAME)
        return Pulumi(self.folder, self.environment).attempt(*words, *stack, timeout=600)

    def run(self, *words: str) -> str:
        """One that has to succeed; what it says."""
        done = self.pulumi(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refusal(self, *words: str) -> str:
        """One that has to fail without a stack trace; what it says."""
        done = self.pulumi(*words)
        shown = done.stdout + done.stderr
        assert done.returncode != 0, shown
        assert "Traceback" not in shown, shown
        return shown

    def state(self) -> dict[str, Any]:
        return json.loads(self.run("stack", "export"))

    def rewrite(self, state: Mapping[str, Any]) -> None:
        file = self.folder / "state.json"
        file.write_text(json.dumps(state))
        self.run("stack", "import", "--file", str(file))

    def remove(self) -> None:
        """All of it, by other means than the engine's."""
        remove_stack(self.tier, self.namespace, self.ingress_namespace, ingress_classes=[CLASS])


def _settings(namespace: str, ingress_namespace: str, node_ports: int) -> dict[str, Any]:
    small = {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}}
    return {
        "context": CONTEXT,
        "kubeconfig": "$WEBTIER_KUBECONFIG",
        "namespace": namespace,
        "node_address": NODES[0].address,
        "redis_password_file": "$WEBTIER_REDIS_PASSWORD_FILE",
        "redis": {
            "image": "webtier.local/redis:debian-12",
            "shards": 1,
            "replicas_per_shard": 0,
            "agent": {"image": "webtier.local/python:debian-12"},
            "metrics": {"image": "webtier.local/redis-exporter:debian-12"},
            "storage": {
                "kind": "local",
                "root": "/var/lib/webtier-volumes",
                "nodes": [node.name for node in NODES],
                "size": "1Gi",
            },
            "resources": small,
            "access": {"node_port": None},
        },
        "services": {"web": {"image": "webtier.local/nginx:debian-12", "replicas": 1}},
        "ingress": {
            "image": "webtier.local/ingress-nginx-controller:debian-12",
            "replicas": 1,
            "namespace": ingress_namespace,
            "class_name": CLASS,
            "controller_value": f"webtier.example/{CLASS}",
            "http_node_port": node_ports,
            "https_node_port": node_ports + 1,
            "grace_seconds": 20,
            "drain_seconds": 1,
            "resources": {"requests": {"cpu": "10m", "memory": "96Mi"}, "limits": {"memory": "384Mi"}},
        },
        "routes": [{"path": "/web", "backend": "web"}],
        "default_backend": "web",
    }
