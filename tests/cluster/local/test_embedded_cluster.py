"""The embedded cluster is a real one: what users of any Kubernetes take for granted works here."""

import json
import socket
import subprocess
import sys
import time
from contextlib import ExitStack

import httpx
import pytest

from command_line.subprocesses import CommandError
from devcluster import preflight
from devcluster.cluster import network
from devcluster.cluster.node import Node
from devcluster.plan import NODES, NodePlan
from tests.cluster.harness.checks import check_all
from tests.cluster.harness.tier import Tier, eventually


def _node(tier: Tier, name: str) -> Node:
    return next(machine for machine in tier.cluster.nodes if machine.name == name)


def test_three_nodes_are_ready_each_in_its_zone(tier: Tier) -> None:
    zones = {
        item["metadata"]["name"]: item["metadata"]["labels"]["topology.kubernetes.io/zone"]
        for item in tier.items("nodes")
    }
    assert zones == {"webtier-a": "a", "webtier-b": "b", "webtier-c": "c"}
    assert tier.cluster.ready_nodes() == set(zones)


def test_logs_exec_and_port_forward(tier: Tier) -> None:
    pod = tier.pods("app=pay-v1")[0]["metadata"]["name"]
    tier.get("/pay")
    assert "GET /" in tier.kubectl("logs", "-n", tier.namespace, "-l", "app=pay-v1", "--tail=-1")
    assert tier.kubectl("exec", "-n", tier.namespace, pod, "--", "echo", "here").strip() == "here"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["kubectl", "port-forward", "-n", tier.namespace, f"pod/{pod}", f"{port}:8080"]
    with subprocess.Popen(words, env=tier.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as forward:
        try:
            eventually(lambda: httpx.get(f"http://127.0.0.1:{port}/", timeout=2).raise_for_status(), 15)
        finally:
            forward.terminate()


def test_a_service_of_the_policy_local_is_answered_by_the_nodes_own_pods_each_time(tier: Tier) -> None:
    name = ("service", "local-only", "-n", tier.namespace)
    spec = {
        "type": "NodePort",
        "externalTrafficPolicy": "Local",
        "selector": {"app": "user-v1"},
        "ports": [{"port": 80, "targetPort": 8080}],
    }
    metadata = {"name": "local-only", "namespace": tier.namespace}
    tier.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    with ExitStack() as ending:
        ending.callback(tier.kubectl, "delete", *name)
        port = tier.one(*name)["spec"]["ports"][0]["nodePort"]
        addresses = {pod["status"]["hostIP"] for pod in tier.pods("app=user-v1")}
        assert len(addresses) > 1
        for address in addresses:
            url = f"http://{address}:{port}/"
            eventually(lambda url=url: httpx.get(url, timeout=2), 20)
            for _ in range(12):
                assert httpx.get(url, timeout=2).text.strip() == "user-v1"


def test_names_resolve_in_pods(tier: Tier) -> None:
    script = "import socket,sys; print(socket.gethostbyname(sys.argv[1]))"
    pod = tier.pods("app.kubernetes.io/name=redis")[0]["metadata"]["name"]
    name = f"pay-v1.{tier.namespace}.svc.cluster.local"
    answer = tier.kubectl("exec", "-n", tier.namespace, pod, "-c", "agent", "--", "python3", "-c", script, name)
    service = next(
        item for item in tier.items("services", "-n", tier.namespace) if item["metadata"]["name"] == "pay-v1"
    )
    assert answer.strip() == service["spec"]["clusterIP"]


def test_pods_reach_pods_on_other_nodes_and_services(tier: Tier) -> None:
    pods = tier.pods("app=user-v1") + tier.pods("app=pay-v1")
    assert len({pod["spec"]["nodeName"] for pod in pods}) == 3
    script = "import sys,urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())"
    source = tier.pods("app.kubernetes.io/name=redis")[0]["metadata"]["name"]
    targets = [f"http://{pod['status']['podIP']}:8080/" for pod in pods] + ["http://user-v1/"]
    for target in targets:
        words = ("exec", "-n", tier.namespace, source, "-c", "agent", "--", "python3", "-c", script, target)
        assert tier.kubectl(*words).strip() in {"user-v1", "pay-v1"}


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.name)
def test_node_ports_answer_at_every_node(tier: Tier, node: NodePlan) -> None:
    port = tier.url.rsplit(":", 1)[1]
    assert httpx.get(f"http://{node.address}:{port}/pay", timeout=5).text.strip() == "pay-v1"


def test_pod_security_refuses_a_pod_on_the_host_network(tier: Tier) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "on-the-host", "namespace": tier.namespace},
        "spec": {"hostNetwork": True, "containers": [{"name": "x", "image": "x"}]},
    }
    done = tier.run("kubectl", "create", "--dry-run=server", "-f", "-", input=json.dumps(pod))
    assert done.returncode != 0
    assert "violates PodSecurity" in done.stderr


def test_a_kubelet_may_not_read_every_secret(tier: Tier) -> None:
    with pytest.raises(CommandError, match="forbidden"):
        _node(tier, "webtier-a").run(
            ["kubectl", "--kubeconfig", "/etc/kubernetes/kubelet.kubeconfig", "get", "secrets", "--all-namespaces"]
        )


def test_nobody_is_let_in_without_a_certificate(tier: Tier) -> None:
    server = tier.kubectl("config", "view", "-o", "jsonpath={.clusters[0].cluster.server}")
    assert httpx.get(f"{server}/api/v1/namespaces", verify=False, timeout=5).status_code == 401  # noqa: S501


@pytest.mark.alone
def test_pods_are_not_starved_by_what_runs_beside_them(tier: Tier) -> None:
    """A pod computes for five seconds while sixteen sessions on the host want all CPUs."""
    pod = tier.pods("app.kubernetes.io/name=redis")[0]["metadata"]["name"]
    busy = "import time\nend = time.monotonic() + 10\nwhile time.monotonic() < end: pass"
    measured = (
        "import time\nprint('begun', flush=True)\ntime.sleep(1)\n"
        "start, used = time.monotonic(), time.process_time()\n"
        "while time.monotonic() < start + 5: pass\n"
        "print((time.process_time() - used) / 5)"
    )
    words = ["kubectl", "exec", "-n", tier.namespace, pod, "-c", "agent", "--", "python3", "-c", measured]
    with ExitStack() as running:
        inside = running.enter_context(subprocess.Popen(words, env=tier.environment, stdout=subprocess.PIPE, text=True))
        assert inside.stdout is not None
        # An exec takes longer to begin on a busy machine than what is busy lasts.
        assert inside.stdout.readline() == "begun\n"
        for _ in range(16):
            session = subprocess.Popen([sys.executable, "-c", busy], start_new_session=True)
            running.enter_context(session)
            running.callback(session.kill)
        share = float(inside.stdout.readline())
    assert share > 0.3, f"the pod had {share:.0%} of a CPU"


@pytest.mark.alone
def test_up_mends_a_killed_program(tier: Tier) -> None:
    machine = _node(tier, "webtier-c")
    kubelet = machine.daemon("kubelet")
    assert kubelet is not None
    machine.run(["pkill", "-9", "-x", "kubelet"])
    time.sleep(0.5)
    assert machine.daemon("kubelet") is None
    tier.cluster.up()
    assert machine.daemon("kubelet") not in {None, kubelet}


@pytest.mark.alone
def test_up_mends_a_node_that_lost_its_power(tier: Tier) -> None:
    machine = _node(tier, "webtier-b")
    machine.kill()
    assert machine.first_process is None
    tier.cluster.up()
    eventually(lambda: check_all(tier), 90)


def test_a_second_up_waits_for_nobody_and_says_who_is_at_it(tier: Tier) -> None:
    with preflight.only_one(tier.paths, "up"):
        done = tier.run("make", "up")
    assert done.returncode != 0
    assert "is being changed by `make up`" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_cable_that_is_gone_already_is_no_error(tier: Tier) -> None:
    assert tier.cluster.is_up()
    network.remove_link("webtier0-gone")
