"""Pods that try connections to Redis from inside the cluster."""

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.cluster.harness.client_pod import restricted_pod
from tests.cluster.harness.tier import Tier

_TRY = """
import concurrent.futures, json, socket, sys

def is_open(target):
    try:
        socket.create_connection(tuple(target), timeout=3).close()
        return True
    except OSError:
        return False

targets = json.loads(sys.argv[1])
with concurrent.futures.ThreadPoolExecutor(len(targets)) as threads:
    print(json.dumps(list(threads.map(is_open, targets))))
"""


@dataclass(frozen=True)
class ProbePod:
    """A pod with Python that does nothing by itself."""

    tier: Tier
    namespace: str
    name: str

    def reached(self, ip: str, ports: Sequence[int]) -> set[int]:
        """The ports that take a connection from this pod."""
        targets = json.dumps([(ip, port) for port in ports])
        words = ("exec", "-n", self.namespace, self.name, "--", "python3", "-c", _TRY, targets)
        answers = json.loads(self.tier.kubectl(*words))
        return {port for port, is_open in zip(ports, answers, strict=True) if is_open}


@contextmanager
def probe_pods(tier: Tier, namespace: str, labels: dict[str, dict[str, str]]) -> Generator[dict[str, ProbePod]]:
    """Ready pods by name, each with its labels, in a namespace that is there."""
    idle = ["python3", "-c", "import signal; signal.pause()"]
    try:
        tier.apply(*(restricted_pod(name, namespace, idle, labels=found) for name, found in labels.items()))
        names = [f"pod/{name}" for name in labels]
        tier.kubectl("wait", "--for=condition=Ready", *names, "-n", namespace, "--timeout=90s")
        yield {name: ProbePod(tier, namespace, name) for name in labels}
    finally:
        tier.kubectl("delete", "pods", *labels, "-n", namespace, "--ignore-not-found", "--grace-period=0", "--force")
