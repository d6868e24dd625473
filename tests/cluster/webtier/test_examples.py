"""The programs of `examples/`, each deployed into a namespace of its own, tried as its README says, and destroyed."""

import re
import subprocess
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from pulumi import automation
from typing_extensions import override

from devcluster.plan import CONTEXT, HOST_ADDRESS, NODES
from operations.local import PROJECT
from tests.cluster.harness.client_pod import get_inside, run_client
from tests.cluster.harness.stacks.program_stack import ProgramStack, stack_of_folder
from tests.cluster.harness.tier import Tier, eventually

IMAGE = "webtier.local/nginx:debian-12"
SECONDS = 60


class Example(ProgramStack):
    """One of them, with its state and settings in a folder of the test's."""

    def __init__(self, tier: Tier, name: str, folder: Path) -> None:
        self.name = name
        self.namespace = f"test-example-{name}"
        # Its settings file is put beside Pulumi.yaml, which must not be that of the repository.
        program = folder / "examples" / name
        program.mkdir(parents=True)
        (folder / ".venv").symlink_to(PROJECT / ".venv")
        for file in ("Pulumi.yaml", "__main__.py"):
            (program / file).symlink_to(PROJECT / "examples" / name / file)
        super().__init__(tier, stack_of_folder(tier, "test", folder, program), self.namespace)

    def up_with(self, settings: Mapping[str, object] | None = None, **options: Any) -> Mapping[str, int]:
        """As `up`, with these settings, by their paths, besides those that every example needs."""
        known: dict[str, object] = {
            "context": CONTEXT,
            "kubeconfig": str(self.tier.paths.kubeconfig),
            "namespace": self.namespace,
            "image": IMAGE,
            **({} if self.name in ("labels", "elsewhere") else {"node_address": NODES[0].address}),
            **(settings or {}),
        }
        self._stack.set_all_config({key: automation.ConfigValue(str(value)) for key, value in known.items()}, path=True)
        return self.up(**options)

    @override
    def destroy(self) -> None:
        super().destroy()
        names = [item["metadata"]["name"] for item in self.tier.items("namespaces")]
        assert self.namespace not in names

    def pods(self, selector: str = "app=hello") -> set[str]:
        """The names of those that run."""
        running = ("--field-selector", "status.phase=Running")
        found = self.tier.items("pods", "-n", self.namespace, "-l", selector, *running)
        return {pod["metadata"]["name"] for pod in found if "deletionTimestamp" not in pod["metadata"]}

    def services(self, selector: str | None = None) -> set[str]:
        words = ("-l", selector) if selector else ()
        found = self.tier.items("services", "-n", self.namespace, *words)
        return {service["metadata"]["name"] for service in found}

    def inside(self, url: str) -> str:
        """What a pod of the namespace gets."""
        return get_inside(self.tier, self.namespace, url).strip()


@contextmanager
def deployed(tier: Tier, name: str, folder: Path) -> Generator[Example]:
    """The example before its first `up`, without what a run that was cut off has left; it is destroyed in the end."""
    example = Example(tier, name, folder)
    example.remove()
    try:
        yield example
    finally:
        example.destroy()


@contextmanager
def port_forward(tier: Tier, namespace: str, service: str) -> Generator[str]:
    """`http://…` on this machine, which leads to the Service's port 80 while it lasts."""
    words = ["kubectl", "port-forward", "-n", namespace, "--address", "127.0.0.1", f"service/{service}", ":80"]
    environment, pipe, same = tier.environment, subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen(words, env=environment, stdout=pipe, stderr=same, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"Forwarding from (127\.0\.0\.1:\d+)", line)
            assert found, line
            yield f"http://{found[1]}/"
        finally:
            process.kill()


def test_one_deployment_is_reached_in_three_ways(tier: Tier, tmp_path: Path) -> None:
    with deployed(tier, "reach", tmp_path) as example:
        example.up_with({"exposure": "cluster_ip"})
        (pod,) = example.pods()
        answer = f"hello from {pod}"
        with port_forward(tier, example.namespace, "hello") as url:
            assert httpx.get(url, timeout=10).text.strip() == answer

        run_client(tier, example.namespace)
        assert example.outputs["outside"] == {}
        assert example.outputs["inside"] == f"http://hello.{example.namespace}.svc:80"
        (service,) = (each for each in tier.items("services", "-n", example.namespace))
        assert (service["spec"]["type"], "nodePort" in service["spec"]["ports"][0]) == ("ClusterIP", False)
        for host in ("hello", f"hello.{example.namespace}.svc", service["spec"]["clusterIP"]):
            assert example.inside(f"http://{host}/") == answer

        changes = example.up_with({"exposure": "node_port"})
        assert changes.get("update") == 1, changes
        assert set(changes) == {"update", "same"}, changes
        address, port = example.outputs["outside"]["http"].rsplit(":", 1)
        assert address == NODES[0].address
        for node in NODES:
            eventually(lambda at=node.address: _answers(f"http://{at}:{port}/", answer), SECONDS)
        assert example.inside("http://hello/") == answer
        assert example.pods() == {pod}


def _answers(url: str, answer: str) -> None:
    assert httpx.get(url, timeout=5).text.strip() == answer


@pytest.mark.nightly
def test_it_is_scaled_to_two(tier: Tier, tmp_path: Path) -> None:
    with deployed(tier, "scale", tmp_path) as example:
        example.up_with({"replicas": 1})
        (first,) = example.pods()
        changes = example.up_with({"replicas": 2})
        # Two pods are worth a disruption budget.
        assert {key: changes.get(key, 0) for key in ("update", "create", "replace", "delete")} == {
            "update": 1,
            "create": 1,
            "replace": 0,
            "delete": 0,
        }
        pods = example.pods()
        assert first in pods
        assert len(pods) == 2
        url = f"http://{example.outputs['outside']['http']}/"
        answers = set[str]()

        def both_have_answered() -> None:
            answers.update(httpx.get(url, timeout=5).text.strip() for _ in range(20))
            assert answers == {f"hello from {pod}" for pod in pods}

        eventually(both_have_answered, SECONDS)


@pytest.mark.nightly
def test_services_are_listed_and_removed_by_label(tier: Tier, tmp_path: Path) -> None:
    user, pay = "app.kubernetes.io/name=user", "app.kubernetes.io/name=pay"
    with deployed(tier, "labels", tmp_path) as example:
        example.up_with()
        assert example.services() == {"user-v1", "user-v2", "pay-v1"}
        assert example.services(user) == {"user-v1", "user-v2"}
        assert example.services(f"{user},app.kubernetes.io/version=v2") == {"user-v2"}
        assert example.services("team=money") == example.services(pay) == {"pay-v1"}
        pods = example.pods(user)
        assert len(pods) == 2

        tier.kubectl("delete", "services", "-n", example.namespace, "-l", user)
        assert example.services() == {"pay-v1"}
        assert example.pods(user) == pods

        changes = example.up_with(refresh=True)
        assert changes.get("create") == 2, changes
        assert example.services(user) == {"user-v1", "user-v2"}
        assert example.pods(user) == pods
        run_client(tier, example.namespace)
        for name in ("user-v1", "user-v2", "pay-v1"):
            assert example.inside(f"http://{name}/").startswith(f"{name} ")


class _Outside(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"from outside of the cluster")

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def server_outside() -> Generator[int]:
    """On this machine, where the cluster's pods reach it."""
    with ThreadingHTTPServer((HOST_ADDRESS, 0), _Outside) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


def test_services_without_pods_of_their_own_answer(tier: Tier, tmp_path: Path) -> None:
    with server_outside() as port, deployed(tier, "elsewhere", tmp_path) as example:
        settings = {"addresses[0]": HOST_ADDRESS, "port": port}
        example.up_with(settings)
        (pod,) = example.pods()
        run_client(tier, example.namespace)
        (kept,) = tier.items("endpointslices", "-n", example.namespace, "-l", "kubernetes.io/service-name=outside")
        assert [each["addresses"] for each in kept["endpoints"]] == [[HOST_ADDRESS]]

        def both_answer() -> None:
            assert example.inside("http://alias/") == f"hello from {pod}"
            assert example.inside("http://outside/") == "from outside of the cluster"

        eventually(both_answer, SECONDS)
        assert set(example.up_with(settings)) == {"same"}


@pytest.mark.usefixtures("tier")
def test_every_example_is_tried_here() -> None:
    tried = Path(__file__).read_text()
    for project in (PROJECT / "examples").glob("*/Pulumi.yaml"):
        assert f'deployed(tier, "{project.parent.name}"' in tried
