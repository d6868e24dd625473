"""How clients find a Redis: the Service inside the cluster, and the one for those outside."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pydantic import Field

from webtier.redis_common.conf import PORT
from webtier.service_exposure.addresses import external_endpoints
from webtier.service_exposure.ports import ServicePort
from webtier.service_exposure.service import ServiceObject, make_service
from webtier.service_exposure.settings import ClusterIpExposure, NodePortExposure, OutsideExposure
from webtier.shared.children import Children
from webtier.shared.model import NodePort, Settings

CLIENT_PORT = "redis"
"""The name of the port, of Services as of containers."""


class ClientAccessSettings(Settings):
    """How clients outside of the cluster reach Redis."""

    node_port: NodePort | None = Field(
        default=None, description="A port on every node that leads to this Redis; null for none, or for any."
    )
    exposure: OutsideExposure | None = Field(
        default=None,
        description="The Service for clients outside; null for the kind `node_port` if there is a `node_port`, and "
        "else for no such Service.",
    )

    @property
    def outside(self) -> OutsideExposure | None:
        """What `exposure` stands for."""
        if self.exposure is None and self.node_port is not None:
            return NodePortExposure(kind="node_port")
        return self.exposure


@dataclass(frozen=True)
class ClientAccess:
    """How one Redis is reached.

    `endpoint` is `host:port` inside the Kubernetes cluster. `port` is on every node; `external_endpoint` is
    `address:port` from outside: None where there is none.
    """

    endpoint: pulumi.Output[str]
    port: pulumi.Output[int | None]
    external_endpoint: pulumi.Output[str | None]


def make_client_access(
    name: str,
    children: Children,
    settings: ClientAccessSettings,
    *,
    selector: Mapping[str, str],
    cluster_domain: str,
    node_address: str | None,
) -> ClientAccess:
    """The Service `name`, and for clients outside the Service `<name>-access` if the settings want one."""
    inside = make_service(children, ServiceObject(name, ClusterIpExposure(kind="cluster_ip"), _ports(None), selector))
    endpoint = pulumi.Output.concat(inside.metadata.name, ".", children.namespace, ".svc.", cluster_domain, f":{PORT}")
    exposure = settings.outside
    if exposure is None:
        no_port: int | None = None
        no_endpoint: str | None = None
        return ClientAccess(endpoint, pulumi.Output.from_input(no_port), pulumi.Output.from_input(no_endpoint))
    ports = _ports(settings.node_port)
    service = make_service(children, ServiceObject(f"{name}-access", exposure, ports, selector))
    port = (
        service.spec.ports.apply(lambda ports: ports[0].node_port)
        if settings.node_port is None
        else pulumi.Output.from_input(settings.node_port)
    )
    endpoints = external_endpoints(service, exposure, ports, node_address)
    return ClientAccess(endpoint, port, endpoints.apply(lambda endpoints: endpoints.get(CLIENT_PORT)))


def _ports(node_port: int | None) -> dict[str, ServicePort]:
    return {CLIENT_PORT: ServicePort(port=PORT, target_port=CLIENT_PORT, node_port=node_port)}
