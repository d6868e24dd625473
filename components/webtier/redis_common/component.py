"""What the component of a Redis Cluster and that of a single Redis have in common."""

from collections.abc import Mapping, Sequence

import pulumi

from webtier.redis_common.access import CLIENT_PORT, ClientAccessSettings
from webtier.redis_common.conf import PORT
from webtier.redis_common.settings import redis_name_problem
from webtier.service_exposure.addresses import external_endpoints
from webtier.service_exposure.ports import ServicePort
from webtier.service_exposure.service import ServiceObject, make_service
from webtier.service_exposure.settings import ClusterIpExposure
from webtier.shared.children import Children


class RedisComponent(pulumi.ComponentResource):
    """A Redis by its name, and how clients reach it. ValueError for a name that is too long or no DNS label."""

    endpoint: pulumi.Output[str]
    """`host:port` for clients inside the Kubernetes cluster."""
    access_port: pulumi.Output[int | None]
    """The port on every node that leads to Redis; None if the settings want none."""
    external_endpoint: pulumi.Output[str | None]
    """`address:port` from outside; None without an access port or where the address isn't known."""

    def __init__(self, token: str, name: str, notes: Sequence[str], opts: pulumi.ResourceOptions | None = None) -> None:
        problem = redis_name_problem(name)
        if problem is not None:
            raise ValueError(f"'{name}' can't name a {token.rpartition(':')[2]}; {problem}")
        super().__init__(token, name, None, opts)
        for note in notes:
            pulumi.log.warn(f"{name}: {note}", resource=self)

    def _make_access(
        self,
        name: str,
        children: Children,
        settings: ClientAccessSettings,
        *,
        selector: Mapping[str, str],
        cluster_domain: str,
        node_address: str | None,
    ) -> None:
        """The Service `name`, and for clients outside the Service `<name>-access` if the settings want one."""
        exposure = ClusterIpExposure(kind="cluster_ip")
        inside = make_service(children, ServiceObject(name, exposure, _ports(None), selector))
        domain = (children.namespace, ".svc.", cluster_domain)
        self.endpoint = pulumi.Output.concat(inside.metadata.name, ".", *domain, f":{PORT}")
        port: int | None = settings.node_port
        address: str | None = None
        self.access_port = pulumi.Output.from_input(port)
        self.external_endpoint = pulumi.Output.from_input(address)
        exposure = settings.outside
        if exposure is None:
            return
        ports = _ports(port)
        service = make_service(children, ServiceObject(f"{name}-access", exposure, ports, selector))
        if port is None:
            self.access_port = service.spec.ports.apply(lambda ports: ports[0].node_port)
        endpoints = external_endpoints(service, exposure, ports, node_address)
        self.external_endpoint = endpoints.apply(lambda endpoints: endpoints.get(CLIENT_PORT))


def _ports(node_port: int | None) -> dict[str, ServicePort]:
    return {CLIENT_PORT: ServicePort(port=PORT, target_port=CLIENT_PORT, node_port=node_port)}
