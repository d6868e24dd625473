"""The running tier, as its users reach it: kubectl, pulumi, HTTP and Redis."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
from redis.crc import key_slot

from command_line.progress import Progress
from command_line.pulumi_runner import Pulumi
from devcluster.cluster.cluster import Cluster
from devcluster.paths import ClusterPaths
from operations.local import PROJECT, STACK, LocalStack
from tests.cluster.harness.redis_clients import ClusterClient, cluster_client

SLOTS = 16384


@dataclass(frozen=True)
class Tier:
    """The stack `local` on the embedded cluster."""

    paths: ClusterPaths

    @cached_property
    def environment(self) -> Mapping[str, str]:
        return {**os.environ, **LocalStack(self.paths).environment()}

    @cached_property
    def cluster(self) -> Cluster:
        return Cluster(self.paths, Progress())

    def run(self, *words: str, timeout: float = 120, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, env=self.environment, cwd=PROJECT, capture_output=True, text=True, timeout=timeout, **options
        )

    def kubectl(self, *words: str, input: str | None = None, timeout: float = 120) -> str:
        done = self.run("kubectl", *words, input=input, timeout=timeout)
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def one(self, *words: str) -> dict[str, Any]:
        """The object that these words of `kubectl get` name."""
        return json.loads(self.kubectl("get", *words, "-o", "json"))

    def items(self, *words: str) -> list[dict[str, Any]]:
        """The objects that these words of `kubectl get` list."""
        return self.one(*words)["items"]

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Create these objects, or change them so."""
        self.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def pods(self, selector: str | None = None) -> list[dict[str, Any]]:
        """Those that run or will: one that was evicted stays listed after its successor is there."""
        running = ("--field-selector", "status.phase!=Failed,status.phase!=Succeeded")
        return self.items("pods", "-n", self.namespace, *running, *(("-l", selector) if selector else ()))

    def pulumi(self, *words: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        return Pulumi(PROJECT, self.environment).attempt(*words, "--stack", STACK, timeout=timeout)

    @property
    def outputs(self) -> dict[str, Any]:
        done = self.pulumi("stack", "output", "--json", "--show-secrets")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @cached_property
    def namespace(self) -> str:
        return self.outputs["namespace"]

    @cached_property
    def url(self) -> str:
        return self.outputs["ingress_url"]

    def get(self, path: str, **options: Any) -> httpx.Response:
        return httpx.get(self.url + path, timeout=10, **options)

    def redis(self) -> ClusterClient:
        """A cluster client on this machine: it follows redirects to the addresses that the nodes announce."""
        host, port = self.outputs["redis_external"].rsplit(":", 1)
        return cluster_client(host, int(port), self.outputs["redis_username"], self.outputs["redis_password"])


def one_key_for_each_slot() -> Sequence[str]:
    """16,384 keys, the first found for every slot."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < SLOTS:
        key = f"key:{number}"
        found.setdefault(key_slot(key.encode()), key)
        number += 1
    return [found[slot] for slot in range(SLOTS)]


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether Services send requests to this pod, as soon as the nodes have heard of it."""
    conditions = pod["status"].get("conditions", [])
    return "deletionTimestamp" not in pod["metadata"] and any(
        each["type"] == "Ready" and each["status"] == "True" for each in conditions
    )


def eventually(check: Callable[[], object], seconds: float, pause: float = 0.5) -> float:
    """Repeat `check` until it raises nothing; after `seconds` its complaint is the test's. Returns the time it took."""
    start = time.monotonic()
    while True:
        try:
            check()
        except Exception:
            if time.monotonic() - start > seconds:
                raise
            time.sleep(pause)
        else:
            return time.monotonic() - start
