"""A Redis Cluster of its own on the embedded Kubernetes, of any shape, beside the stack `local`.

A small inline Pulumi program puts it into a namespace of its own. Its state is below `build/`, so that the
next run finds what an earlier one has left there, in whatever condition.
"""

import base64
import copy
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi import automation

from command_line.files import write_whole
from devcluster.cluster.node import Node
from environment.cluster import make_namespace
from environment.settings.plain_data import as_object
from operations.local import PROJECT
from tests.cluster.harness.stacks.program_stack import inline_stack, provider
from tests.cluster.harness.stacks.removal import remove_stack
from tests.cluster.harness.tier import Tier
from tests.faults.clients.access import Access, Credentials
from webtier.redis_cluster.component import RedisCluster, RedisClusterArgs
from webtier.redis_cluster.credentials.acl import AGENT_USER, APPLICATION_USER
from webtier.redis_cluster.settings import RedisClusterSettings

FOLDER = PROJECT / "build" / "deployments"
NAME = "redis"
"""The component's name, and the first word of its objects' names."""

CA = "ca_certificate"
PROJECT_NAME = "redis-deployment"
LABEL = "webtier.local/deployment"

BASE: Mapping[str, Any] = {
    "shards": 3,
    "replicas_per_shard": 1,
    "anti_affinity": "required",
    "conf": {"node_timeout_ms": 5000, "save": []},
    "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
    "agent": {"resources": {"requests": {"cpu": "5m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}}},
    # Pods announce their own addresses, which change, as most deployments' do; this machine reaches those too. The
    # Service, on any free port, is what the NetworkPolicy lets this machine in for.
    "access": {"node_port": None, "exposure": {"kind": "node_port"}, "pods": None},
    "ready_timeout_seconds": 180,
}
"""What differs from the stack `local`, whose images and nodes are used."""

NODE_PORTS: Mapping[str, Any] = {"access": {"exposure": None, "pods": {"kind": "node_ports", "first": 31300}}}
"""Changes to BASE: pods announce their node's address, with ports that are not those of the stack `local`."""


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `changes`, key by key also inside groups, unless those are of another kind."""
    if base.get("kind") != changes.get("kind", base.get("kind")):
        return dict(changes)
    result = copy.deepcopy(dict(base))
    for key, value in changes.items():
        below, change = as_object(result.get(key)), as_object(value)
        result[key] = merged(below, change) if below is not None and change is not None else value
    return result


def local_redis() -> dict[str, Any]:
    """The settings of Redis in the stack `local`."""
    return yaml.safe_load((PROJECT / "Pulumi.local.yaml").read_text())["config"]["webtier:redis"]


@dataclass
class RedisDeployment:
    """The Redis Cluster in the namespace `namespace`. `always` are changes to BASE for all that is done with it."""

    tier: Tier
    namespace: str
    always: Mapping[str, Any] = field(default_factory=dict[str, Any])

    # What it is made from

    def settings(self, changes: Mapping[str, Any] | None = None) -> RedisClusterSettings:
        """BASE with `changes`. pydantic's ValidationError for what is not possible."""
        usual = merged(merged(local_redis(), BASE), self.always)
        return RedisClusterSettings.model_validate(merged(usual, changes or {}))

    @property
    def folder(self) -> Path:
        return FOLDER / self.namespace

    @property
    def password(self) -> str:
        """The application's password; made the first time it is asked for."""
        if not self._password_file.exists():
            write_whole(self._password_file, secrets.token_urlsafe(24), 0o600)
        return self._password_file.read_text()

    @property
    def previous_password(self) -> str | None:
        """The one that is accepted besides, while it is being rotated."""
        return self._previous_file.read_text() if self._previous_file.exists() else None

    def new_password(self) -> None:
        """The next `up` brings another one, and goes on accepting the one until now."""
        write_whole(self._previous_file, self.password, 0o600)
        write_whole(self._password_file, secrets.token_urlsafe(24), 0o600)

    def forget_previous_password(self) -> None:
        """The next `up` no longer accepts it."""
        self._previous_file.unlink(missing_ok=True)

    @property
    def _ca_file(self) -> Path:
        return self.folder / "ca.crt"

    @property
    def _password_file(self) -> Path:
        return self.folder / "password"

    @property
    def _previous_file(self) -> Path:
        return self.folder / "previous-password"

    @property
    def access_file(self) -> Path:
        """What its clients need; `write_access` brings it up to date."""
        return self.folder / "access.json"

    def write_access(self) -> None:
        """After an `up`; clients that run read it again."""
        secret = self.tier.one("secret", f"{NAME}-auth", "-n", self.namespace)["data"]
        Access(
            str(self.tier.paths.kubeconfig),
            self.namespace,
            application=Credentials(APPLICATION_USER, self.password),
            operator=Credentials(AGENT_USER, base64.b64decode(secret[AGENT_USER]).decode()),
            ca=str(self._ca_file) if self._ca_file.exists() else None,
            announced=self.settings().access.pods is not None,
        ).write(self.access_file)

    @property
    def selector(self) -> str:
        """Picks this deployment's objects in all of the cluster."""
        return f"{LABEL}={self.namespace}"

    def _program(self, settings: RedisClusterSettings) -> Callable[[], None]:
        def program() -> None:
            into = provider(self.tier)
            namespace = make_namespace(self.namespace, holds_data=False, provider=into)
            cluster = RedisCluster(
                NAME,
                RedisClusterArgs(
                    settings=settings,
                    namespace=namespace.metadata.name,
                    password=self.password,
                    previous_password=self.previous_password,
                    labels={LABEL: self.namespace},
                ),
                pulumi.ResourceOptions(providers=[into]),
            )
            pulumi.export(CA, cluster.ca_certificate)

        return program

    # Pulumi

    def up(self, changes: Mapping[str, Any] | None = None, **options: Any) -> automation.UpResult:
        """`pulumi up` to BASE with `changes`; `options` are those of `Stack.up`.

        Raises automation.CommandError, with what the engine said, when it fails.
        """
        result = self._stack(self.settings(changes)).up(on_output=self._log, suppress_progress=True, **options)
        self._ca_file.unlink(missing_ok=True)
        if CA in result.outputs and result.outputs[CA].value:
            write_whole(self._ca_file, result.outputs[CA].value)
        return result

    def preview(self, changes: Mapping[str, Any] | None = None, **options: Any) -> automation.PreviewResult:
        return self._stack(self.settings(changes)).preview(on_output=self._log, suppress_progress=True, **options)

    def destroy_by_pulumi(self, **options: Any) -> automation.DestroyResult:
        """`pulumi destroy`; `options` are those of `Stack.destroy`. automation.CommandError when it fails."""
        return self._stack(self.settings()).destroy(on_output=self._log, suppress_progress=True, **options)

    def refresh(self) -> None:
        """Unlock the state that an update which was cut off has left, and read it anew."""
        stack = self._stack(self.settings())
        stack.cancel()
        stack.refresh(on_output=self._log, suppress_progress=True)

    def urns(self) -> list[str]:
        """Of all that the state holds."""
        deployment = self._stack(self.settings()).export_stack().deployment or {}
        return [each["urn"] for each in deployment["resources"]]

    def destroy(self) -> None:
        """Leave nothing: no object, no volume, no data, no state; also when the state is lost or locked."""
        remove_stack(self.tier, self.namespace, graceful=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def exists(self) -> bool:
        """Whether there is one that can be brought up to date: without its state it can only be made anew."""
        return (self.folder / "state").exists() and bool(
            self.tier.kubectl("get", "namespace", self.namespace, "--ignore-not-found", "-o", "name").strip()
        )

    def fresh(self, changes: Mapping[str, Any] | None = None) -> None:
        """A new one without data."""
        self.destroy()
        self.up(changes)

    def _stack(self, settings: RedisClusterSettings) -> automation.Stack:
        return inline_stack(self.tier, self.namespace, self.folder, PROJECT_NAME, self._program(settings))

    def _log(self, line: str) -> None:
        with (self.folder / "pulumi.log").open("a") as log:
            log.write(line + "\n")

    # Kubernetes

    def kubectl(self, *words: str, timeout: float = 120) -> str:
        """kubectl in the deployment's namespace."""
        return self.tier.kubectl("-n", self.namespace, *words, timeout=timeout)

    def volume(self, pod: str) -> "Volume":
        """Where a pod's data is."""
        for item in self.tier.items("persistentvolumes"):
            claim: dict[str, str] = item["spec"].get("claimRef") or {}
            if (claim.get("namespace"), claim.get("name")) == (self.namespace, f"data-{pod}"):
                terms = item["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
                (name,) = terms[0]["matchExpressions"][0]["values"]
                (machine,) = (node for node in self.tier.cluster.nodes if node.name == name)
                return Volume(machine, item["spec"]["local"]["path"])
        raise AssertionError(f"{pod} has no volume")


@dataclass(frozen=True)
class Volume:
    """A folder on a node; `inside` is its path there."""

    machine: Node
    inside: str

    @property
    def folder(self) -> Path:
        """As this machine sees it. What is mounted over it inside the node is not seen."""
        return self.machine.var / self.inside.removeprefix("/var/")


def environment_name() -> str:
    """The namespace of the fault suite: another one where two clones share a cluster."""
    return os.environ.get("FAULTS_NAMESPACE", "faults")
