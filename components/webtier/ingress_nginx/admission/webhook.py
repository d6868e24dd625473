"""The admission webhook: its certificate, its Service and the API server's configuration.

One invalid Ingress stops the controller from loading any later one, so what the controller can't
serve has to be refused before it is stored.
"""

import base64
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
from pulumi_kubernetes.core.v1 import Secret, Service, ServicePortArgs, ServiceSpecArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from webtier.ingress_nginx.admission.served_ingresses import ALL_OF_INGRESSES, IS_CHANGED, ServedIngresses
from webtier.ingress_nginx.admission.webhook_certificate import make_webhook_certificate

CERTIFICATE_FOLDER = "/usr/local/certificates"
WEBHOOK_PORT = 8443

_OTHERS_SECONDS = 5
"""How long an Ingress of another class may be held up by a controller that does not answer."""


def certificate_secret(
    name: str,
    *,
    metadata: ObjectMetaArgs,
    service_name: str,
    namespace: str,
    opts: pulumi.ResourceOptions,
) -> Secret:
    """The Secret with `ca`, `cert` and `key`, kept as it was first made.

    `metadata` must leave the name to Pulumi: then a replacement exists beside the old one until the controller and the
    webhook have moved to it, where a fixed name would take the controller down with it.
    """
    host = f"{service_name}.{namespace}.svc"
    made = make_webhook_certificate([host, f"{host}.cluster.local"])
    pem = {"ca": made.ca, "cert": made.certificate, "key": made.key}
    return Secret(
        name,
        metadata=metadata,
        type="Opaque",
        data=pulumi.Output.secret({key: base64.b64encode(value).decode() for key, value in pem.items()}),
        # Each run makes another certificate; only the first, or a replacement's, may be sent.
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=["data"])),
    )


def ca_bundle(secret: Secret) -> pulumi.Output[str]:
    """The CA in base64, from what the cluster has and not from what this run has made.

    After an interrupted update those two differ, and a webhook with the wrong CA refuses every
    Ingress. A CA's certificate is public, so it need not be hidden in previews.
    """

    def pick(data: Mapping[str, str]) -> str:
        return data["ca"]

    return pulumi.Output.unsecret(secret.data.apply(pick))


def webhook_service(
    name: str,
    *,
    metadata: ObjectMetaArgs,
    selector: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> Service:
    """The Service that the API server calls."""
    return Service(
        name,
        metadata=metadata,
        spec=ServiceSpecArgs(
            type="ClusterIP",
            selector=selector,
            ports=[ServicePortArgs(name="https-webhook", port=443, target_port="webhook", app_protocol="https")],
        ),
        opts=opts,
    )


def webhook_configuration(
    name: str,
    *,
    metadata: ObjectMetaArgs,
    served: ServedIngresses,
    service: Service,
    bundle: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
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
        metadata=metadata,
        webhooks=[
            # The most that Kubernetes allows: for each Ingress the controller tests a whole configuration.
            webhook("validate", served.are_known, "Fail", 30),
            webhook("validate-others", f"!({served.are_known})", "Ignore", _OTHERS_SECONDS),
        ],
        opts=opts,
    )
