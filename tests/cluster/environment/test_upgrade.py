"""A stack that an earlier version has deployed is updated to this one, under load.

The earlier version is taken from git and deployed as it was. Nothing that holds data is replaced or deleted, no request
fails, and no write that was acknowledged is lost.
"""

import secrets
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator, Mapping
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi import automation
from redis.exceptions import RedisError

from devcluster.plan import NODES
from operations.local import PROJECT
from tests.cluster.harness.background import Background
from tests.cluster.harness.redis_clients import ClusterClient, cluster_client
from tests.cluster.harness.request_load import KeptConnections
from tests.cluster.harness.stacks.program_stack import ProgramStack, stack_of_folder
from tests.cluster.harness.tier import Tier, eventually

EARLIER = "5417f76"
"""The last commit with an object for each rule, Jobs with fixed names, and what Pulumi waits for as it was."""

STACK = "upgrade"
NAMESPACE, INGRESS = "upgrade-test", "upgrade-ingress"
HTTP, REDIS, PODS = 32071, 32073, 32080
PLAIN_HOST = "plain.example"
HOLDING_DATA = ("PersistentVolume", "PersistentVolumeClaim", "StatefulSet", "Namespace", "Secret")

URLS = {
    ("any.example", "/user/a"): (200, "user-v1", "/a"),
    ("any.example", "/pay"): (200, "pay-v1", "/"),
    ("any.example", "/help/x"): (200, "pay-v1", "/help/x"),
    ("any.example", "/other"): (200, "user-v1", "/other"),
    (PLAIN_HOST, "/ba/x"): (200, "pay-v1", "/ba/x"),
    (PLAIN_HOST, "/shop"): (200, "pay-v1", "/shop"),
    (PLAIN_HOST, "/"): (200, "user-v1", "/"),
}
ROUTES: list[dict[str, Any]] = [
    {"path": "/user", "backend": "user-v1", "rewrite": "strip_prefix"},
    {"path": "/pay", "backend": "pay-v1", "rewrite": "strip_prefix", "timeouts": {"read_seconds": 20}},
    {"path": "/help", "backend": "pay-v1"},
    {"path": "/exact", "match": "exact", "backend": "pay-v1", "body_size": "1Mi"},
    {"path": "/r/[a-z]+", "match": "regex", "backend": "pay-v1"},
    {"host": PLAIN_HOST, "path": "/ba", "backend": "pay-v1"},
    {"host": PLAIN_HOST, "path": "/shop", "backend": "pay-v1", "body_size": "1Mi"},
]


def settings(folder: Path, program: Path) -> dict[str, Any]:
    """Those that a program has for the stack `local`, with names and ports of their own."""
    config: dict[str, Any] = yaml.safe_load((program / "Pulumi.local.yaml").read_text())["config"]
    config = {key: value for key, value in config.items() if key.startswith("webtier:")}
    password = folder / "redis-password"
    password.write_text(secrets.token_urlsafe(24))
    redis: dict[str, Any] = config["webtier:redis"]
    redis["access"] = {"node_port": REDIS, "pods": {"kind": "node_ports", "first": PODS}}
    ingress: dict[str, Any] = config["webtier:ingress"]
    ingress |= {"namespace": INGRESS, "class_name": STACK, "controller_value": f"k8s.io/{STACK}"}
    ingress |= {"http_node_port": HTTP, "https_node_port": HTTP + 1}
    for name, service in config["webtier:services"].items():
        says = (
            f"server {{ listen 8080; default_type text/plain; location / {{ return 200 '{name} $request_uri'; }} }}\n"
        )
        service |= {"replicas": 2, "files": {"/etc/nginx/conf.d/default.conf": says}}
    own = {"namespace": NAMESPACE, "routes": ROUTES, "redis_password_file": str(password)}
    return config | {f"webtier:{key}": value for key, value in own.items()}


def earlier_program(folder: Path) -> Path:
    """The program of the earlier version, as git has it."""
    packed = subprocess.run(["git", "archive", EARLIER], cwd=PROJECT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def this_program(folder: Path) -> Path:
    """A copy of this version, so that the stack's settings file does not come into the project's own folder."""
    shutil.copytree(PROJECT / "environment", folder / "environment", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(PROJECT / name, folder)
    return folder


class Writers(Background):
    """Set keys of all shards to higher and higher numbers."""

    def __init__(self, password: str) -> None:
        super().__init__([partial(self._run, number) for number in range(4)])
        self._password = password
        self.acknowledged = dict[str, int]()
        self.longest = 0.0

    def client(self) -> ClusterClient:
        return cluster_client(NODES[0].address, REDIS, "app", self._password)

    def lost(self) -> list[str]:
        with self.client() as client:
            found = {key: client.get(key) for key in self.acknowledged}
        return [
            f"{key}: {found[key]} where {number} was acknowledged"
            for key, number in self.acknowledged.items()
            if int(found[key] or 0) < number
        ]

    def _run(self, number: int) -> None:
        keys = [f"upgrade:{number}:{slot}" for slot in range(25)]
        last = time.monotonic()
        with self.client() as client:
            for value, _ in enumerate(self.turns_after(0.02), start=1):
                key = keys[value % len(keys)]
                try:
                    client.set(key, value)
                except RedisError:
                    continue
                now = time.monotonic()
                self.longest, last = max(self.longest, now - last), now
                self.acknowledged[key] = value


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("upgrade")


@pytest.fixture(scope="module")
def deployed(tier: Tier, folder: Path) -> Iterator[Mapping[str, Any]]:
    """The stack as the earlier version deploys it; its settings."""
    program = earlier_program(folder / "earlier")
    wanted = settings(folder, program)
    with stack_in(tier, folder, program, wanted).deployed(destroy=False):
        yield wanted


def stack_in(tier: Tier, folder: Path, program: Path, wanted: Mapping[str, Any]) -> ProgramStack:
    (program / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump({"config": dict(wanted)}, sort_keys=False))
    # No virtual environment of its own: the language host has all that it needs.
    project = yaml.safe_load((program / "Pulumi.yaml").read_text()) | {"runtime": "python"}
    (program / "Pulumi.yaml").write_text(yaml.safe_dump(project, sort_keys=False))
    stack = stack_of_folder(tier, STACK, folder, program)
    return ProgramStack(tier, stack, NAMESPACE, INGRESS, ingress_classes=[STACK])


@pytest.mark.nightly
def test_an_update_from_an_earlier_version_loses_nothing(tier: Tier, folder: Path, deployed: Mapping[str, Any]) -> None:
    stack = stack_in(tier, folder, this_program(folder / "this"), deployed)
    steps: list[tuple[str, str]] = []

    def note(event: automation.EngineEvent) -> None:
        step = event.resource_pre_event and event.resource_pre_event.metadata
        if step and step.op not in ("same", "read"):
            steps.append((str(step.op), step.urn))

    password = Path(deployed["webtier:redis_password_file"]).read_text()
    load = KeptConnections(f"{NODES[0].address}:{HTTP}", [*URLS], 60)
    with Writers(password) as writers, load:
        eventually(lambda: _asked_enough(load, writers), 60)
        stack.up(on_event=note)
        time.sleep(10)
    failed = [each for each in load.asked if each.outcome != URLS[each.host, each.path]]
    assert not failed, (len(failed), failed[:5])
    assert not writers.lost()
    assert writers.longest < 5
    gone = [
        (operation, urn)
        for operation, urn in steps
        if ("replace" in operation or "delete" in operation) and urn.split("::")[2].split(":")[-1] in HOLDING_DATA
    ]
    assert not gone
    left = stack.preview()
    assert set(left) <= {"same"}, left


def _asked_enough(load: KeptConnections, writers: Writers) -> None:
    assert len(load.asked) > 100
    assert len(writers.acknowledged) == 100
