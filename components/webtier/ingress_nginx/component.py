"""The component: the controller, its class, and how it is reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.networking.v1 import IngressClass, IngressClassSpecArgs

from webtier.ingress_nginx.admission.deletion_guard import make_deletion_guard
from webtier.ingress_nginx.admission.webhook import make_webhook
from webtier.ingress_nginx.admission.webhook_certificate import make_certificate_secret
from webtier.ingress_nginx.alerts import rule_groups
from webtier.ingress_nginx.controller import KIND, Controller
from webtier.ingress_nginx.default_certificate import default_certificate
from webtier.ingress_nginx.settings import IngressNginxSettings
from webtier.ingress_nginx.workload import METRICS_PORT, make_controller
from webtier.service_exposure.addresses import external_endpoints
from webtier.service_exposure.service import ServiceObject, make_service
from webtier.shared.children import Children, register_declared_outputs
from webtier.shared.labels import recommended_labels, selector_labels
from webtier.shared.pods import make_disruption_budget
from webtier.shared.prometheus.objects import METRICS, make_scraping

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
        settings, watched = args.settings, args.watched_namespace
        for note in settings.notes():
            pulumi.log.warn(f"{name}: {note}", resource=self)
        children = Children(
            parent=self,
            namespace=pulumi.Output.from_input(args.namespace),
            labels=recommended_labels(KIND, name, "controller"),
        )
        controller = Controller(
            component=name,
            settings=settings,
            children=children,
            watched=None if watched is None else pulumi.Output.from_input(watched),
            node_address=args.node_address,
        )
        service = make_service(
            children, ServiceObject(controller.name, settings.exposure, settings.ports, controller.selector)
        )
        certificate = make_certificate_secret(controller)
        default_secret, ca = default_certificate(controller)
        deployment = make_controller(controller, certificate.metadata.name, default_secret)
        if settings.deletion_guard:
            make_deletion_guard(controller)
        webhook = make_webhook(controller, certificate, deployment)
        ingress_class = _make_class(controller)
        if settings.replicas >= 2:
            make_disruption_budget(controller.name, children, controller.selector, max_unavailable=1)
        if settings.metrics.enabled:
            make_scraping(
                controller.name,
                children.labelled(recommended_labels(KIND, name, METRICS)),
                settings.metrics.prometheus_operator,
                lambda namespace: rule_groups(controller.name, namespace, settings),
                port=METRICS_PORT,
                selector=controller.selector,
                service_selector=selector_labels(KIND, name, METRICS),
            )

        endpoints = external_endpoints(service, settings.exposure, settings.ports, args.node_address)
        self.ready = [deployment, webhook, ingress_class]
        self.class_name = ingress_class.metadata.name
        self.http_url = endpoints.apply(lambda found: _url("http", found, ":80"))
        self.https_url = endpoints.apply(lambda found: _url("https", found, ":443"))
        self.default_ca = pulumi.Output.from_input(ca)
        register_declared_outputs(self, IngressNginx)


def _make_class(controller: Controller) -> IngressClass:
    settings, children = controller.settings, controller.children
    default = {"ingressclass.kubernetes.io/is-default-class": "true"}
    # The cluster would give this class to Ingresses of namespaces that are not watched.
    is_default = settings.default_class and controller.watched is None
    return IngressClass(
        settings.class_name,
        metadata=children.cluster_wide(settings.class_name, default if is_default else None),
        spec=IngressClassSpecArgs(controller=settings.controller_value),
        opts=children.options(delete_before_replace=True),
    )


def _url(scheme: str, endpoints: Mapping[str, str], usual_port: str) -> str | None:
    """The URL of the port called as its scheme, which leaves out the scheme's usual port; None where there is none."""
    return f"{scheme}://{endpoints[scheme].removesuffix(usual_port)}" if scheme in endpoints else None
