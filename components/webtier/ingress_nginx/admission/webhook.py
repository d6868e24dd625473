"""The admission webhook: its Service and the API server's configuration.

One invalid Ingress stops the controller from loading any later one, so what the controller can't
serve has to be refused before it is stored.
"""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.admissionregistration.v1 import (
    MatchConditionArgs,
    RuleWithOperationsArgs,
    ServiceReferenceArgs,
    ValidatingWebhookArgs,
    ValidatingWebhookConfiguration,
    WebhookClientConfigArgs,
)
from pulumi_kubernetes.core.v1 import Service

from webtier.ingress_nginx.admission.served_ingresses import ALL_OF_INGRESSES, IS_CHANGED, ServedIngresses
from webtier.service_exposure.ports import ServicePort
from webtier.service_exposure.service import ServiceObject, make_service
from webtier.service_exposure.settings import ClusterIpExposure
from webtier.shared.children import Children

CERTIFICATE_FOLDER = "/usr/local/certificates"
WEBHOOK_PORT = 8443

_OTHERS_SECONDS = 5
"""How long an Ingress of another class may be held up by a controller that does not answer."""


def make_webhook_service(name: str, children: Children, selector: Mapping[str, str]) -> Service:
    """The Service that the API server calls."""
    port = ServicePort(port=443, target_port="webhook", app_protocol="https")
    service = ServiceObject(name, ClusterIpExposure(kind="cluster_ip"), {"https-webhook": port}, selector)
    return make_service(children, service)


def make_webhook_configuration(
    name: str,
    children: Children,
    cluster_name: str,
    *,
    served: ServedIngresses,
    service: Service,
    bundle: pulumi.Input[str],
    controller: pulumi.Resource,
) -> ValidatingWebhookConfiguration:
    """Lets no Ingress be stored that the controller would serve and refuses.

    Which are its own is known here by name alone. It also serves those of any other IngressClass with its
    `spec.controller`, which the API server can't look up: so it is asked about all others too, and says itself which
    are its own. Those must not depend on whether it runs.
    """

    def webhook(name: str, which: str, failure_policy: str, seconds: int) -> ValidatingWebhookArgs:
        return ValidatingWebhookArgs(
            name=f"{name}.nginx.ingress.kubernetes.io",
            admission_review_versions=["v1"],
            failure_policy=failure_policy,
            match_policy="Equivalent",
            side_effects="None",
            timeout_seconds=seconds,
            namespace_selector=served.namespace_selector,
            match_conditions=[
                MatchConditionArgs(name="class", expression=which),
                # Kubernetes itself writes to an Ingress that is being deleted, which must not fail for want of a
                # controller; and each controller writes to the status of its own.
                MatchConditionArgs(name="changed", expression=IS_CHANGED),
            ],
            rules=[
                RuleWithOperationsArgs(
                    api_groups=["networking.k8s.io"],
                    api_versions=["v1"],
                    operations=["CREATE", "UPDATE"],
                    resources=ALL_OF_INGRESSES,
                )
            ],
            client_config=WebhookClientConfigArgs(
                ca_bundle=bundle,
                service=ServiceReferenceArgs(
                    name=service.metadata.name,
                    namespace=service.metadata.namespace,
                    path="/networking/v1/ingresses",
                    port=443,
                ),
            ),
        )

    return ValidatingWebhookConfiguration(
        name,
        metadata=children.cluster_wide(cluster_name),
        webhooks=[
            # The most that Kubernetes allows: for each Ingress the controller tests a whole configuration.
            webhook("validate", served.are_known, "Fail", 30),
            webhook("validate-others", f"!({served.are_known})", "Ignore", _OTHERS_SECONDS),
        ],
        # During deletion it goes first, so that no controller is asked that no longer runs.
        opts=children.options(controller),
    )
