"""Cutting pods off from the rest of the cluster, inside their own network namespaces."""

from collections.abc import Generator
from contextlib import contextmanager

from command_line.subprocesses import run
from devcluster.cluster.node import PATH, Node
from devcluster.plan import HOST_ADDRESS
from tests.faults.clients.access import PORT
from tests.faults.harness.kubernetes import Pod
from tests.faults.harness.processes import processes_of

_TABLE = "fault"


@contextmanager
def cut_off(machine: Node, pod: Pod, *, from_clients: bool) -> Generator[None]:
    """Drop all that this pod sends or is sent; without `from_clients`, clients on this machine still reach it."""
    clients_in = f"ip saddr {HOST_ADDRESS} tcp dport {PORT} accept;" if not from_clients else ""
    clients_out = f"ip daddr {HOST_ADDRESS} tcp sport {PORT} accept;" if not from_clients else ""
    rules = (
        f"table inet {_TABLE} {{\n"
        f"chain in {{ type filter hook input priority -10; policy drop; iif lo accept; {clients_in} }}\n"
        f"chain out {{ type filter hook output priority -10; policy drop; oif lo accept; {clients_out} }}\n"
        "}\n"
    )
    # Of the sandbox, which outlives the containers in it.
    (sandbox,) = processes_of(pod.uid, "pause")
    network = f"/proc/{sandbox}/ns/net"
    _nft(machine, network, rules)
    try:
        yield
    finally:
        _nft(machine, network, f"delete table inet {_TABLE}\n")


def mend(machine: Node, pod: Pod) -> None:
    """Whether it was cut off or not, it is not any more."""
    for sandbox in processes_of(pod.uid, "pause"):
        _nft(machine, f"/proc/{sandbox}/ns/net", f"add table inet {_TABLE}\ndelete table inet {_TABLE}\n")


def _nft(machine: Node, network: str, rules: str) -> None:
    """The program is the node's, the network the pod's."""
    first = machine.first_process
    assert first, f"{machine.name} is off"
    entered = ["nsenter", "--target", str(first), "--mount", "--root", "--wd", f"--net={network}"]
    run([*entered, "/usr/bin/env", "-i", f"PATH={PATH}", "nft", "-f", "-"], input=rules, timeout=20)
