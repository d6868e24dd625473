"""Who may reach Redis over the network: plain data."""

from typing import ClassVar

from pydantic import Field

from webtier.shared.model import Cidr, DnsLabel, LabelValue, Moved, QualifiedName, Settings


class PodSelector(Settings):
    """Pods by their namespace and labels."""

    namespace: DnsLabel | None = Field(default=None, description="Their namespace; null for Redis' own.")
    labels: dict[QualifiedName, LabelValue] = Field(
        default_factory=dict, description="Labels that they all have; empty for every pod of the namespace."
    )


class NetworkPolicySettings(Settings):
    """What a NetworkPolicy lets in. Peers, agents and the kubelet always get in."""

    moved: ClassVar[Moved] = Moved(keys={"sources": "source_ranges", "bus_sources": "bus_source_ranges"})

    enabled: bool = Field(
        default=True, description="Whether there is one. It has an effect where the cluster's network enforces them."
    )
    clients: list[PodSelector] = Field(
        default_factory=lambda: [PodSelector()], description="Pods that may talk to Redis."
    )
    source_ranges: list[Cidr] = Field(
        default_factory=lambda: ["0.0.0.0/0"],
        description="CIDRs of clients outside; they count where `access` has a way in.",
    )
    bus_source_ranges: list[Cidr] = Field(
        default_factory=list,
        description="CIDRs with which pods reach the announced addresses of `access.pods`, where the cluster's "
        "network replaces their own on the way: those of the nodes.",
    )
    metrics: list[PodSelector] = Field(
        default_factory=lambda: [PodSelector(namespace="monitoring")], description="Pods that may scrape the exporters."
    )
