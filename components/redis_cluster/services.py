"""How Redis is found: by its peers, by clients inside, and from outside."""

import pulumi
from pulumi_kubernetes.core.v1 import Service, ServicePortArgs, ServiceSpecArgs
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget, PodDisruptionBudgetSpecArgs

from components.redis_cluster.parts import ClusterParts
from components.redis_cluster.redis_conf import BUS_PORT, PORT

CLIENT_PORT = "redis"
BUS = "bus"


def make_nodes_service(parts: ClusterParts) -> Service:
    """A DNS name for every pod."""
    return Service(
        parts.nodes_service,
        metadata=parts.metadata(parts.nodes_service),
        spec=ServiceSpecArgs(
            cluster_ip="None",
            selector=parts.selector,
            # Peers have to find each other before any of them can be ready.
            publish_not_ready_addresses=True,
            ports=[_client_port(), ServicePortArgs(name=BUS, port=BUS_PORT, target_port=BUS)],
        ),
        opts=parts.child(),
    )


def make_client_service(parts: ClusterParts) -> Service:
    """Where a client inside the cluster begins; from there it is told of all nodes."""
    return Service(
        parts.name,
        metadata=parts.metadata(parts.name),
        spec=ServiceSpecArgs(type="ClusterIP", selector=parts.selector, ports=[_client_port()]),
        opts=parts.child(),
    )


def make_access_service(parts: ClusterParts) -> Service | None:
    """A port on every node of the Kubernetes cluster; None when the settings want none."""
    node_port = parts.settings.access.node_port
    if node_port is None:
        return None
    name = f"{parts.name}-access"
    return Service(
        name,
        metadata=parts.metadata(name),
        spec=ServiceSpecArgs(type="NodePort", selector=parts.selector, ports=[_client_port(node_port)]),
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


def _client_port(node_port: pulumi.Input[int] | None = None) -> ServicePortArgs:
    return ServicePortArgs(name=CLIENT_PORT, port=PORT, target_port=CLIENT_PORT, node_port=node_port)
