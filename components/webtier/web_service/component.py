"""The component: all objects of one web service."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap, ServiceAccount

from webtier.service_exposure.addresses import external_endpoints
from webtier.service_exposure.ports import main_port
from webtier.service_exposure.service import ServiceObject, make_service
from webtier.service_exposure.settings import HeadlessExposure
from webtier.shared.children import Children, register_declared_outputs
from webtier.shared.labels import recommended_labels
from webtier.shared.pods import make_disruption_budget
from webtier.web_service.autoscaling import make_autoscaler
from webtier.web_service.deployment import make_deployment
from webtier.web_service.settings import WebServiceSettings, application_and_version

RESOURCE_TYPE = "webtier:index:WebService"


@dataclass
class WebServiceArgs:
    """What a `WebService` is made from.

    `labels` are put on every object besides the recommended ones and the settings' own. `node_address` is where
    NodePorts are reached from outside, None where that is not known.
    """

    settings: WebServiceSettings
    namespace: pulumi.Input[str]
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    node_address: str | None = None


class WebService(pulumi.ComponentResource):
    """A Deployment and its Service, both called as the component; label `app: <name>`."""

    service_name: pulumi.Output[str]
    """The Service's name in its namespace, known once it has a ready pod behind it."""
    port: pulumi.Output[int]
    """The Service's port `http`, or else that for TCP with the lowest number."""
    ports: pulumi.Output[Mapping[str, int]]
    """All ports of the Service by name."""
    url: pulumi.Output[str]
    """Where pods of the cluster reach it: `http://name.namespace.svc:port`."""
    external_endpoints: pulumi.Output[Mapping[str, str]]
    """`address:port` from outside for each port by its name; empty where there is none or none is known."""

    def __init__(self, name: str, args: WebServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(RESOURCE_TYPE, name, None, opts)
        settings = args.settings
        application, version = application_and_version(name, settings)
        children = Children(
            parent=self,
            namespace=pulumi.Output.from_input(args.namespace),
            labels={
                **args.labels,
                **settings.labels,
                "app": name,
                **recommended_labels(application, name, "web-service", version),
            },
            timeout=f"{settings.rollout.timeout_seconds}s",
            delete_timeout="5m",
        )
        # Immutable once deployed, so it is nothing that a setting could ever change.
        selector = {"app": name, "app.kubernetes.io/instance": name}

        deployment = make_deployment(
            name,
            children,
            settings,
            selector,
            config_map=_make_config_map(name, children, settings),
            service_account=_make_account(name, children, settings),
        )
        service = make_service(
            children,
            ServiceObject(
                name=name,
                exposure=settings.exposure,
                ports=dict(sorted(settings.ports.items())),
                selector=selector,
                targets=settings.targets,
                has_pods=settings.fewest_pods > 0,
            ),
        )
        if settings.autoscaling is not None:
            make_autoscaler(name, children, settings.autoscaling, deployment.metadata.name)
        budget = settings.budget
        if budget is not None and settings.fewest_pods >= 2:
            make_disruption_budget(
                name, children, selector, max_unavailable=budget.max_unavailable, min_available=budget.min_available
            )

        _, main = main_port(settings.ports) or next(iter(settings.ports.items()))
        # A headless Service leads straight to the pods, whatever its own port says.
        reached = main.target if isinstance(settings.exposure, HeadlessExposure) else main.port
        self.service_name = service.metadata.name
        self.port = pulumi.Output.from_input(main.port)
        self.ports = pulumi.Output.from_input({key: port.port for key, port in settings.ports.items()})
        self.url = pulumi.Output.format(
            "http://{0}.{1}.svc:{2}", service.metadata.name, service.metadata.namespace, reached
        )
        self.external_endpoints = external_endpoints(service, settings.exposure, settings.ports, args.node_address)
        register_declared_outputs(self, WebService)


def _make_config_map(name: str, children: Children, settings: WebServiceSettings) -> pulumi.Input[str] | None:
    data = settings.volumes.config_data()
    if not data:
        return None
    files = f"{name}-files"
    made = ConfigMap(files, metadata=children.metadata(files), data=data, opts=children.options())
    return made.metadata.name


def _make_account(name: str, children: Children, settings: WebServiceSettings) -> pulumi.Input[str]:
    wanted = settings.service_account
    if wanted.name is not None:
        return wanted.name
    account = ServiceAccount(
        name,
        metadata=children.metadata(name, wanted.annotations or None),
        automount_service_account_token=False,
        opts=children.options(),
    )
    return account.metadata.name
