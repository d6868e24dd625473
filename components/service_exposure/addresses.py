"""Where a Service answers outside of the cluster."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.core.v1 import Service
from pulumi_kubernetes.core.v1.outputs import ServicePort, ServiceStatus

from components.service_exposure.settings import Exposure, LoadBalancerExposure, NodePortExposure


def external_endpoints(
    service: Service, exposure: Exposure, node_address: str | None
) -> pulumi.Output[Mapping[str, str]]:
    """Each port's `address:port` by the port's name; empty for none, or where the address isn't known.

    `node_address` is where NodePorts are reached from outside.
    """
    match exposure:
        case LoadBalancerExposure():
            ports = service.spec.ports
            return service.status.apply(
                lambda status: ports.apply(lambda ports: _at_balancer(balancer_address(status), ports))
            )
        case NodePortExposure() if node_address is not None:
            return service.spec.ports.apply(lambda ports: _at_node(node_address, ports))
        case _:
            none: Mapping[str, str] = {}
            return pulumi.Output.from_input(none)


def balancer_address(status: ServiceStatus | None) -> str | None:
    """The name or address that a load balancer got; None while it has none."""
    entries = status.load_balancer.ingress if status and status.load_balancer else None
    return (entries[0].hostname or entries[0].ip) if entries else None


def _at_balancer(address: str | None, ports: Sequence[ServicePort]) -> Mapping[str, str]:
    return {port.name or "": f"{bracketed(address)}:{port.port}" for port in ports} if address else {}


def _at_node(address: str, ports: Sequence[ServicePort]) -> Mapping[str, str]:
    return {port.name or "": f"{bracketed(address)}:{port.node_port}" for port in ports if port.node_port}


def bracketed(address: str) -> str:
    """The address as it stands before a port: IPv6 in brackets."""
    return f"[{address}]" if ":" in address else address
