"""The component: all objects of one web service."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap, ServiceAccount
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from webtier.service_exposure.addresses import external_endpoints
from webtier.service_exposure.ports import main_port
from webtier.service_exposure.service import ServiceObject, make_service
from webtier.service_exposure.settings import HeadlessExposure
from webtier.shared.labels import recommended_labels
from webtier.shared.waiting import rolled_out, wait_for
from webtier.web_service.autoscaling import make_autoscaler
from webtier.web_service.availability import make_budget
from webtier.web_service.deployment import Workload, make_deployment
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
        self._name = name
        self._args = args
        self._settings = settings = args.settings
        application, version = application_and_version(name, settings)
        # Immutable once deployed, so it is nothing that a setting could ever change.
        self._selector = {"app": name, "app.kubernetes.io/instance": name}
        self._labels = {
            **args.labels,
            **settings.labels,
            "app": name,
            **recommended_labels(application, name, "web-service", version),
        }

        config_map = self._config_map()
        workload = Workload(
            settings=settings,
            # An autoscaler of before, or `kubectl scale`, goes on owning the number of pods, and a number that is set
            # here would be a conflict from then on.
            metadata=self._metadata(
                name,
                wait_for(
                    rolled_out(None if settings.autoscaling else settings.replicas),
                    labels=self._labels,
                    annotations={} if settings.autoscaling else {"pulumi.com/patchForce": "true"},
                ),
            ),
            labels=self._labels,
            selector=self._selector,
            config_map=None if config_map is None else config_map.metadata.name,
            service_account=self._account(),
        )
        deployment = make_deployment(name, workload, self._child())
        service = make_service(
            ServiceObject(
                name=name,
                namespace=args.namespace,
                exposure=settings.exposure,
                ports=dict(sorted(settings.ports.items())),
                labels=self._labels,
                selector=self._selector,
                targets=settings.targets,
                has_pods=settings.fewest_pods > 0,
            ),
            self._child(),
        )
        if settings.autoscaling is not None:
            make_autoscaler(name, settings.autoscaling, deployment.metadata.name, self._metadata(name), self._child())
        if settings.budget is not None and settings.fewest_pods >= 2:
            make_budget(name, settings.budget, self._selector, self._metadata(name), self._child())

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
        self.register_outputs(
            {
                "service_name": self.service_name,
                "port": self.port,
                "ports": self.ports,
                "url": self.url,
                "external_endpoints": self.external_endpoints,
            }
        )

    def _metadata(self, name: str, annotations: Mapping[str, str] | None = None) -> ObjectMetaArgs:
        return ObjectMetaArgs(
            name=name, namespace=self._args.namespace, labels=self._labels, annotations=annotations or None
        )

    def _child(self) -> pulumi.ResourceOptions:
        timeout = f"{self._settings.rollout.timeout_seconds}s"
        return pulumi.ResourceOptions(
            parent=self, custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout, delete="5m")
        )

    def _config_map(self) -> ConfigMap | None:
        data = self._settings.volumes.config_data()
        if not data:
            return None
        name = f"{self._name}-files"
        return ConfigMap(name, metadata=self._metadata(name), data=data, opts=self._child())

    def _account(self) -> pulumi.Input[str]:
        wanted = self._settings.service_account
        if wanted.name is not None:
            return wanted.name
        account = ServiceAccount(
            self._name,
            metadata=self._metadata(self._name, wanted.annotations),
            automount_service_account_token=False,
            opts=self._child(),
        )
        return account.metadata.name
