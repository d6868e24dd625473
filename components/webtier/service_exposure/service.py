"""The objects of one Service."""

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from pulumi_kubernetes.core.v1 import ClientIPConfigArgs, Service, ServiceSpecArgs, SessionAffinityConfigArgs
from pulumi_kubernetes.discovery.v1 import EndpointArgs, EndpointConditionsArgs, EndpointPortArgs, EndpointSlice

from webtier.service_exposure.ports import ServicePort
from webtier.service_exposure.settings import (
    WITHOUT_PODS,
    EndpointsExposure,
    Exposure,
    ExternalNameExposure,
    HeadlessExposure,
    LoadBalancerExposure,
    NodePortExposure,
)
from webtier.shared.children import Children
from webtier.shared.waiting import SKIP_AWAIT, wait_for


@dataclass(frozen=True)
class ServiceObject:
    """One Service as it is to be.

    `selector` picks its pods, and is empty for the exposures that lead elsewhere. `targets` are where ports are
    answered, by their names, if not at what each port says itself. Without `has_pods` Pulumi does not wait for the
    address of a load balancer, since some give none to a Service without pods.
    """

    name: str
    exposure: Exposure
    ports: Mapping[str, ServicePort]
    selector: Mapping[str, str] = field(default_factory=dict[str, str])
    targets: Mapping[str, int | str] = field(default_factory=dict[str, int | str])
    has_pods: bool = True


def make_service(children: Children, service: ServiceObject) -> Service:
    """The Service, and the EndpointSlice of one that leads to given addresses.

    ValueError where the selector does not fit the exposure. That the ports do is for `check_ports`.
    """
    leads_elsewhere = isinstance(service.exposure, WITHOUT_PODS)
    if leads_elsewhere == bool(service.selector):
        rule = "takes no selector" if leads_elsewhere else "needs a selector"
        raise ValueError(f"a Service of the kind '{service.exposure.kind}' {rule}")
    # Kubernetes never changes the class of a load balancer, and two of one name there can't be.
    is_balancer = isinstance(service.exposure, LoadBalancerExposure)
    # In another namespace it would have another name, but not another port.
    has_node_port = any(port.node_port for port in service.ports.values())
    made = Service(
        service.name,
        metadata=children.metadata(service.name, _annotations(service, children.labels)),
        spec=_spec(service),
        opts=children.options(
            replace_on_changes=["spec.loadBalancerClass"] if is_balancer else None,
            delete_before_replace=is_balancer or has_node_port or None,
        ),
    )
    if isinstance(service.exposure, EndpointsExposure):
        _make_slice(children, service, service.exposure)
    return made


def _annotations(service: ServiceObject, labels: Mapping[str, str]) -> Mapping[str, str]:
    exposure = service.exposure
    if not isinstance(exposure, LoadBalancerExposure):
        return SKIP_AWAIT
    if not service.has_pods:
        return {**exposure.annotations, **SKIP_AWAIT}
    content = {
        "exposure": exposure.model_dump(mode="json"),
        "ports": {name: port.model_dump(mode="json") for name, port in service.ports.items()},
        "selector": dict(service.selector),
        "targets": dict(service.targets),
    }
    return wait_for(
        ["{.status.loadBalancer.ingress[0]}"],
        labels=labels,
        annotations=exposure.annotations,
        content=json.dumps(content, sort_keys=True),
    )


def _spec(service: ServiceObject) -> ServiceSpecArgs:
    exposure = service.exposure
    ports = [port.as_args(name, service.targets.get(name)) for name, port in service.ports.items()]
    match exposure:
        case ExternalNameExposure():
            return ServiceSpecArgs(type="ExternalName", external_name=exposure.host, ports=ports or None)
        case HeadlessExposure():
            return ServiceSpecArgs(
                cluster_ip="None",
                selector=service.selector,
                publish_not_ready_addresses=exposure.publish_not_ready_addresses or None,
                ports=ports,
            )
        case LoadBalancerExposure():
            spec = ServiceSpecArgs(
                type="LoadBalancer",
                external_traffic_policy=exposure.external_traffic_policy,
                load_balancer_class=exposure.load_balancer_class,
                load_balancer_source_ranges=exposure.source_ranges or None,
            )
        case NodePortExposure():
            spec = ServiceSpecArgs(type="NodePort", external_traffic_policy=exposure.external_traffic_policy)
        case _:
            spec = ServiceSpecArgs(type="ClusterIP")
    spec.selector = service.selector or None
    spec.ports = ports
    if exposure.client_ip_affinity_seconds is not None:
        spec.session_affinity = "ClientIP"
        spec.session_affinity_config = SessionAffinityConfigArgs(
            client_ip=ClientIPConfigArgs(timeout_seconds=exposure.client_ip_affinity_seconds)
        )
    return spec


def _make_slice(children: Children, service: ServiceObject, exposure: EndpointsExposure) -> EndpointSlice:
    # Its kind of address can't be changed, so that a slice of the other kind needs another name.
    family = f"IPv{ipaddress.ip_address(exposure.addresses[0]).version}"
    name = f"{service.name}-{family.lower()}"
    # What ties it to its Service, and keeps Kubernetes' own controllers away from it.
    ties = {"kubernetes.io/service-name": service.name, "endpointslice.kubernetes.io/managed-by": "webtier"}
    return EndpointSlice(
        name,
        metadata=children.labelled({**children.labels, **ties}).metadata(name),
        address_type=family,
        endpoints=[
            EndpointArgs(addresses=[address], conditions=EndpointConditionsArgs(ready=True))
            for address in exposure.addresses
        ],
        ports=[
            EndpointPortArgs(name=name, port=int(port.target), protocol=port.protocol, app_protocol=port.app_protocol)
            for name, port in service.ports.items()
        ],
        opts=children.options(),
    )
