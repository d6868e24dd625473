"""How Redis is reached from outside of the Kubernetes cluster: plain data."""

from typing import Annotated, Literal

from pydantic import Field

from webtier.redis_common.access import ClientAccessSettings
from webtier.service_exposure.settings import LoadBalancerFields
from webtier.shared.model import Cidr, NodePort, Settings

PORTS_A_SHARD = 22
"""A pair of ports, for clients and for the bus, for the master and each of at most ten replicas."""


class PodNodePorts(Settings):
    """Every pod is announced with its own node's address and two NodePorts.

    Clients have to reach the nodes at their InternalIP, and so have the pods. Member m of shard s has the ports
    `first` + 22 s + 2 m for clients and the next one for the bus: they stay when the cluster grows or shrinks.
    """

    kind: Literal["node_ports"] = Field(description="A NodePort Service for each pod.")
    first: NodePort = Field(default=30100, description="The first of 22 NodePorts a shard, which must all be free.")

    def ports(self, shards: int) -> range:
        """All NodePorts that belong to so many shards."""
        return range(self.first, self.first + PORTS_A_SHARD * shards)

    def client_port(self, shard: int, member: int) -> int:
        """The bus has the next one."""
        return self.first + PORTS_A_SHARD * shard + 2 * member


class PodLoadBalancers(LoadBalancerFields):
    """Every pod is announced with the address of a load balancer of its own.

    The balancers must give IP addresses, not names, and pods have to reach them too: bus and replication use
    the announced addresses.
    """

    kind: Literal["load_balancers"] = Field(description="A LoadBalancer Service for each pod.")
    source_ranges: list[Cidr] = Field(
        default_factory=list, description="CIDRs of clients that are let in; empty for all. Pods must be among them."
    )


PodAccess = Annotated[PodNodePorts | PodLoadBalancers, Field(discriminator="kind")]


class AccessSettings(ClientAccessSettings):
    """How Redis is reached from outside the cluster."""

    node_port: NodePort | None = Field(
        default=30010, description="A port on every node that leads to some Redis node; null for none, or for any."
    )
    pods: PodAccess | None = Field(
        default=None,
        description="How a cluster client outside follows a redirect to one certain pod; null if there is none: pods "
        "are then announced by names that only resolve inside.",
    )
