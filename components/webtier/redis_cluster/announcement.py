"""A Service for each pod, and the address with which the pod is announced, for clients outside the cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap, Service, ServicePortArgs, ServiceSpecArgs

from webtier.redis_cluster.access_settings import PodLoadBalancers, PodNodePorts
from webtier.redis_cluster.parts import ClusterParts
from webtier.redis_cluster.pod.redis_conf import BUS_PORT
from webtier.redis_cluster.services import BUS
from webtier.redis_common.access import CLIENT_PORT
from webtier.redis_common.conf import PORT
from webtier.shared.waiting import SKIP_AWAIT, wait_for

HOST = "host"
"""In place of an address: that of the node which the pod runs on."""


@dataclass(frozen=True)
class Announcements:
    """`config_map` says pod → `address port bus-port`; `services` are the pods', by shard."""

    config_map: ConfigMap
    services: Mapping[int, Sequence[Service]]


def make_announcements(parts: ClusterParts) -> Announcements | None:
    """None when clients inside are all there are.

    The ConfigMap is not part of the pods' template, so that a new shard restarts no pod.
    """
    access = parts.settings.access.pods
    if access is None:
        return None
    name = f"{parts.name}-announced"
    data: dict[str, pulumi.Input[str]] = {}
    services: dict[int, list[Service]] = {}
    for shard in range(parts.settings.shards):
        for member in range(parts.settings.members_per_shard):
            pod = f"{parts.shard_name(shard)}-{member}"
            if isinstance(access, PodNodePorts):
                port = access.client_port(shard, member)
                service = _make_service(parts.shard(shard), pod, node_port=port)
                data[pod] = f"{HOST} {port} {port + 1}"
            else:
                service = _make_service(parts.shard(shard), pod, balancer=access)
                data[pod] = service.status.apply(partial(_balancer_address, pod))
            services.setdefault(shard, []).append(service)
    return Announcements(ConfigMap(name, metadata=parts.metadata(name), data=data, opts=parts.options()), services)


def _make_service(
    parts: ClusterParts, pod: str, *, node_port: int | None = None, balancer: PodLoadBalancers | None = None
) -> Service:
    spec = ServiceSpecArgs(
        type="NodePort",
        selector={**parts.selector, "statefulset.kubernetes.io/pod-name": pod},
        # Peers have to reach it before it can be ready.
        publish_not_ready_addresses=True,
        # The pod is announced with its own node's address, so that no packet needs a second hop.
        external_traffic_policy="Local",
        ports=[
            ServicePortArgs(name=CLIENT_PORT, port=PORT, target_port=CLIENT_PORT, node_port=node_port),
            ServicePortArgs(name=BUS, port=BUS_PORT, target_port=BUS, node_port=node_port + 1 if node_port else None),
        ],
    )
    # Pulumi would wait for a pod behind the Service, and the pod may wait for the address of its load balancer.
    annotations = SKIP_AWAIT
    if balancer is not None:
        spec.type = "LoadBalancer"
        spec.load_balancer_class = balancer.load_balancer_class
        spec.load_balancer_source_ranges = balancer.source_ranges or None
        ip = "{.status.loadBalancer.ingress[0].ip}"
        own, content = balancer.annotations, balancer.model_dump_json()
        annotations = wait_for([ip], labels=parts.labels, annotations=own, content=content)
    # In another namespace it would have another name, but not another port.
    opts = parts.options(delete_before_replace=node_port is not None or None)
    return Service(pod, metadata=parts.metadata(pod, annotations), spec=spec, opts=opts)


def _balancer_address(pod: str, status: object) -> str:
    ingress = cast("Sequence[object]", getattr(getattr(status, "load_balancer", None), "ingress", None) or ())
    ip = getattr(ingress[0], "ip", None) if ingress else None
    if not isinstance(ip, str) or not ip:
        raise ValueError(
            f"the load balancer of {pod} has no IP address, and Redis can announce no other; use a load balancer that "
            "has one, or access.pods of kind node_ports"
        )
    return f"{ip} {PORT} {BUS_PORT}"
