"""The certificate for TLS connections to a host that has none of its own."""

from collections.abc import Callable

import pulumi
from pulumi_kubernetes.core.v1 import Secret
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from webtier.ingress_nginx.settings import GeneratedCertificate, IngressNginxSettings
from webtier.shared.certificates import Pair, issue
from webtier.shared.kept_authority import TLS_TYPE, keep_authority, public_text, tls_data


def default_certificate(
    name: str,
    settings: IngressNginxSettings,
    *,
    read_from: pulumi.Input[str],
    metadata: Callable[[str], ObjectMetaArgs],
    opts: pulumi.ResourceOptions,
) -> tuple[pulumi.Output[str] | None, pulumi.Output[str] | None]:
    """`namespace/name` of its Secret, and in PEM the CA of one that is made here; None for what there is not.

    The Secret is in the namespace `read_from`, the only one of which a controller with a watched namespace reads any.
    The CA's own Secret, with `metadata`, is beside the controller, which can't read it.
    """
    certificate = settings.default_certificate
    if certificate is None:
        return None, None
    if not isinstance(certificate, GeneratedCertificate):
        return pulumi.Output.concat(read_from, "/", certificate.name), None
    authority = keep_authority(f"{name}-ca", f"webtier {name} CA", metadata=metadata(f"{name}-ca"), opts=opts)

    def leaf(ca: Pair) -> dict[str, str]:
        return tls_data(issue(ca, "webtier default certificate", certificate.names, certificate.generation))

    own = metadata(f"{name}-default-certificate")
    own.namespace = read_from
    # The same CA, names and generation make the same certificate; another one is taken without a restart.
    secret = Secret(
        f"{name}-default-certificate",
        metadata=own,
        type=TLS_TYPE,
        data=pulumi.Output.secret(authority.apply(leaf)),
        opts=opts,
    )
    return pulumi.Output.concat(read_from, "/", secret.metadata.name), public_text(authority)
