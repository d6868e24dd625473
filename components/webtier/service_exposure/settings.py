"""How a Service is reached, and what it leads to: plain data."""

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from webtier.service_exposure.ports import ServicePort, ServicePorts, check_each_port_once
from webtier.shared.addresses import is_address
from webtier.shared.model import Cidr, DnsName, QualifiedName, Settings
from webtier.shared.problems import checked, wrong_setting
from webtier.shared.user_labels import UserLabels

TrafficPolicy = Literal["Cluster", "Local"]

MOST_ADDRESSES = 100
"""What an EndpointSlice of Kubernetes' own holds."""


def _host_problem(host: str) -> str | None:
    if host != "localhost" and not host.rpartition(".")[2].isdecimal():
        return None
    return "allowed: a DNS name of something else, such as 'db.example.com'; for an address use the kind 'endpoints'"


def _address_problem(text: str) -> str | None:
    if not is_address(text):
        return "allowed: an IP address, such as '192.0.2.7'"
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return (
            f"did you mean '{address.ipv4_mapped}'? allowed: an IPv4 address as such, and not within an IPv6 one, "
            "which Kubernetes refuses"
        )
    if address.is_unspecified or address.is_loopback or address.is_link_local or address.is_multicast:
        return "allowed: an address of one machine, none that is loopback, link-local or multicast"
    return None


ExternalHost = Annotated[DnsName, checked(_host_problem)]
EndpointAddress = Annotated[
    str, checked(_address_problem), AfterValidator(lambda address: str(ipaddress.ip_address(address)))
]
"""In its shortest form."""


class _WithAffinity(Settings):
    client_ip_affinity_seconds: int | None = Field(
        default=None,
        ge=1,
        le=86400,
        description="A client address stays with the same pod until it has been silent for so long; null for no "
        "session affinity.",
    )


class ClusterIpExposure(_WithAffinity):
    """One address inside the cluster."""

    kind: Literal["cluster_ip"] = Field(description="An address inside the cluster alone.")


class _FromOutside(_WithAffinity):
    external_traffic_policy: TrafficPolicy = Field(
        default="Cluster", description="`Local` keeps the client's address, but only nodes with a pod answer."
    )


class NodePortExposure(_FromOutside):
    """Also a port on every node."""

    kind: Literal["node_port"] = Field(description="Also a port on every node.")


class LoadBalancerFields(Settings):
    """What a cloud is told about a load balancer."""

    load_balancer_class: QualifiedName | None = Field(
        default=None, description="Which implementation makes it; null for the cluster's default."
    )
    annotations: dict[QualifiedName, str] = Field(
        default_factory=dict, description="For the Service, such as the cloud's own for internal balancers."
    )
    source_ranges: list[Cidr] = Field(
        default_factory=list, description="CIDRs of clients that are let in; empty for all."
    )


class LoadBalancerExposure(LoadBalancerFields, _FromOutside):
    """Also a load balancer of the cloud's."""

    kind: Literal["load_balancer"] = Field(description="Also a load balancer, where the cluster has them.")


class HeadlessExposure(Settings):
    """No address of its own: the name stands for the pods' addresses."""

    kind: Literal["headless"] = Field(description="No address: the name resolves to those of the pods.")
    publish_not_ready_addresses: bool = Field(
        default=False, description="Whether the name also stands for pods that are not ready."
    )


class ExternalNameExposure(Settings):
    """Another name for a host elsewhere: an alias in DNS, nothing more."""

    kind: Literal["external_name"] = Field(description="An alias in DNS. Path rules can't use it.")
    host: ExternalHost = Field(description="What it is an alias of, without a final dot.")


class EndpointsExposure(_WithAffinity):
    """One address inside the cluster that leads to given ones: a Service without a selector."""

    kind: Literal["endpoints"] = Field(description="An address inside the cluster that leads to `addresses`.")
    addresses: list[EndpointAddress] = Field(
        min_length=1, max_length=MOST_ADDRESSES, description="IP addresses, all IPv4 or all IPv6."
    )

    @model_validator(mode="after")
    def _addresses_are_of_one_kind(self) -> "EndpointsExposure":
        version = ipaddress.ip_address(self.addresses[0]).version
        for number, address in enumerate(self.addresses):
            if ipaddress.ip_address(address).version != version:
                raise wrong_setting(
                    ("addresses", number),
                    f"addresses[0] is an IPv{version} one, and a Service here has one of the two kinds; allowed: "
                    "addresses of one kind",
                    address,
                )
            first = self.addresses.index(address)
            if first < number:
                raise wrong_setting(
                    ("addresses", number), f"addresses[{first}] is the same; allowed: each address once", address
                )
        return self


PodExposure = Annotated[
    ClusterIpExposure | NodePortExposure | LoadBalancerExposure | HeadlessExposure, Field(discriminator="kind")
]
"""Of a Service in front of pods."""

OutsideExposure = Annotated[NodePortExposure | LoadBalancerExposure, Field(discriminator="kind")]
"""Of a Service for clients outside of the cluster."""

ExternalTarget = Annotated[ExternalNameExposure | EndpointsExposure, Field(discriminator="kind")]
"""Of a Service that leads out of the cluster."""

Exposure = PodExposure | ExternalTarget

WITH_NODE_PORTS = (NodePortExposure, LoadBalancerExposure)
WITHOUT_PODS = (ExternalNameExposure, EndpointsExposure)


def check_ports(ports: Mapping[str, ServicePort], exposure: Exposure) -> None:
    """ValidationError, at a place below `ports`, for what Kubernetes would refuse or leave unanswered."""
    if not ports and not isinstance(exposure, ExternalNameExposure):
        raise wrong_setting(("ports",), "allowed: at least one port by its name, such as {http: {port: 80}}", ports)
    check_each_port_once(ports)
    for name, port in sorted(ports.items()):
        if port.node_port is not None and not isinstance(exposure, WITH_NODE_PORTS):
            why = "has no address to open it for" if isinstance(exposure, HeadlessExposure) else "opens none"
            raise wrong_setting(
                ("ports", name, "node_port"),
                f"the kind '{exposure.kind}' {why}; allowed: null, or the kind 'node_port' or 'load_balancer'",
                port.node_port,
            )
        if isinstance(port.target_port, str) and isinstance(exposure, WITHOUT_PODS):
            raise wrong_setting(
                ("ports", name, "target_port"),
                f"the kind '{exposure.kind}' has no container whose port could have a name; allowed: a number",
                port.target_port,
            )


class ExternalServiceSettings(Settings):
    """A Service for something that does not run in the cluster, or not in this stack."""

    target: ExternalTarget = Field(description="What it leads to.")
    ports: ServicePorts = Field(
        default_factory=dict, description="Its ports by name. An alias needs none: it has those of its host."
    )
    labels: UserLabels = Field(default_factory=dict, description="Labels of your own.")

    @property
    def routable_ports(self) -> ServicePorts:
        """Those that path rules can lead to: none of an alias.

        ingress-nginx could pass requests on to an alias, but it would send the client's own Host header, would not
        check a certificate of the other side, and would reach other namespaces' Services around all that keeps them
        apart; and the Gateway API tells controllers not to.
        """
        return self.ports if isinstance(self.target, EndpointsExposure) else {}

    @model_validator(mode="after")
    def _ports_fit(self) -> "ExternalServiceSettings":
        check_ports(self.ports, self.target)
        return self
