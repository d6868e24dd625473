"""The component: the controller, its class, and how it is reached."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap, Service
from pulumi_kubernetes.core.v1.outputs import ServicePort, ServiceStatus
from pulumi_kubernetes.networking.v1 import IngressClass, IngressClassSpecArgs

from webtier.ingress_nginx.access import grant_access
from webtier.ingress_nginx.admission.deletion_guard import make_deletion_guard
from webtier.ingress_nginx.admission.served_ingresses import ServedIngresses
from webtier.ingress_nginx.admission.webhook import make_webhook_configuration, make_webhook_service
from webtier.ingress_nginx.admission.webhook_certificate import ca_bundle, make_certificate_secret
from webtier.ingress_nginx.alerts import rule_groups
from webtier.ingress_nginx.controller_config.config_checks import FIXED_CONFIG
from webtier.ingress_nginx.default_certificate import default_certificate
from webtier.ingress_nginx.settings import IngressNginxSettings
from webtier.ingress_nginx.workload import METRICS_PORT, Workload, controller_deployment, worker_shutdown_seconds
from webtier.service_exposure.addresses import balancer_address, bracketed
from webtier.service_exposure.service import ServiceObject, make_service
from webtier.shared.checksum import CONFIG_CHECKSUM_ANNOTATION, checksum
from webtier.shared.children import Children, register_declared_outputs
from webtier.shared.labels import recommended_labels, selector_labels
from webtier.shared.pods import make_disruption_budget
from webtier.shared.prometheus.objects import METRICS, MeteredPods, make_scraping, scrape_annotations

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
        self._settings = settings = args.settings
        self._selector = selector_labels("ingress-nginx", name, "controller")
        self._watched = None if args.watched_namespace is None else pulumi.Output.from_input(args.watched_namespace)
        self._children = children = Children(
            parent=self,
            namespace=pulumi.Output.from_input(args.namespace),
            labels=recommended_labels("ingress-nginx", name, "controller"),
        )
        controller_name, admission_name = f"{name}-controller", f"{name}-admission"

        service = make_service(
            children, ServiceObject(controller_name, settings.exposure, settings.ports, self._selector)
        )
        webhook_service_name = f"{controller_name}-admission"
        secret = make_certificate_secret(
            admission_name, children, service_name=webhook_service_name, namespace=settings.namespace
        )
        default_secret, ca = default_certificate(name, children, settings, self._watched or children.namespace)
        controller = self._controller(name, secret.metadata.name, default_secret)
        served = ServedIngresses(settings.class_name, settings.default_class, self._watched)
        cluster_name = f"{settings.namespace}-admission"
        if settings.deletion_guard:
            make_deletion_guard(admission_name, children, cluster_name, served)
        webhook = make_webhook_configuration(
            admission_name,
            children,
            cluster_name,
            served=served,
            service=make_webhook_service(webhook_service_name, children, self._selector),
            bundle=ca_bundle(secret),
            controller=controller,
        )
        ingress_class = self._class()
        if settings.replicas >= 2:
            make_disruption_budget(controller_name, children, self._selector, max_unavailable=1)
        if settings.metrics.enabled:
            metered = children.labelled(recommended_labels("ingress-nginx", name, METRICS))
            selector = selector_labels("ingress-nginx", name, METRICS)
            make_scraping(
                MeteredPods(controller_name, metered, METRICS_PORT, self._selector, selector),
                settings.metrics.prometheus_operator,
                lambda namespace: rule_groups(controller_name, namespace, settings),
            )

        self.ready = [controller, webhook, ingress_class]
        self.class_name = ingress_class.metadata.name
        self.http_url = self._url(service, "http")
        self.https_url = self._url(service, "https")
        self.default_ca = pulumi.Output.from_input(ca)
        register_declared_outputs(self, IngressNginx)

    def _controller(
        self, name: str, secret_name: pulumi.Input[str], default_secret: pulumi.Input[str] | None
    ) -> pulumi.Resource:
        settings, children, watched = self._settings, self._children, self._watched
        election_id, controller_name = f"{name}-leader", f"{name}-controller"
        account, bindings = grant_access(
            name,
            children,
            cluster_name=f"{settings.namespace}-controller",
            watched=watched,
            controller=controller_name,
            election_id=election_id,
        )
        data = {
            **settings.config,
            **FIXED_CONFIG,
            **settings.risk_config,
            "worker-shutdown-timeout": f"{worker_shutdown_seconds(settings)}s",
        }
        config = ConfigMap(
            controller_name, metadata=children.metadata(controller_name), data=data, opts=children.options()
        )
        workload = Workload(
            settings=settings,
            children=children,
            selector=self._selector,
            election_id=election_id,
            service_account=account.metadata.name,
            config_map=config.metadata.name,
            certificate_secret=secret_name,
            service_name=controller_name,
            node_address=self._args.node_address,
            watched=watched,
            default_certificate=default_secret,
            annotations={
                **(scrape_annotations(METRICS_PORT) if settings.metrics.enabled else {}),
                # It reads its configuration at its start, and then follows the watched namespaces alone.
                **({} if watched is None else {CONFIG_CHECKSUM_ANNOTATION: checksum(data)}),
            },
        )
        return controller_deployment(controller_name, workload, after=bindings)

    def _class(self) -> IngressClass:
        settings = self._settings
        default = {"ingressclass.kubernetes.io/is-default-class": "true"}
        # The cluster would give this class to Ingresses of namespaces that are not watched.
        is_default = settings.default_class and self._watched is None
        return IngressClass(
            settings.class_name,
            metadata=self._children.cluster_wide(settings.class_name, default if is_default else None),
            spec=IngressClassSpecArgs(controller=settings.controller_value),
            opts=self._children.options(delete_before_replace=True),
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
