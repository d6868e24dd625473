"""The component: the controller, its class, and how it is reached."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap, Service
from pulumi_kubernetes.core.v1.outputs import ServicePort, ServiceStatus
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.networking.v1 import IngressClass, IngressClassSpecArgs
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget, PodDisruptionBudgetSpecArgs

from webtier.ingress_nginx.access import grant_access
from webtier.ingress_nginx.admission import webhook as admission
from webtier.ingress_nginx.admission.deletion_guard import make_deletion_guard
from webtier.ingress_nginx.admission.served_ingresses import ServedIngresses
from webtier.ingress_nginx.alerts import rule_groups
from webtier.ingress_nginx.controller_config.config_checks import FIXED_CONFIG
from webtier.ingress_nginx.default_certificate import default_certificate
from webtier.ingress_nginx.settings import IngressNginxSettings
from webtier.ingress_nginx.workload import METRICS_PORT, Workload, controller_deployment, worker_shutdown_seconds
from webtier.service_exposure.addresses import balancer_address, bracketed
from webtier.service_exposure.service import ServiceObject, make_service
from webtier.shared.checksum import CONFIG_CHECKSUM_ANNOTATION, checksum
from webtier.shared.labels import recommended_labels, selector_labels
from webtier.shared.prometheus.objects import METRICS, MeteredPods, make_scraping, scrape_annotations
from webtier.shared.waiting import SKIP_AWAIT, rolled_out, wait_for

RESOURCE_TYPE = "webtier:index:IngressNginx"


@dataclass
class IngressNginxArgs:
    """What an `IngressNginx` is made from.

    `namespace` must be called `settings.namespace`; it is an input so that the objects wait for
    it. `node_address` is where NodePorts are reached from outside, None where that is not known.
    `watched_namespace` is the one whose Ingresses are served, and whose Secrets can be read; None for all.
    """

    settings: IngressNginxSettings
    namespace: pulumi.Input[str]
    node_address: str | None = None
    watched_namespace: pulumi.Input[str] | None = None


class IngressNginx(pulumi.ComponentResource):
    """The ingress-nginx controller with its IngressClass and admission webhook."""

    class_name: pulumi.Output[str]
    """The IngressClass for Ingresses that this controller shall serve."""
    http_url: pulumi.Output[str | None]
    """`http://address:port` from outside, without a final slash; None if none is known."""
    https_url: pulumi.Output[str | None]
    """The same for HTTPS."""
    default_ca: pulumi.Output[str | None]
    """The CA of the default certificate in PEM, where the program makes it; else None."""
    ready: Sequence[pulumi.Resource]
    """What every Ingress must depend on: the ready controller, its webhook and its class."""

    def __init__(self, name: str, args: IngressNginxArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(RESOURCE_TYPE, name, None, opts)
        for note in args.settings.notes():
            pulumi.log.warn(f"{name}: {note}", resource=self)
        self._args = args
        self._settings = args.settings
        self._selector = selector_labels("ingress-nginx", name, "controller")
        self._labels = recommended_labels("ingress-nginx", name, "controller")
        self._opts = pulumi.ResourceOptions(
            parent=self,
            custom_timeouts=pulumi.CustomTimeouts(create="10m", update="10m", delete="10m"),
        )

        service = self._service(f"{name}-controller")
        secret = admission.certificate_secret(
            f"{name}-admission",
            metadata=self._metadata(None),
            service_name=f"{name}-controller-admission",
            namespace=self._settings.namespace,
            opts=self._opts,
        )
        default_secret, ca = default_certificate(
            name,
            self._settings,
            read_from=args.namespace if args.watched_namespace is None else args.watched_namespace,
            metadata=self._metadata,
            opts=self._opts,
        )
        controller = self._controller(name, secret.metadata.name, default_secret)
        served = ServedIngresses(self._settings.class_name, self._settings.default_class, args.watched_namespace)
        cluster_wide = self._metadata_in(f"{self._settings.namespace}-admission", None)
        if self._settings.deletion_guard:
            make_deletion_guard(f"{name}-admission", metadata=cluster_wide, served=served, opts=self._opts)
        webhook = admission.webhook_configuration(
            f"{name}-admission",
            metadata=cluster_wide,
            served=served,
            service=admission.webhook_service(
                f"{name}-controller-admission",
                metadata=ObjectMetaArgs(
                    name=f"{name}-controller-admission",
                    namespace=args.namespace,
                    labels=self._labels,
                    annotations=SKIP_AWAIT,
                ),
                selector=self._selector,
                opts=self._opts,
            ),
            bundle=admission.ca_bundle(secret),
            # On the way down it goes first, so that no controller is asked that no longer runs.
            opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[controller])),
        )
        ingress_class = self._class()
        if self._settings.replicas >= 2:
            self._disruption_budget(f"{name}-controller")
        if self._settings.metrics.enabled:
            self._metrics(name)

        self.ready = [controller, webhook, ingress_class]
        self.class_name = ingress_class.metadata.name
        self.http_url = self._url(service, "http")
        self.https_url = self._url(service, "https")
        self.default_ca = pulumi.Output.from_input(ca)
        self.register_outputs(
            {
                "class_name": self.class_name,
                "http_url": self.http_url,
                "https_url": self.https_url,
                "default_ca": self.default_ca,
            }
        )

    def _metadata(self, name: str | None) -> ObjectMetaArgs:
        return self._metadata_in(name, self._args.namespace)

    def _metadata_in(self, name: str | None, namespace: pulumi.Input[str] | None) -> ObjectMetaArgs:
        return ObjectMetaArgs(name=name, namespace=namespace, labels=self._labels)

    def _controller(
        self, name: str, secret_name: pulumi.Input[str], default_secret: pulumi.Input[str] | None
    ) -> pulumi.Resource:
        settings = self._settings
        watched = self._args.watched_namespace
        election_id = f"{name}-leader"
        account, bindings = grant_access(
            name,
            cluster_name=f"{settings.namespace}-controller",
            namespace=self._args.namespace,
            watched=watched,
            controller=f"{name}-controller",
            election_id=election_id,
            metadata=self._metadata_in,
            opts=self._opts,
        )
        data = {
            **settings.config,
            **FIXED_CONFIG,
            **settings.risk_config,
            "worker-shutdown-timeout": f"{worker_shutdown_seconds(settings)}s",
        }
        config = ConfigMap(
            f"{name}-controller",
            metadata=self._metadata(f"{name}-controller"),
            data=data,
            opts=self._opts,
        )
        workload = Workload(
            settings=settings,
            metadata=ObjectMetaArgs(
                name=f"{name}-controller",
                namespace=self._args.namespace,
                labels=self._labels,
                annotations=wait_for(rolled_out(settings.replicas), labels=self._labels),
            ),
            labels=self._labels,
            selector=self._selector,
            election_id=election_id,
            service_account=account.metadata.name,
            config_map=config.metadata.name,
            certificate_secret=secret_name,
            service_name=f"{name}-controller",
            node_address=self._args.node_address,
            watched=watched,
            default_certificate=default_secret,
            annotations={
                **(scrape_annotations(METRICS_PORT) if settings.metrics.enabled else {}),
                # It reads its configuration at its start, and then follows the watched namespaces alone.
                **({} if watched is None else {CONFIG_CHECKSUM_ANNOTATION: checksum(data)}),
            },
        )
        return controller_deployment(f"{name}-controller", workload, after=bindings, opts=self._opts)

    def _service(self, name: str) -> Service:
        settings = self._settings
        return make_service(
            ServiceObject(
                name=name,
                namespace=self._args.namespace,
                exposure=settings.exposure,
                ports=settings.ports,
                labels=self._labels,
                selector=self._selector,
            ),
            self._opts,
        )

    def _class(self) -> IngressClass:
        settings = self._settings
        default = {"ingressclass.kubernetes.io/is-default-class": "true"}
        return IngressClass(
            settings.class_name,
            metadata=ObjectMetaArgs(
                name=settings.class_name,
                labels=self._labels,
                # The cluster would give this class to Ingresses of namespaces that are not watched.
                annotations=default if settings.default_class and self._args.watched_namespace is None else None,
            ),
            spec=IngressClassSpecArgs(controller=settings.controller_value),
            opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(delete_before_replace=True)),
        )

    def _disruption_budget(self, name: str) -> None:
        PodDisruptionBudget(
            name,
            metadata=self._metadata(name),
            spec=PodDisruptionBudgetSpecArgs(
                max_unavailable=1,
                selector=LabelSelectorArgs(match_labels=self._selector),
                unhealthy_pod_eviction_policy="AlwaysAllow",
            ),
            opts=self._opts,
        )

    def _metrics(self, name: str) -> None:
        settings = self._settings

        def options(*after: pulumi.Resource) -> pulumi.ResourceOptions:
            return pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=list(after)))

        make_scraping(
            MeteredPods(
                name=f"{name}-controller",
                namespace=pulumi.Output.from_input(self._args.namespace),
                port=METRICS_PORT,
                pods=self._selector,
                service=selector_labels("ingress-nginx", name, METRICS),
                labels=recommended_labels("ingress-nginx", name, METRICS),
                options=options,
            ),
            settings.metrics.prometheus_operator,
            lambda namespace: rule_groups(f"{name}-controller", namespace, settings),
        )

    def _url(self, service: Service, scheme: str) -> pulumi.Output[str | None]:
        if self._settings.service_type == "LoadBalancer":
            return service.status.apply(lambda status: _load_balancer_url(scheme, status))
        address = self._args.node_address
        return service.spec.ports.apply(lambda ports: _node_port_url(scheme, address, ports))


def _load_balancer_url(scheme: str, status: ServiceStatus | None) -> str | None:
    address = balancer_address(status)
    return f"{scheme}://{bracketed(address)}" if address else None


def _node_port_url(scheme: str, address: str | None, ports: Sequence[ServicePort]) -> str | None:
    port = next((port.node_port for port in ports if port.name == scheme), None)
    return f"{scheme}://{bracketed(address)}:{port}" if address and port else None
