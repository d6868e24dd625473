"""How Redis is found by its peers."""

from pulumi_kubernetes.core.v1 import Service

from webtier.redis_cluster.parts import ClusterParts
from webtier.redis_cluster.pod.redis_conf import BUS_PORT
from webtier.redis_common.access import CLIENT_PORT
from webtier.redis_common.conf import PORT
from webtier.service_exposure.ports import ServicePort
from webtier.service_exposure.service import ServiceObject, make_service
from webtier.service_exposure.settings import HeadlessExposure

BUS = "bus"


def make_nodes_service(parts: ClusterParts) -> Service:
    """A DNS name for every pod."""
    return make_service(
        parts,
        ServiceObject(
            name=parts.nodes_service,
            # Peers have to find each other before any of them can be ready.
            exposure=HeadlessExposure(kind="headless", publish_not_ready_addresses=True),
            ports={
                CLIENT_PORT: ServicePort(port=PORT, target_port=CLIENT_PORT),
                BUS: ServicePort(port=BUS_PORT, target_port=BUS),
            },
            selector=parts.selector,
        ),
    )
