"""A certificate authority that is made once and kept in the cluster, and the Secrets of what it signs."""

import base64
from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.core.v1 import Secret
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from webtier.shared.certificates import Pair, make_authority

TLS_TYPE = "kubernetes.io/tls"
"""The type of a Secret with the two keys below."""

TLS_CERTIFICATE = "tls.crt"
TLS_KEY = "tls.key"


def keep_authority(
    name: str, common_name: str, *, metadata: ObjectMetaArgs, opts: pulumi.ResourceOptions
) -> pulumi.Output[Pair]:
    """The authority in the Secret `name`: every run offers another one, which is ignored when there is one."""
    offered = make_authority(common_name)
    secret = Secret(
        name,
        metadata=metadata,
        type=TLS_TYPE,
        data=pulumi.Output.secret(tls_data(offered)),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=["data"])),
    )
    return secret.data.apply(_pair)


def tls_data(pair: Pair) -> dict[str, str]:
    """The pair as a Secret of the type `TLS_TYPE` has it."""
    return {TLS_CERTIFICATE: secret_text(pair.certificate), TLS_KEY: secret_text(pair.key)}


def public_text(authority: pulumi.Output[Pair]) -> pulumi.Output[str]:
    """An authority's certificate in PEM, which is no secret."""

    def text(pair: Pair) -> str:
        return pair.certificate.decode()

    return pulumi.Output.unsecret(authority.apply(text))


def secret_text(content: bytes) -> str:
    """As a Secret's `data` has it."""
    return base64.b64encode(content).decode()


def _pair(data: Mapping[str, str]) -> Pair:
    return Pair(base64.b64decode(data[TLS_CERTIFICATE]), base64.b64decode(data[TLS_KEY]))
