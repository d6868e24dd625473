"""Pods as the API server lists them, asked over one kept connection: cheap enough to ask several times a second."""

import base64
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml


@dataclass(frozen=True)
class Pod:
    """One Redis pod. `ip` is None until it has one; `leaving` from the request to delete it on."""

    name: str
    uid: str
    ip: str | None
    node: str | None
    leaving: bool
    ready: bool

    @property
    def shard(self) -> int:
        return int(self.name.rsplit("-", 2)[1])


class Pods:
    """The Redis pods of one namespace."""

    def __init__(self, kubeconfig: Path, namespace: str, timeout: float = 2.0) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        context = ssl.create_default_context(cadata=_decoded(cluster["certificate-authority-data"]).decode())
        with tempfile.NamedTemporaryFile() as file:
            file.write(_decoded(user["client-certificate-data"]) + b"\n" + _decoded(user["client-key-data"]))
            file.flush()
            context.load_cert_chain(file.name)
        self._client = httpx.Client(base_url=cluster["server"], verify=context, timeout=timeout)
        self._path = f"/api/v1/namespaces/{namespace}/pods"

    def list(self) -> list[Pod]:
        """All of them, also those that are leaving. httpx.HTTPError when the API server does not answer."""
        answer = self._client.get(self._path, params={"labelSelector": "app.kubernetes.io/name=redis"})
        answer.raise_for_status()
        return sorted((_pod(item) for item in answer.json()["items"]), key=lambda pod: pod.name)

    def close(self) -> None:
        self._client.close()


def _pod(item: dict[str, Any]) -> Pod:
    meta, status = item["metadata"], item["status"]
    conditions = {entry["type"]: entry["status"] for entry in status.get("conditions", [])}
    return Pod(
        name=meta["name"],
        uid=meta["uid"],
        ip=status.get("podIP"),
        node=item["spec"].get("nodeName"),
        leaving="deletionTimestamp" in meta,
        ready=conditions.get("Ready") == "True",
    )


def _decoded(text: str) -> bytes:
    return base64.b64decode(text)
