"""The certificate for TLS connections to a host that has none of its own."""

from dataclasses import replace

import pulumi
from pulumi_kubernetes.core.v1 import Secret

from webtier.ingress_nginx.settings import GeneratedCertificate, IngressNginxSettings
from webtier.shared.certificates import Pair, issue
from webtier.shared.children import Children
from webtier.shared.kept_secret import TLS_TYPE, keep_authority, public_text, tls_data


def default_certificate(
    name: str, children: Children, settings: IngressNginxSettings, read_from: pulumi.Output[str]
) -> tuple[pulumi.Output[str] | None, pulumi.Output[str] | None]:
    """`namespace/name` of its Secret, and in PEM the CA of one that is made here; None for what there is not.

    The Secret is in the namespace `read_from`, the only one of which a controller with a watched namespace reads any.
    The CA's own Secret is beside the controller, which can't read it.
    """
    certificate = settings.default_certificate
    if certificate is None:
        return None, None
    if not isinstance(certificate, GeneratedCertificate):
        return pulumi.Output.concat(read_from, "/", certificate.name), None
    authority = keep_authority(f"{name}-ca", children, name)

    def leaf(ca: Pair) -> dict[str, str]:
        return tls_data(issue(ca, "webtier default certificate", certificate.names, certificate.generation))

    read = replace(children, namespace=read_from)
    secret_name = f"{name}-default-certificate"
    # The same CA, names and generation make the same certificate; another one is taken without a restart.
    secret = Secret(
        secret_name,
        metadata=read.metadata(secret_name),
        type=TLS_TYPE,
        data=pulumi.Output.secret(authority.apply(leaf)),
        opts=read.options(),
    )
    return pulumi.Output.concat(read_from, "/", secret.metadata.name), public_text(authority)
