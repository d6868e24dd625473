"""A Service for each pod, and the address with which the pod is announced, for clients outside the cluster."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap, Service, ServicePortArgs, ServiceSpecArgs

from webtier.redis_cluster.access_settings import PodAccess, PodLoadBalancers, PodNodePorts
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
    for pod, shard, member in _pods(parts):
        service = _service(parts, access, shard, member)
        services.setdefault(shard, []).append(service)
        data[pod] = _announcement(parts, access, shard, member, service)
    return Announcements(ConfigMap(name, metadata=parts.metadata(name), data=data, opts=parts.options()), services)


def _pods(parts: ClusterParts) -> Iterator[tuple[str, int, int]]:
    for shard in range(parts.settings.shards):
        for member in range(parts.settings.members_per_shard):
            yield f"{parts.shard_name(shard)}-{member}", shard, member


def _service(parts: ClusterParts, access: PodAccess, shard: int, member: int) -> Service:
    pod = f"{parts.shard_name(shard)}-{member}"
    parts = parts.shard(shard)
    port = access.client_port(shard, member) if isinstance(access, PodNodePorts) else None
    return Service(
        pod,
        metadata=parts.metadata(pod, _annotations(access, parts.labels)),
        spec=ServiceSpecArgs(
            type="NodePort" if isinstance(access, PodNodePorts) else "LoadBalancer",
            selector={**parts.selector, "statefulset.kubernetes.io/pod-name": pod},
            # Peers have to reach it before it can be ready.
            publish_not_ready_addresses=True,
            # The pod is announced with its own node's address, so that no packet needs a second hop.
            external_traffic_policy="Local",
            load_balancer_class=access.load_balancer_class if isinstance(access, PodLoadBalancers) else None,
            load_balancer_source_ranges=access.source_ranges or None if isinstance(access, PodLoadBalancers) else None,
            ports=[
                ServicePortArgs(name=CLIENT_PORT, port=PORT, target_port=CLIENT_PORT, node_port=port),
                ServicePortArgs(name=BUS, port=BUS_PORT, target_port=BUS, node_port=None if port is None else port + 1),
            ],
        ),
        opts=parts.options(),
    )


def _annotations(access: PodAccess, labels: Mapping[str, str]) -> Mapping[str, str]:
    """Pulumi would wait for a pod behind the Service, and the pod may wait for the Service's address."""
    if isinstance(access, PodNodePorts):
        return SKIP_AWAIT
    return wait_for(
        ["{.status.loadBalancer.ingress[0].ip}"],
        labels=labels,
        annotations=access.annotations,
        content=access.model_dump_json(),
    )


def _announcement(
    parts: ClusterParts, access: PodAccess, shard: int, member: int, service: Service
) -> pulumi.Input[str]:
    if isinstance(access, PodNodePorts):
        port = access.client_port(shard, member)
        return f"{HOST} {port} {port + 1}"
    return service.status.apply(lambda status: f"{_balancer_ip(parts, shard, member, status)} {PORT} {BUS_PORT}")


def _balancer_ip(parts: ClusterParts, shard: int, member: int, status: object) -> str:
    ingress = cast("Sequence[object]", getattr(getattr(status, "load_balancer", None), "ingress", None) or ())
    ip = getattr(ingress[0], "ip", None) if ingress else None
    if not isinstance(ip, str) or not ip:
        raise ValueError(
            f"the load balancer of {parts.shard_name(shard)}-{member} has no IP address, and Redis can announce no "
            "other; use a load balancer that has one, or access.pods of kind node_ports"
        )
    return ip
