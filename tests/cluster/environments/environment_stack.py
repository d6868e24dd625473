"""The stacks `dev`, `staging` and `prod` on the embedded cluster: their own files, with its images and less memory."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import yaml

from devcluster.plan import CONTEXT, NODES
from operations.local import PROJECT
from tests.cluster.harness.background import Background
from tests.cluster.harness.stacks.copied_stack import CopiedStack, Settings
from tests.cluster.harness.stacks.removal import remove_stack
from tests.cluster.harness.tier import SLOTS, Tier, eventually, is_ready

PASSWORD = "Of+this/environment=1,alone"
_KEY = "webtier:redis_password"


class EnvironmentStack(CopiedStack):
    """One of them, in namespaces of its own, with an encrypted password."""

    def __init__(self, tier: Tier, folder: Path, name: str) -> None:
        self.namespace, self.ingress_namespace = f"{name}-tier", f"{name}-ingress"
        # There is none but the settings' own.
        super().__init__(tier, folder, name, _settings(name, self.namespace, self.ingress_namespace), "")
        self.pulumi.run("config", "set", "--secret", "--stack", name, _KEY, input=PASSWORD)
        self.settings["redis_password"] = yaml.safe_load(self.file.read_text())["config"][_KEY]

    def redis(self, command: str, shard: int = 0) -> str:
        """What a node answers its own redis-cli."""
        script = f"IFS= read -r REDISCLI_AUTH; export REDISCLI_AUTH; exec redis-cli --user app {command}"
        words = ("exec", "-i", "-n", self.namespace, f"redis-shard-{shard}-0", "-c", "redis", "--", "sh", "-c", script)
        return self.tier.kubectl(*words, input=f"{PASSWORD}\n")

    def check(self) -> None:
        """Every page is there, on a node that has a controller, and Redis is whole."""
        tier, namespace = self.tier, self.ingress_namespace
        controllers = [pod for pod in tier.items("pods", "-n", namespace) if is_ready(pod)]
        ports = [port for each in tier.items("services", "-n", namespace) for port in each["spec"]["ports"]]
        [port] = [each["nodePort"] for each in ports if each["name"] == "http" and "nodePort" in each]
        for path, page in {"/user": "user-v1", "/pay/now": "pay-v1", "/other": "user-v1"}.items():
            answer = httpx.get(f"http://{controllers[0]['status']['hostIP']}:{port}{path}", timeout=10)
            assert (answer.status_code, answer.text.strip()) == (200, page), path
        replicas = self.settings["redis"].get("replicas_per_shard", 1)
        info = dict(line.split(":", 1) for line in self.redis("cluster info").splitlines() if ":" in line)
        found = {key: int(info[f"cluster_{key}"]) for key in ("size", "slots_ok", "known_nodes")}
        assert found == {"size": 3, "slots_ok": SLOTS, "known_nodes": 3 * (1 + replicas)}
        assert info["cluster_state"].strip() == "ok"

    def remove(self) -> None:
        """All of it, by other means than the engine's."""
        remove_stack(self.tier, self.namespace, self.ingress_namespace, ingress_classes=[self.namespace])


class LoadBalancer(Background):
    """What a cloud does for the Services of a namespace that ask for a load balancer: they get a node's address."""

    def __init__(self, tier: Tier, namespace: str) -> None:
        super().__init__([self._run])
        self._tier, self._namespace = tier, namespace

    def _run(self) -> None:
        for _ in self.turns_after(1):
            for each in self._tier.items("services", "-n", self._namespace):
                if each["spec"]["type"] == "LoadBalancer" and not each["status"]["loadBalancer"]:
                    address = f'{{"status": {{"loadBalancer": {{"ingress": [{{"ip": "{NODES[0].address}"}}]}}}}}}'
                    words = ("patch", "service", each["metadata"]["name"], "-n", self._namespace)
                    self._tier.kubectl(*words, "--subresource=status", "--type=merge", "--patch", address)


def wait_until_whole(stack: EnvironmentStack) -> None:
    """Until what `check` says holds again."""
    eventually(stack.check, 120)


def _settings(name: str, namespace: str, ingress_namespace: str) -> Settings:
    """The stack's own, and what differs from cluster to cluster: addresses, images, storage and memory."""
    config = yaml.safe_load((PROJECT / f"Pulumi.{name}.yaml").read_text())["config"]
    settings: Settings = deepcopy({key.removeprefix("webtier:"): value for key, value in config.items()})
    settings |= {
        "context": CONTEXT,
        "kubeconfig": "$WEBTIER_KUBECONFIG",
        "namespace": namespace,
        "node_address": NODES[0].address,
    }
    small: dict[str, Any] = {"requests": {"cpu": "5m", "memory": "32Mi"}, "limits": {"memory": "160Mi"}}
    settings["redis"] |= {
        "image": "webtier.local/redis:debian-12",
        "agent": {"image": "webtier.local/python:debian-12", "resources": {"requests": {"cpu": "5m"}}},
        "metrics": {"image": "webtier.local/redis-exporter:debian-12"},
        "resources": small,
        "storage": {
            "kind": "local",
            "root": "/var/lib/webtier-volumes",
            "nodes": [node.name for node in NODES],
            "size": settings["redis"]["storage"]["size"],
        },
        "access": {"node_port": None},
    }
    for service in settings["services"].values():
        service |= {"image": "webtier.local/nginx:debian-12", "resources": small}
    settings["ingress"] |= {
        "image": "webtier.local/ingress-nginx-controller:debian-12",
        "namespace": ingress_namespace,
        "class_name": namespace,
        "controller_value": f"webtier.example/{namespace}",
        "resources": {"requests": {"cpu": "10m", "memory": "96Mi"}, "limits": {"memory": "384Mi"}},
    }
    if settings["ingress"].get("service_type") != "LoadBalancer":
        settings["ingress"] |= {"http_node_port": 31282, "https_node_port": 31283}
    return settings
