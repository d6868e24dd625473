"""The component: one Service of any kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from webtier.service_exposure.addresses import external_endpoints
from webtier.service_exposure.ports import ServicePort
from webtier.service_exposure.service import ServiceObject, make_service
from webtier.service_exposure.settings import Exposure, check_ports
from webtier.shared.children import Children, register_declared_outputs
from webtier.shared.labels import recommended_labels

RESOURCE_TYPE = "webtier:index:ServiceExposure"

WAIT = "5m"
"""For a pod behind the Service, and for its load balancer's address."""


@dataclass
class ServiceExposureArgs:
    """What a `ServiceExposure` is made from.

    `selector` picks the pods; it must be empty for an external name and for given endpoints. `labels` are put on
    the objects besides the recommended ones. `node_address` is where NodePorts are reached from outside, None
    where that is not known. With `has_pods` False no pod is waited for.
    """

    exposure: Exposure
    ports: Mapping[str, ServicePort]
    namespace: pulumi.Input[str]
    selector: Mapping[str, str] = field(default_factory=dict[str, str])
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    node_address: str | None = None
    has_pods: bool = True


class ServiceExposure(pulumi.ComponentResource):
    """One Service, called as the component. pydantic's ValidationError for ports that don't fit the exposure."""

    service_name: pulumi.Output[str]
    """The Service's name in its namespace."""
    host: pulumi.Output[str]
    """Where pods of the cluster reach it: `name.namespace.svc`."""
    external_endpoints: pulumi.Output[Mapping[str, str]]
    """`address:port` from outside for each port by its name; empty where there is none or none is known."""

    def __init__(self, name: str, args: ServiceExposureArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_ports(args.ports, args.exposure)
        super().__init__(RESOURCE_TYPE, name, None, opts)
        children = Children(
            parent=self,
            namespace=pulumi.Output.from_input(args.namespace),
            labels={**args.labels, **recommended_labels(name, name, "service")},
            timeout=WAIT,
            delete_timeout=WAIT,
        )
        service = make_service(
            children, ServiceObject(name, args.exposure, args.ports, args.selector, has_pods=args.has_pods)
        )
        self.service_name = service.metadata.name
        self.host = pulumi.Output.concat(service.metadata.name, ".", service.metadata.namespace, ".svc")
        self.external_endpoints = external_endpoints(service, args.exposure, args.ports, args.node_address)
        register_declared_outputs(self, ServiceExposure)
