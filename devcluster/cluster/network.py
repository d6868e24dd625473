"""The wires between the machines: one bridge on the host, a cable to each machine, routes to the pods."""

import json
from ipaddress import IPv4Network, ip_network
from typing import Any

from command_line.errors import UserError
from command_line.subprocesses import run, succeeds
from devcluster.cluster.machine import Machine
from devcluster.plan import BRIDGE, HOST_ADDRESS, MACHINE_NETWORK, NODES, POD_NETWORK


def _ip(*words: str) -> list[dict[str, Any]]:
    output = run(["ip", "-json", *words])
    return json.loads(output) if output.strip() else []


def check_ranges_are_free() -> None:
    """Refuse to start where the cluster's addresses already lead somewhere else.

    Raises UserError that names the route and the interface it belongs to.
    """
    for route in _ip("-4", "route", "show", "table", "all"):
        device, destination = route.get("dev", ""), route["dst"]
        if device == BRIDGE or destination in {"default", "0.0.0.0/0"} or "/" not in destination:
            continue
        network = ip_network(destination, strict=False)
        if isinstance(network, IPv4Network) and network.overlaps(POD_NETWORK):
            raise UserError(
                f"The embedded cluster uses {POD_NETWORK}, but this machine already has a route to "
                f"{network} through the interface '{device}'. Take that network down while you use the "
                "embedded cluster, or use another cluster with `pulumi up -s dev`."
            )


def make_bridge() -> None:
    if not succeeds(["ip", "link", "show", BRIDGE]):
        run(["ip", "link", "add", BRIDGE, "type", "bridge"])
    run(["ip", "address", "replace", f"{HOST_ADDRESS}/{MACHINE_NETWORK.prefixlen}", "dev", BRIDGE])
    run(["ip", "link", "set", BRIDGE, "up"])
    for node in NODES:
        run(["ip", "route", "replace", str(node.pods), "via", node.address, "dev", BRIDGE])


def is_wired(machine: Machine) -> bool:
    """Whether the cable is there at both ends (the host's end goes when the machine's goes)."""
    return succeeds(["ip", "link", "show", machine.plan.veth, "up"]) and succeeds(
        machine.enter(["ip", "link", "show", "eth0", "up"])
    )


def wire(machine: Machine) -> None:
    """Lay the machine's cable, give it its address, and tell it the way to every node's pods."""
    plan, pid = machine.plan, machine.first_process
    remove_link(plan.veth)
    run(["ip", "link", "add", plan.veth, "type", "veth", "peer", "name", "eth0", "netns", str(pid)])
    run(["ip", "link", "set", plan.veth, "master", BRIDGE, "up"])
    machine.run(["ip", "address", "add", f"{plan.address}/{MACHINE_NETWORK.prefixlen}", "dev", "eth0"])
    machine.run(["ip", "link", "set", "eth0", "up"])
    machine.run(["ip", "route", "add", "default", "via", HOST_ADDRESS])
    for node in NODES:
        if node != plan:
            machine.run(["ip", "route", "add", str(node.pods), "via", node.address])
    if plan.pods is not None:
        for setting in ("net.ipv4.ip_forward=1", "net.bridge.bridge-nf-call-iptables=1"):
            machine.run(["sysctl", "-q", "-w", setting])


def remove_bridge() -> None:
    """Take away the bridge, its routes, and cables whose machine is gone."""
    for link in _ip("link", "show"):
        if str(link["ifname"]).startswith(f"{BRIDGE}-"):
            remove_link(link["ifname"])
    remove_link(BRIDGE)


def remove_link(name: str) -> None:
    """Remove an interface if it is there.

    A cable also goes by itself, a moment after the machine at its other end: whoever is quicker, it is gone.
    """
    words = ["ip", "link", "delete", name]
    if not succeeds(words) and succeeds(["ip", "link", "show", name]):
        run(words)
