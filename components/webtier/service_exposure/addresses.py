"""Where a Service answers outside of the cluster."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.core.v1 import Service
from pulumi_kubernetes.core.v1.outputs import ServiceStatus

from webtier.service_exposure.ports import ServicePort
from webtier.service_exposure.settings import Exposure, LoadBalancerExposure, NodePortExposure


def external_endpoints(
    service: Service, exposure: Exposure, ports: Mapping[str, ServicePort], node_address: str | None
) -> pulumi.Output[Mapping[str, str]]:
    """Each port's `address:port` by the port's name; empty for none, or where the address isn't known.

    `node_address` is where NodePorts are reached from outside. Fixed NodePorts are known before the Service is.
    """
    match exposure:
        case LoadBalancerExposure():
            return service.status.apply(
                lambda status: _endpoints(balancer_address(status), {name: port.port for name, port in ports.items()})
            )
        case NodePortExposure():
            fixed = {name: port.node_port for name, port in ports.items() if port.node_port is not None}
            if len(fixed) == len(ports):
                return pulumi.Output.from_input(_endpoints(node_address, fixed))
            return service.spec.ports.apply(
                lambda made: _endpoints(
                    node_address, {port.name or "": port.node_port for port in made if port.node_port is not None}
                )
            )
        case _:
            return pulumi.Output.from_input({})


def _endpoints(address: str | None, ports: Mapping[str, int]) -> Mapping[str, str]:
    return {} if address is None else {name: f"{bracketed(address)}:{port}" for name, port in ports.items()}


def balancer_address(status: ServiceStatus | None) -> str | None:
    """The name or address that a load balancer got; None while it has none."""
    entries = status.load_balancer.ingress if status and status.load_balancer else None
    return (entries[0].hostname or entries[0].ip) if entries else None


def bracketed(address: str) -> str:
    """The address as it stands before a port: IPv6 in brackets."""
    return f"[{address}]" if ":" in address else address
