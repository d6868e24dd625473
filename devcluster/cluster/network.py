"""The network between the nodes: one bridge on the host, a veth pair to each node, routes to the pods."""

import json
from ipaddress import IPv4Network, ip_network
from typing import Any

from command_line.errors import UserError
from command_line.subprocesses import run, succeeds
from devcluster.cluster.node import Node
from devcluster.plan import BRIDGE, HOST_ADDRESS, NODE_NETWORK, NODES, POD_NETWORK


def _ip(*words: str) -> list[dict[str, Any]]:
    output = run(["ip", "-json", *words])
    return json.loads(output) if output.strip() else []


def check_ranges_are_free() -> None:
    """UserError with the route and its interface where the cluster's addresses already lead somewhere else."""
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
    run(["ip", "address", "replace", f"{HOST_ADDRESS}/{NODE_NETWORK.prefixlen}", "dev", BRIDGE])
    run(["ip", "link", "set", BRIDGE, "up"])
    for node in NODES:
        run(["ip", "route", "replace", str(node.pods), "via", node.address, "dev", BRIDGE])


def is_connected(node: Node) -> bool:
    """Whether the veth pair is there at both ends (the host's end goes when the node's goes)."""
    return succeeds(["ip", "link", "show", node.plan.veth, "up"]) and succeeds(
        node.enter(["ip", "link", "show", "eth0", "up"])
    )


def connect(node: Node) -> None:
    """Make the node's veth pair, give it its address, and the routes to the pods of every other node."""
    plan, pid = node.plan, node.first_process
    remove_link(plan.veth)
    run(["ip", "link", "add", plan.veth, "type", "veth", "peer", "name", "eth0", "netns", str(pid)])
    run(["ip", "link", "set", plan.veth, "master", BRIDGE, "up"])
    node.run(["ip", "address", "add", f"{plan.address}/{NODE_NETWORK.prefixlen}", "dev", "eth0"])
    node.run(["ip", "link", "set", "eth0", "up"])
    node.run(["ip", "route", "add", "default", "via", HOST_ADDRESS])
    for other in NODES:
        if other != plan:
            node.run(["ip", "route", "add", str(other.pods), "via", other.address])
    if plan.pods is not None:
        for setting in ("net.ipv4.ip_forward=1", "net.bridge.bridge-nf-call-iptables=1"):
            node.run(["sysctl", "-q", "-w", setting])


def remove_bridge() -> None:
    """Take away the bridge, its routes, and veth pairs whose node is gone."""
    for link in _ip("link", "show"):
        if str(link["ifname"]).startswith(f"{BRIDGE}-"):
            remove_link(link["ifname"])
    remove_link(BRIDGE)


def remove_link(name: str) -> None:
    """Remove an interface if it is there.

    A veth pair also goes by itself, a moment after the node at its other end: whoever is quicker, it is gone.
    """
    words = ["ip", "link", "delete", name]
    if not succeeds(words) and succeeds(["ip", "link", "show", name]):
        run(words)
