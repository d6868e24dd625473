"""The certificate for TLS connections to a host that has none of its own."""

from dataclasses import replace

import pulumi
from pulumi_kubernetes.core.v1 import Secret

from webtier.ingress_nginx.controller import Controller
from webtier.ingress_nginx.settings import GeneratedCertificate
from webtier.shared.certificates import issue
from webtier.shared.kept_secret import TLS_TYPE, keep_authority, public_text, tls_data


def default_certificate(controller: Controller) -> tuple[pulumi.Output[str] | None, pulumi.Output[str] | None]:
    """`namespace/name` of its Secret, and in PEM the CA of one that is made here; None for what there is not.

    The Secret is in the watched namespace, the only one of which the controller then reads any. The CA's own Secret is
    beside the controller, which can't read it.
    """
    name, children, certificate = controller.component, controller.children, controller.settings.default_certificate
    read_from = controller.watched or children.namespace
    if certificate is None:
        return None, None
    if not isinstance(certificate, GeneratedCertificate):
        return pulumi.Output.concat(read_from, "/", certificate.name), None
    authority = keep_authority(f"{name}-ca", children, name)
    read = replace(children, namespace=read_from)
    secret_name = f"{name}-default-certificate"
    leaf = authority.apply(
        lambda ca: issue(ca, "webtier default certificate", certificate.names, certificate.generation)
    )
    # The same CA, names and generation make the same certificate; another one is taken without a restart.
    secret = Secret(
        secret_name,
        metadata=read.metadata(secret_name),
        type=TLS_TYPE,
        data=pulumi.Output.secret(leaf.apply(tls_data)),
        opts=read.options(),
    )
    return pulumi.Output.concat(read_from, "/", secret.metadata.name), public_text(authority)
