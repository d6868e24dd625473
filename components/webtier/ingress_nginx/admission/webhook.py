"""The admission webhook: its Service and the API server's configuration.

One invalid Ingress stops the controller from loading any later one, so what the controller can't
serve has to be refused before it is stored.
"""

import pulumi
from pulumi_kubernetes.admissionregistration.v1 import (
    MatchConditionArgs,
    RuleWithOperationsArgs,
    ServiceReferenceArgs,
    ValidatingWebhookArgs,
    ValidatingWebhookConfiguration,
    WebhookClientConfigArgs,
)
from pulumi_kubernetes.core.v1 import Secret

from webtier.ingress_nginx.admission.served_ingresses import ALL_OF_INGRESSES, IS_CHANGED, is_served_by, namespaces_of
from webtier.ingress_nginx.admission.webhook_certificate import ca_bundle
from webtier.ingress_nginx.controller import Controller
from webtier.service_exposure.ports import ServicePort
from webtier.service_exposure.service import ServiceObject, make_service
from webtier.service_exposure.settings import ClusterIpExposure

CERTIFICATE_FOLDER = "/usr/local/certificates"
WEBHOOK_PORT = 8443

_OTHERS_SECONDS = 5
"""How long an Ingress of another class may be held up by a controller that does not answer."""


def make_webhook(
    controller: Controller, certificate: Secret, deployment: pulumi.Resource
) -> ValidatingWebhookConfiguration:
    """Lets no Ingress be stored that the controller would serve and refuses.

    Which are its own is known here by name alone. It also serves those of any other IngressClass with its
    `spec.controller`, which the API server can't look up: so it is asked about all others too, and says itself which
    are its own. Those must not depend on whether it runs.
    """
    children, own = controller.children, is_served_by(controller)
    port = ServicePort(port=443, target_port="webhook", app_protocol="https")
    exposure = ClusterIpExposure(kind="cluster_ip")
    service = make_service(
        children, ServiceObject(controller.webhook_service, exposure, {"https-webhook": port}, controller.selector)
    )

    def webhook(name: str, which: str, failure_policy: str, seconds: int) -> ValidatingWebhookArgs:
        return ValidatingWebhookArgs(
            name=f"{name}.nginx.ingress.kubernetes.io",
            admission_review_versions=["v1"],
            failure_policy=failure_policy,
            match_policy="Equivalent",
            side_effects="None",
            timeout_seconds=seconds,
            namespace_selector=namespaces_of(controller),
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
                ca_bundle=ca_bundle(certificate),
                service=ServiceReferenceArgs(
                    name=service.metadata.name,
                    namespace=service.metadata.namespace,
                    path="/networking/v1/ingresses",
                    port=443,
                ),
            ),
        )

    return ValidatingWebhookConfiguration(
        controller.admission,
        metadata=children.cluster_wide(f"{controller.settings.namespace}-admission"),
        webhooks=[
            # The most that Kubernetes allows: for each Ingress the controller tests a whole configuration.
            webhook("validate", own, "Fail", 30),
            webhook("validate-others", f"!({own})", "Ignore", _OTHERS_SECONDS),
        ],
        # During deletion it goes first, so that no controller is asked that no longer runs.
        opts=children.options(deployment),
    )
