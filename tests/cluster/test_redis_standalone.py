"""A single Redis on the running cluster, deployed by a program of its own into a namespace of its own."""

import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from redis import AuthenticationError, Redis

from components.redis_standalone import RedisStandalone, RedisStandaloneArgs, RedisStandaloneSettings
from devcluster.plan import NODES
from environment.cluster import make_namespace
from tests.cluster.client_pod import NAME as NAME_OF_CLIENT
from tests.cluster.client_pod import run_client
from tests.cluster.second_stack import inline_stack, provider
from tests.cluster.tier import Tier, eventually

NAMESPACE = "standalone-test"
NAME = "test-sessions"
IMAGE = "webtier.local/redis:debian-12"
NODE_PORT = 30020
NODE = NODES[0]
ROOT = f"/var/lib/webtier-volumes/{NAMESPACE}"
RECOVERY_SECONDS = 120


class StandaloneStack:
    """One Redis with a volume, and its state in a folder of the test's."""

    def __init__(self, tier: Tier, folder: Path) -> None:
        self.tier = tier
        self.root = ROOT
        self.size = "1Gi"
        self.outputs = dict[str, Any]()
        self._stack = inline_stack(tier, "test", folder, "standalone-test", self._program)

    def _program(self) -> None:
        cluster = provider(self.tier)
        namespace = make_namespace(NAMESPACE, holds_data=False, provider=cluster).metadata.name
        settings = RedisStandaloneSettings.model_validate(
            {
                "image": IMAGE,
                "conf": {"appendfsync": "always"},
                "storage": {"kind": "local", "root": self.root, "nodes": [NODE.name], "size": self.size},
                "access": {"node_port": NODE_PORT},
                "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}},
            }
        )
        redis = RedisStandalone(
            NAME,
            RedisStandaloneArgs(settings, namespace, node_address=NODE.address),
            pulumi.ResourceOptions(providers=[cluster]),
        )
        for name in ("endpoint", "external_endpoint", "password"):
            pulumi.export(name, getattr(redis, name))

    def up(self, **options: Any) -> dict[str, int]:
        """Deploys, and says how many resources were created, left the same, and so on."""
        done = self._stack.up(on_output=print, **options)
        self.outputs = {name: output.value for name, output in done.outputs.items()}
        return dict(done.summary.resource_changes or {})

    def destroy(self) -> None:
        self._stack.destroy(on_output=print)

    def urn(self, name: str) -> str:
        resources = self._stack.export_stack().deployment["resources"]
        (found,) = (item["urn"] for item in resources if item["urn"].endswith(f"::{name}"))
        return found

    def client(self, password: str | None = None) -> Redis:
        """A client on this machine, through the NodePort."""
        host, port = self.outputs["external_endpoint"].rsplit(":", 1)
        return Redis(
            host, int(port), password=password or self.outputs["password"], socket_timeout=5, decode_responses=True
        )

    def get(self, key: str) -> str | None:
        with self.client() as client:
            return client.get(key)  # type: ignore[return-value]

    def set(self, key: str, value: str) -> None:
        with self.client() as client:
            assert client.set(key, value)


@pytest.fixture(scope="module")
def stack(tier: Tier, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneStack]:
    _remove_leftovers(tier)
    made = StandaloneStack(tier, tmp_path_factory.mktemp("standalone"))
    try:
        made.up()
        yield made
    finally:
        made.destroy()
    _remove_leftovers(tier)


def _remove_leftovers(tier: Tier) -> None:
    """What a run that was cut off has left, and the data in the volumes, which destroying a stack keeps."""
    tier.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=110s")
    tier.kubectl("delete", "persistentvolumes,storageclasses", "-l", f"app.kubernetes.io/instance={NAME}")
    shutil.rmtree(tier.paths.machines / NODE.name / ROOT.removeprefix("/"), ignore_errors=True)


def test_it_answers_inside_and_outside_to_who_knows_the_password(stack: StandaloneStack) -> None:
    with stack.client() as client:
        assert client.ping()
        assert client.config_get("maxmemory") == {"maxmemory": str(int(0.7 * 64 * 2**20))}
    with stack.client("a guess") as stranger, pytest.raises(AuthenticationError):
        stranger.ping()
    host, port = stack.outputs["endpoint"].rsplit(":", 1)
    # On another node, and with redis-cli.
    run_client(stack.tier, NAMESPACE, image=IMAGE, uid=999, node=NODES[1].name)
    script = f"IFS= read -r REDISCLI_AUTH; export REDISCLI_AUTH; exec redis-cli -h {host} -p {port} ping"
    words = ("exec", "-i", "-n", NAMESPACE, NAME_OF_CLIENT, "--", "sh", "-c", script)
    assert stack.tier.kubectl(*words, input=stack.outputs["password"] + "\n").strip() == "PONG"


def test_the_password_is_in_no_object_but_the_secret(stack: StandaloneStack) -> None:
    kinds = "pods,configmaps,deployments,replicasets,services,persistentvolumeclaims"
    assert stack.outputs["password"] not in stack.tier.kubectl("get", kinds, "-n", NAMESPACE, "-o", "json")


def test_the_data_outlives_its_pod(stack: StandaloneStack) -> None:
    key, value = str(uuid.uuid4()), str(uuid.uuid4())
    stack.set(key, value)
    stack.tier.kubectl("delete", "pod", "-n", NAMESPACE, "-l", f"app.kubernetes.io/instance={NAME}", "--wait=true")

    def is_back() -> None:
        assert stack.get(key) == value

    eventually(is_back, RECOVERY_SECONDS)


def test_deploying_again_changes_nothing(stack: StandaloneStack) -> None:
    key = str(uuid.uuid4())
    stack.set(key, "value")
    password = stack.outputs["password"]
    assert set(stack.up(expect_no_changes=True)) == {"same"}
    assert stack.outputs["password"] == password
    assert stack.get(key) == "value"


def test_another_place_or_size_is_a_new_volume_and_the_old_folder_stays(stack: StandaloneStack) -> None:
    key = str(uuid.uuid4())
    stack.set(key, "value")
    stack.root = f"{ROOT}/elsewhere"
    stack.up()
    assert stack.get(key) is None
    stack.root = ROOT
    stack.up()
    assert stack.get(key) == "value"
    stack.size = "2Gi"
    stack.up()
    assert stack.get(key) == "value"
    volumes = [item for item in stack.tier.items("persistentvolumes") if item["metadata"]["name"].startswith(NAMESPACE)]
    assert [item["status"]["phase"] for item in volumes] == ["Bound"]


def test_the_password_is_replaced_on_demand(stack: StandaloneStack) -> None:
    key, before = str(uuid.uuid4()), stack.outputs["password"]
    stack.set(key, "value")
    stack.up(replace=[stack.urn(f"{NAME}-auth")])
    assert stack.outputs["password"] != before
    assert stack.get(key) == "value"
    with stack.client(before) as outdated, pytest.raises(AuthenticationError):
        outdated.ping()


def test_destroying_leaves_nothing_but_the_folder(stack: StandaloneStack) -> None:
    stack.destroy()
    kinds = "namespaces,persistentvolumes,storageclasses"
    names = [item["metadata"]["name"] for item in json.loads(stack.tier.kubectl("get", kinds, "-o", "json"))["items"]]
    assert [name for name in names if name.startswith(NAMESPACE)] == []
    folder = stack.tier.paths.machines / NODE.name / ROOT.removeprefix("/") / NAMESPACE / f"data-{NAME}"
    assert (folder / "appendonlydir").is_dir()
