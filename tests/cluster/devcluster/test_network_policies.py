"""NetworkPolicies are enforced: between pods of one node and of two, in both directions, from outside, at once.

Four pods that all listen on two ports, three in one namespace and one in another. A test applies policies and
says which of the 24 connections between them still come about.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import pytest

from devcluster.cluster.node import Node
from devcluster.plan import HOST_ADDRESS, NODE_NETWORK, NODES, POD_NETWORK
from devcluster.status import report
from tests.cluster.harness.client_pod import restricted_pod
from tests.cluster.harness.tier import Tier, eventually

PORTS = (8080, 9090)
NODE_PORT = 32267
SETTLED_SECONDS = 90
"""How long a loaded machine may take to do what takes it a second."""

_PLACES = {"server": NODES[0], "near": NODES[0], "far": NODES[1], "stranger": NODES[1]}
"""The pods and their nodes. `stranger` is in the other namespace, and labelled like `far`."""

_SERVE = """
import socketserver, threading

class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        print("connection from", self.client_address[0], flush=True)
        for line in self.rfile:
            self.wfile.write(line)

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

threading.Thread(target=Server(("", 9090), Echo).serve_forever).start()
Server(("", 8080), Echo).serve_forever()
"""

_TRY_ALL = """
import concurrent.futures, json, socket, sys

def is_answered(target):
    try:
        with socket.create_connection(tuple(target), timeout=2) as wire:
            wire.sendall(b"x\\n")
            return wire.recv(2) == b"x\\n"
    except OSError:
        return False

targets = json.loads(sys.argv[1])
with concurrent.futures.ThreadPoolExecutor(len(targets)) as threads:
    print(json.dumps(list(threads.map(is_answered, targets))))
"""

_HOLD = """
import socket, sys

with socket.create_connection((sys.argv[1], 8080), timeout=5) as wire:
    for _ in sys.stdin:
        try:
            wire.sendall(b"x\\n")
            print("answered" if wire.recv(2) else "closed", flush=True)
        except OSError:
            print("silent", flush=True)
"""

_RESOLVE = "import socket, sys; print(socket.gethostbyname(sys.argv[1]))"

Connection = tuple[str, str, int]
"""The pod that opens it, the pod and the port that it leads to."""

EVERYTHING = frozenset((source, target, port) for source, target in permutations(_PLACES, 2) for port in PORTS)
INTO_SERVER = frozenset(connection for connection in EVERYTHING if connection[1] == "server")
FROM_FAR = frozenset(connection for connection in EVERYTHING if connection[0] == "far")


@dataclass(frozen=True)
class Laboratory:
    tier: Tier
    namespace: str
    addresses: Mapping[str, str]

    @property
    def other_namespace(self) -> str:
        return f"{self.namespace}-other"

    def namespace_of(self, pod: str) -> str:
        return self.other_namespace if pod == "stranger" else self.namespace

    def exec_words(self, pod: str, script: str, *words: str) -> list[str]:
        return ["exec", "-i", "-n", self.namespace_of(pod), pod, "--", "python3", "-c", script, *words]

    def apply(self, name: str, pod: str | None, **spec: Any) -> None:
        """Apply a NetworkPolicy for one pod of the namespace, or for all of them."""
        selector = {"matchLabels": {"name": pod}} if pod else {}
        policy = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {"podSelector": selector, **spec},
        }
        self.tier.apply(policy)

    def remove(self, name: str) -> None:
        self.tier.kubectl("delete", "networkpolicy", "-n", self.namespace, name)

    def connections(self) -> frozenset[Connection]:
        """All connections that come about."""

        def from_pod(source: str) -> Sequence[Connection]:
            wanted = sorted(connection for connection in EVERYTHING if connection[0] == source)
            targets = json.dumps([(self.addresses[target], port) for _, target, port in wanted])
            answers = json.loads(self.tier.kubectl(*self.exec_words(source, _TRY_ALL, targets)))
            return [connection for connection, is_answered in zip(wanted, answers, strict=True) if is_answered]

        with ThreadPoolExecutor(len(_PLACES)) as threads:
            return frozenset(found for part in threads.map(from_pod, _PLACES) for found in part)

    def expect(self, wanted: frozenset[Connection]) -> None:
        def check() -> None:
            found = self.connections()
            assert not found - wanted, "these should be blocked"
            assert not wanted - found, "these should come about"

        eventually(check, SETTLED_SECONDS)

    @contextmanager
    def held(self, source: str, target: str) -> Generator[subprocess.Popen[str]]:
        """A connection that is open already; each `ask` sends something over it."""
        words = ["kubectl", *self.exec_words(source, _HOLD, self.addresses[target])]
        pipe = subprocess.PIPE
        with subprocess.Popen(words, env=self.tier.environment, stdin=pipe, stdout=pipe, text=True) as process:
            try:
                assert ask(process) == "answered"
                yield process
            finally:
                process.kill()


def ask(process: subprocess.Popen[str]) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def _pod(name: str, namespace: str) -> dict[str, Any]:
    return restricted_pod(
        name,
        namespace,
        ["python3", "-c", _SERVE],
        labels={"name": "far" if name == "stranger" else name, "is": "in-the-laboratory"},
        node=_PLACES[name].name,
        ports=[{"name": "main", "containerPort": PORTS[0]}, {"name": "other", "containerPort": PORTS[1]}],
        readinessProbe={"tcpSocket": {"port": "main"}, "periodSeconds": 1},
    )


@pytest.fixture(scope="module")
def built(tier: Tier) -> Iterator[Laboratory]:
    namespace = f"policies-{secrets.token_hex(3)}"
    plan = Laboratory(tier, namespace, {})
    namespaces = [namespace, plan.other_namespace]
    objects = [
        *({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in namespaces),
        *(_pod(name, plan.namespace_of(name)) for name in _PLACES),
    ]
    try:
        tier.apply(*objects)
        for name in namespaces:
            tier.kubectl("wait", "--for=condition=Ready", "pods", "--all", "-n", name, "--timeout=90s")
        selector = ("--all-namespaces", "-l", "is=in-the-laboratory")
        pods = [pod for pod in tier.items("pods", *selector) if pod["metadata"]["namespace"] in namespaces]
        yield Laboratory(tier, namespace, {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in pods})
    finally:
        tier.kubectl("delete", "namespace", "--ignore-not-found", *namespaces, timeout=180)


@pytest.fixture
def laboratory(built: Laboratory) -> Iterator[Laboratory]:
    """Without policies, before and after: then everything comes about."""
    built.expect(EVERYTHING)
    yield built
    built.tier.kubectl("delete", "networkpolicies", "--all", "-n", built.namespace)


def test_a_closed_pod_is_reached_by_nobody_until_the_policy_is_gone(laboratory: Laboratory) -> None:
    laboratory.apply("closed", "server", policyTypes=["Ingress"])
    laboratory.expect(EVERYTHING - INTO_SERVER)
    laboratory.remove("closed")
    laboratory.expect(EVERYTHING)


def test_a_closed_namespace_lets_nothing_in_or_out(laboratory: Laboratory) -> None:
    laboratory.apply("closed", None, policyTypes=["Ingress", "Egress"])
    laboratory.expect(frozenset())


def test_probes_of_the_kubelet_always_pass(laboratory: Laboratory) -> None:
    laboratory.apply("closed", None, policyTypes=["Ingress", "Egress"])
    laboratory.expect(frozenset())
    pods = _PLACES["server"].pods
    assert pods is not None
    line = f"connection from {next(pods.hosts())}"

    def probes() -> int:
        return laboratory.tier.kubectl("logs", "-n", laboratory.namespace, "server").splitlines().count(line)

    before = probes()
    assert before > 0

    def goes_on() -> None:
        assert probes() >= before + 3

    eventually(goes_on, SETTLED_SECONDS)


@pytest.mark.parametrize("friend", ["near", "far"])
def test_pods_are_let_in_by_their_labels_in_the_same_namespace(laboratory: Laboratory, friend: str) -> None:
    peer = {"podSelector": {"matchLabels": {"name": friend}}}
    laboratory.apply("friends", "server", policyTypes=["Ingress"], ingress=[{"from": [peer]}])
    allowed = frozenset((friend, "server", port) for port in PORTS)
    laboratory.expect(EVERYTHING - INTO_SERVER | allowed)


def test_pods_are_let_in_by_their_namespace(laboratory: Laboratory) -> None:
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": laboratory.other_namespace}}}
    laboratory.apply("others", "server", policyTypes=["Ingress"], ingress=[{"from": [peer]}])
    allowed = frozenset(("stranger", "server", port) for port in PORTS)
    laboratory.expect(EVERYTHING - INTO_SERVER | allowed)
    both = {**peer, "podSelector": {"matchLabels": {"name": "near"}}}
    laboratory.apply("others", "server", policyTypes=["Ingress"], ingress=[{"from": [both]}])
    laboratory.expect(EVERYTHING - INTO_SERVER)


@pytest.mark.parametrize(
    "port",
    [
        {"port": 9090},
        {"port": 9000, "endPort": 9100},
        {"port": "other"},
    ],
    ids=["number", "range", "name"],
)
def test_ports_are_let_in_by_number_range_and_name(laboratory: Laboratory, port: Mapping[str, object]) -> None:
    laboratory.apply("port", "server", policyTypes=["Ingress"], ingress=[{"ports": [{"protocol": "TCP", **port}]}])
    allowed = frozenset(connection for connection in INTO_SERVER if connection[2] == 9090)
    laboratory.expect(EVERYTHING - INTO_SERVER | allowed)


def test_another_protocol_is_another_port(laboratory: Laboratory) -> None:
    ports = [{"protocol": "UDP", "port": number} for number in PORTS]
    laboratory.apply("port", "server", policyTypes=["Ingress"], ingress=[{"ports": ports}])
    laboratory.expect(EVERYTHING - INTO_SERVER)


def test_policies_add_up(laboratory: Laboratory) -> None:
    near, far = ({"podSelector": {"matchLabels": {"name": name}}} for name in ("near", "far"))
    laboratory.apply("closed", "server", policyTypes=["Ingress"])
    laboratory.apply("near", "server", policyTypes=["Ingress"], ingress=[{"from": [near], "ports": [{"port": 8080}]}])
    laboratory.apply("far", "server", policyTypes=["Ingress"], ingress=[{"from": [far], "ports": [{"port": "other"}]}])
    allowed = frozenset({("near", "server", 8080), ("far", "server", 9090)})
    laboratory.expect(EVERYTHING - INTO_SERVER | allowed)


@pytest.mark.parametrize("port", [8080, "main"], ids=["number", "name"])
def test_what_a_pod_may_open_is_decided_by_egress_rules(laboratory: Laboratory, port: int | str) -> None:
    peer = {"podSelector": {"matchLabels": {"name": "server"}}}
    laboratory.apply("out", "far", policyTypes=["Egress"], egress=[{"to": [peer], "ports": [{"port": port}]}])
    laboratory.expect(EVERYTHING - FROM_FAR | {("far", "server", 8080)})


def test_both_ends_must_agree(laboratory: Laboratory) -> None:
    server, far = ({"podSelector": {"matchLabels": {"name": name}}} for name in ("server", "far"))
    laboratory.apply("out", "far", policyTypes=["Egress"], egress=[{"to": [server]}])
    laboratory.apply("in", "server", policyTypes=["Ingress"], ingress=[{"from": [far], "ports": [{"port": 9090}]}])
    laboratory.expect(EVERYTHING - FROM_FAR - INTO_SERVER | {("far", "server", 9090)})


def test_names_resolve_only_where_dns_is_let_out(laboratory: Laboratory) -> None:
    tier, name = laboratory.tier, "kube-dns.kube-system.svc.cluster.local."
    words = ["kubectl", *laboratory.exec_words("far", _RESOLVE, name)]

    def resolves() -> bool:
        return tier.run(*words).returncode == 0

    assert resolves()
    laboratory.apply("out", "far", policyTypes=["Egress"])
    laboratory.expect(EVERYTHING - FROM_FAR)
    assert not resolves()
    dns = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    ports = [{"protocol": "UDP", "port": 53}]
    laboratory.apply("out", "far", policyTypes=["Egress"], egress=[{"to": [dns], "ports": ports}])

    def answers() -> None:
        assert resolves()

    eventually(answers, SETTLED_SECONDS)
    laboratory.expect(EVERYTHING - FROM_FAR)


def test_a_node_port_is_open_to_the_addresses_of_a_block(laboratory: Laboratory) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "outside", "namespace": laboratory.namespace},
        "spec": {
            "type": "NodePort",
            "selector": {"name": "server"},
            "ports": [{"port": PORTS[0], "nodePort": NODE_PORT}],
        },
    }
    laboratory.tier.kubectl("apply", "-f", "-", input=json.dumps(service))
    here, elsewhere = _PLACES["server"].address, _PLACES["far"].address

    def answering() -> set[str]:
        found: set[str] = set()
        for address in (here, elsewhere):
            with suppress(OSError), socket.create_connection((address, NODE_PORT), timeout=3) as wire:
                wire.sendall(b"x\n")
                if wire.recv(2) == b"x\n":
                    found.add(address)
        return found

    def expect(wanted: set[str], **block: object) -> None:
        if block:
            peers = [{"ipBlock": block}]
            laboratory.apply("block", "server", policyTypes=["Ingress"], ingress=[{"from": peers}])

        def check() -> None:
            assert answering() == wanted

        eventually(check, SETTLED_SECONDS)

    expect({here, elsewhere})
    expect({here}, cidr=f"{HOST_ADDRESS}/32")
    laboratory.expect(EVERYTHING - INTO_SERVER)
    # Another node puts its own address in the place of the client's.
    expect({elsewhere}, cidr=f"{elsewhere}/32")
    expect(set(), cidr=str(POD_NETWORK), **{"except": [f"{NODE_NETWORK}", f"{laboratory.addresses['far']}/32"]})
    laboratory.expect(EVERYTHING - (INTO_SERVER & FROM_FAR))


def test_a_policy_also_ends_connections_that_are_older(laboratory: Laboratory) -> None:
    with laboratory.held("near", "server") as into_server, laboratory.held("server", "far") as out_of_server:
        laboratory.apply("closed", "server", policyTypes=["Ingress"])

        def is_cut() -> None:
            assert ask(into_server) == "silent"

        eventually(is_cut, SETTLED_SECONDS)
        assert ask(out_of_server) == "answered"


def test_policies_hold_while_their_enforcer_is_down_and_up_mends_it(laboratory: Laboratory) -> None:
    cluster = laboratory.tier.cluster
    machine: Node = next(node for node in cluster.nodes if node.plan == _PLACES["server"])
    enforcer = machine.daemon("network-policies")
    assert enforcer is not None
    laboratory.apply("closed", "server", policyTypes=["Ingress"])
    laboratory.expect(EVERYTHING - INTO_SERVER)
    os.kill(enforcer, signal.SIGKILL)

    def is_gone() -> None:
        assert machine.daemon("network-policies") is None

    eventually(is_gone, 10)
    assert "NOT RUNNING: network-policies" in report(laboratory.tier.paths)
    assert laboratory.connections() == EVERYTHING - INTO_SERVER
    laboratory.remove("closed")
    cluster.up()
    assert machine.daemon("network-policies") not in {None, enforcer}
    laboratory.expect(EVERYTHING)
