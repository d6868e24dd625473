"""How the suite's clients reach Redis from this machine: the one place that knows addresses, users and TLS."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from redis.backoff import NoBackoff
from redis.connection import Connection, SSLConnection
from redis.retry import Retry

from tests.faults.harness.kubernetes import Pods
from webtier.redis_cluster.agent.redis.view import Address

PORT = 6379
SEEDS_SECONDS = 0.5
"""Pods are looked up at most once in so long."""

Endpoint = tuple[str, int]
"""Host and port."""


@dataclass(frozen=True)
class Credentials:
    username: str
    password: str


@dataclass(frozen=True)
class Access:
    """Everything that a process needs to talk to one deployment; `ca` is a path, None without TLS.

    `announced` says that nodes announce addresses which clients outside can use.
    """

    kubeconfig: str
    namespace: str
    application: Credentials
    operator: Credentials
    ca: str | None = None
    announced: bool = True

    def write(self, file: Path) -> None:
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self)))
        partial.rename(file)

    @classmethod
    def read(cls, file: Path) -> "Access":
        given = json.loads(file.read_text())
        return cls(
            kubeconfig=given["kubeconfig"],
            namespace=given["namespace"],
            application=Credentials(**given["application"]),
            operator=Credentials(**given["operator"]),
            ca=given["ca"],
            announced=given["announced"],
        )

    def connect(self, endpoint: Endpoint, timeout: float, who: Credentials | None = None) -> Any:
        """A single connection, of the application or of `who`, that tries nothing twice; its first command opens it."""
        who = who or self.application
        kind: Any = SSLConnection if self.ca else Connection
        return kind(
            host=endpoint[0],
            port=endpoint[1],
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            driver_info=None,
            decode_responses=True,
            username=who.username,
            password=who.password,
            **self.tls(),
        )

    def tls(self) -> dict[str, Any]:
        """redis-py's options for it; none without TLS."""
        if not self.ca:
            return {}
        # Nodes announce addresses, their certificates are for names.
        return {"ssl_ca_certs": self.ca, "ssl_check_hostname": False}


def endpoint_of(address: Address) -> Endpoint:
    """Where a node of CLUSTER NODES is reached from here: at the address that it announces."""
    return address.ip, address.port


class Seeds:
    """Where to begin when no known node answers: the pods as Kubernetes has them now."""

    def __init__(self, access: Access) -> None:
        self._pods = Pods(Path(access.kubeconfig), access.namespace)
        self._by_name: dict[str, str] = {}
        self._asked = float("-inf")

    def endpoints(self) -> list[Endpoint]:
        self._look()
        return [(ip, PORT) for ip in self._by_name.values()]

    def address(self, endpoint: Endpoint) -> Endpoint:
        """For redis-py: a deployment without access from outside announces names that only pods can resolve."""
        self._look()
        return self._by_name.get(endpoint[0].split(".", 1)[0], endpoint[0]), endpoint[1]

    def _look(self) -> None:
        if time.monotonic() - self._asked < SEEDS_SECONDS:
            return
        self._asked = time.monotonic()
        try:
            pods = self._pods.list()
        except httpx.HTTPError:
            return
        self._by_name = {pod.name: pod.ip for pod in pods if pod.ip and not pod.leaving} or self._by_name
