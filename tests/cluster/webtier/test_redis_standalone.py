"""A single Redis on the running cluster, deployed by a program of its own into a namespace of its own."""

import os
import signal
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi_kubernetes.apps.v1 import Deployment, DeploymentSpecArgs, DeploymentStrategyArgs
from pulumi_kubernetes.core.v1 import PodTemplateSpecArgs
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from redis import AuthenticationError
from typing_extensions import override

from devcluster.plan import NODES
from environment.cluster import make_namespace
from tests.cluster.harness.background import Samples
from tests.cluster.harness.client_pod import NAME as NAME_OF_CLIENT
from tests.cluster.harness.client_pod import run_client
from tests.cluster.harness.redis_clients import RedisClient, redis_client
from tests.cluster.harness.stacks.program_stack import ProgramStack, inline_stack, provider
from tests.cluster.harness.tier import Tier, eventually, is_ready
from tests.faults.harness.processes import servers_of
from webtier.redis_standalone import RedisStandalone, RedisStandaloneArgs, RedisStandaloneSettings
from webtier.shared.children import Children

NAMESPACE = "standalone-test"
NAME = "test-sessions"
IMAGE = "webtier.local/redis:debian-12"
NODE_PORT = 30020
NODE = NODES[0]
ROOT = f"/var/lib/webtier-volumes/{NAMESPACE}"
RECOVERY_SECONDS = 120
LONG_ENOUGH_SECONDS = 5
"""For Kubernetes to start another pod."""
FOLLOW_SECONDS = 10
"""For a node to send a Service's requests to a pod that is ready: up to a second, more when it is busy."""


class StandaloneStack(ProgramStack):
    """One Redis with a volume, and its state in a folder of the test's."""

    def __init__(self, tier: Tier, folder: Path) -> None:
        super().__init__(tier, inline_stack(tier, "test", folder, "standalone-test", self._program), NAMESPACE)
        self.root = ROOT
        self.size = "1Gi"

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

    @override
    def up(self, **options: Any) -> Mapping[str, int]:
        changes = super().up(**options)
        # What Pulumi waits for. No later look may be needed for it.
        pods = self._pods()
        assert [is_ready(pod) for pod in pods] == [True], pods
        eventually(self.ping, FOLLOW_SECONDS, pause=0.1)
        return changes

    def urn(self, name: str) -> str:
        (found,) = (item["urn"] for item in self.resources() if item["urn"].endswith(f"::{name}"))
        return found

    def client(self, password: str | None = None) -> RedisClient:
        """A client on this machine, through the NodePort."""
        host, port = self.outputs["external_endpoint"].rsplit(":", 1)
        return redis_client(host, int(port), password or self.outputs["password"])

    def get(self, key: str) -> str | None:
        with self.client() as client:
            return client.get(key)

    def set(self, key: str, value: str) -> None:
        with self.client() as client:
            assert client.set(key, value)

    def ping(self) -> None:
        with self.client() as client:
            assert client.ping()

    def _pods(self) -> list[dict[str, Any]]:
        return self.tier.items("pods", "-n", NAMESPACE, "-l", f"app.kubernetes.io/instance={NAME}")

    def pods(self) -> dict[str, str]:
        """Names by uid, also of those that are ending."""
        return {pod["metadata"]["uid"]: pod["metadata"]["name"] for pod in self._pods()}


@pytest.fixture(scope="module")
def stack(tier: Tier, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneStack]:
    with StandaloneStack(tier, tmp_path_factory.mktemp("standalone")).deployed() as made:
        yield made


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
    kinds = "pods,configmaps,statefulsets,controllerrevisions,services,persistentvolumeclaims"
    assert stack.outputs["password"] not in stack.tier.kubectl("get", kinds, "-n", NAMESPACE, "-o", "json")


def test_the_data_outlives_its_pod(stack: StandaloneStack) -> None:
    key, value = str(uuid.uuid4()), str(uuid.uuid4())
    stack.set(key, value)
    stack.tier.kubectl("delete", "pod", "-n", NAMESPACE, "-l", f"app.kubernetes.io/instance={NAME}", "--wait=true")

    def is_back() -> None:
        assert stack.get(key) == value

    eventually(is_back, RECOVERY_SECONDS)


def test_no_other_pod_starts_while_one_ends(stack: StandaloneStack) -> None:
    """Both would write to the one volume."""
    [(uid, name)] = stack.pods().items()
    server = servers_of(uid)
    assert server
    for pid in server:
        os.kill(pid, signal.SIGSTOP)
    try:
        stack.tier.kubectl("delete", "pod", "-n", NAMESPACE, name, "--wait=false")
        time.sleep(LONG_ENOUGH_SECONDS)
        assert [*stack.pods()] == [uid]
    finally:
        for pid in server:
            os.kill(pid, signal.SIGCONT)

    def is_replaced() -> None:
        assert uid not in stack.pods()
        stack.ping()

    eventually(is_replaced, RECOVERY_SECONDS)


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
    names = [item["metadata"]["name"] for item in stack.tier.items(kinds)]
    assert [name for name in names if name.startswith(NAMESPACE)] == []
    folder = stack.tier.paths.nodes / NODE.name / ROOT.removeprefix("/") / NAMESPACE / f"data-{NAME}"
    assert (folder / "appendonlydir").is_dir()


def test_the_deployment_of_earlier_versions_is_gone_before_its_successor_starts(
    stack: StandaloneStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr("webtier.redis_standalone.component.make_stateful_set", _make_deployment)
        stack.up()
    key = str(uuid.uuid4())
    stack.set(key, "value")
    with Samples(lambda: frozenset(stack.pods()), 0.1) as pods:
        assert stack.up()["replace"] == 1
    assert stack.get(key) == "value"
    assert max(map(len, pods.seen)) == 1
    assert len(frozenset[str]().union(*pods.seen)) == 2


def _make_deployment(
    name: str, children: Children, selector: Mapping[str, str], template: PodTemplateSpecArgs
) -> Deployment:
    return Deployment(
        name,
        metadata=children.metadata(name),
        spec=DeploymentSpecArgs(
            replicas=1,
            strategy=DeploymentStrategyArgs(type="Recreate"),
            selector=LabelSelectorArgs(match_labels=selector),
            template=template,
        ),
        opts=children.options(),
    )
