"""The admission webhook's certificate: a CA of its own and one leaf, made in the program and kept in a Secret."""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.core.v1 import Secret

from webtier.ingress_nginx.controller import Controller
from webtier.shared.certificates import issue, make_authority
from webtier.shared.kept_secret import keep_secret


def make_certificate_secret(controller: Controller) -> Secret:
    """The Secret with `ca`, `cert` and `key`, kept as it was first made.

    Its name is left to Pulumi: then a replacement exists beside the old one until the controller and the webhook have
    moved to it, where a fixed name would take the controller down with it.
    """
    host = f"{controller.webhook_service}.{controller.settings.namespace}.svc"
    certificate = make_webhook_certificate([host, f"{host}.cluster.local"])
    return keep_secret(controller.admission, controller.children, certificate)


def make_webhook_certificate(dns_names: Sequence[str]) -> dict[str, bytes]:
    """In PEM an ECDSA P-256 certificate for `dns_names`, its key, and the CA that signed it, valid ten years.

    The CA's key is forgotten: a new leaf needs a new CA.
    """
    authority = make_authority("webtier admission webhook CA")
    # A common name holds 64 characters, fewer than two long names and their suffixes.
    leaf = issue(authority, "webtier admission webhook", dns_names)
    return {"ca": authority.certificate, "cert": leaf.certificate, "key": leaf.key}


def ca_bundle(secret: Secret) -> pulumi.Output[str]:
    """The CA in base64, from what the cluster has and not from what this run has made.

    After an interrupted update those two differ, and a webhook with the wrong CA refuses every
    Ingress. A CA's certificate is public, so it need not be hidden in previews.
    """
    return pulumi.Output.unsecret(secret.data.apply(lambda data: data["ca"]))
