"""The cluster's fixed plan: names, addresses and ranges."""

from dataclasses import dataclass
from ipaddress import IPv4Network

BRIDGE = "webtier0"
NODE_NETWORK = IPv4Network("10.79.0.0/24")
POD_NETWORK = IPv4Network("10.79.0.0/16")
SERVICE_NETWORK = IPv4Network("10.96.0.0/16")
HOST_ADDRESS = "10.79.0.1"
API_SERVICE_ADDRESS = "10.96.0.1"
DNS_ADDRESS = "10.96.0.10"
CLUSTER_DOMAIN = "cluster.local"
CONTEXT = "webtier-local"
CGROUP = "webtier"
"""The cgroup, in every hierarchy, below which each node has its own."""
LOCAL_VOLUMES = "/var/lib/webtier-volumes"
"""Below this path on a node, the folder of every `local` PersistentVolume is made for it."""


@dataclass(frozen=True)
class NodePlan:
    """A node, or the control plane, is a process tree with namespaces of its own: mount, pid, network, uts and ipc."""

    name: str
    address: str
    pods: IPv4Network | None = None
    zone: str | None = None

    @property
    def veth(self) -> str:
        """The host's end of the node's veth pair; interface names hold 15 characters."""
        return f"{BRIDGE}-{self.name.removeprefix('webtier-')[:6]}"


CONTROL_PLANE = NodePlan("webtier-control", "10.79.0.10")
NODES = tuple(
    NodePlan(f"webtier-{zone}", f"10.79.0.{10 + i}", IPv4Network(f"10.79.{i}.0/24"), zone)
    for i, zone in enumerate("abc", start=1)
)
API_URL = f"https://{CONTROL_PLANE.address}:6443"
