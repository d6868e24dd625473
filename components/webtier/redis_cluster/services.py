"""How Redis is found: by its peers, by clients inside, and from outside."""

from pulumi_kubernetes.core.v1 import Service
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget, PodDisruptionBudgetSpecArgs

from webtier.redis_cluster.parts import ClusterParts
from webtier.redis_cluster.pod.redis_conf import BUS_PORT, PORT
from webtier.redis_common.access import CLIENT_PORT, ClientAccess, make_client_access
from webtier.service_exposure.ports import ServicePort
from webtier.service_exposure.service import ServiceObject, make_service
from webtier.service_exposure.settings import HeadlessExposure

BUS = "bus"


def make_nodes_service(parts: ClusterParts) -> Service:
    """A DNS name for every pod."""
    return make_service(
        ServiceObject(
            name=parts.nodes_service,
            namespace=parts.namespace,
            # Peers have to find each other before any of them can be ready.
            exposure=HeadlessExposure(kind="headless", publish_not_ready_addresses=True),
            ports={
                CLIENT_PORT: ServicePort(port=PORT, target_port=CLIENT_PORT),
                BUS: ServicePort(port=BUS_PORT, target_port=BUS),
            },
            labels=parts.own_labels,
            selector=parts.selector,
        ),
        parts.child(),
    )


def make_services_for_clients(parts: ClusterParts, node_address: str | None) -> ClientAccess:
    """Where a client begins, inside and outside the cluster; from there it is told of all nodes."""
    return make_client_access(
        parts.name,
        parts.settings.access,
        namespace=parts.namespace,
        labels=parts.own_labels,
        selector=parts.selector,
        cluster_domain=parts.settings.cluster_domain,
        node_address=node_address,
        opts=parts.child(),
    )


def make_disruption_budget(parts: ClusterParts) -> PodDisruptionBudget:
    """One for the whole cluster: one for each shard would let two masters go at once."""
    return PodDisruptionBudget(
        parts.name,
        metadata=parts.metadata(parts.name),
        spec=PodDisruptionBudgetSpecArgs(max_unavailable=1, selector=LabelSelectorArgs(match_labels=parts.selector)),
        opts=parts.child(),
    )
