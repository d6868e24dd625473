"""Secrets that are made once and kept in the cluster: passwords, and certificate authorities."""

import base64
from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.core.v1 import Secret

from webtier.shared.certificates import Pair, make_authority
from webtier.shared.children import Children

TLS_TYPE = "kubernetes.io/tls"
"""The type of a Secret with the two keys below."""

TLS_CERTIFICATE = "tls.crt"
TLS_KEY = "tls.key"


def keep_secret(
    resource_name: str,
    children: Children,
    offered: Mapping[str, bytes],
    *,
    name: str | None = None,
    type_: str | None = "Opaque",
) -> Secret:
    """The Secret `name`: every run offers other contents, which are ignored when it is there already.

    None leaves the name to Pulumi: what mounts a Secret that was replaced then moves to the new one while the old one
    is still there.
    """
    data = {key: secret_text(content) for key, content in offered.items()}
    return Secret(
        resource_name,
        metadata=children.metadata(name),
        type=type_,
        data=pulumi.Output.secret(data),
        opts=children.options(ignore_changes=["data"]),
    )


def kept_text(secret: Secret, key: str) -> pulumi.Output[str]:
    """What the cluster has under a key, and not what this run has offered."""
    return pulumi.Output.secret(secret.data.apply(lambda data: base64.b64decode(data[key]).decode()))


def keep_authority(name: str, children: Children, subject: str) -> pulumi.Output[Pair]:
    """The certificate authority of `subject` in the Secret `name`."""
    offered = make_authority(f"webtier {subject} CA")
    contents = {TLS_CERTIFICATE: offered.certificate, TLS_KEY: offered.key}
    secret = keep_secret(name, children, contents, name=name, type_=TLS_TYPE)
    return secret.data.apply(_pair)


def tls_data(pair: Pair) -> dict[str, str]:
    """The pair as a Secret of the type `TLS_TYPE` has it."""
    return {TLS_CERTIFICATE: secret_text(pair.certificate), TLS_KEY: secret_text(pair.key)}


def public_text(authority: pulumi.Output[Pair]) -> pulumi.Output[str]:
    """An authority's certificate in PEM, which is no secret."""
    return pulumi.Output.unsecret(authority.apply(lambda pair: pair.certificate.decode()))


def secret_text(content: bytes) -> str:
    """As a Secret's `data` has it."""
    return base64.b64encode(content).decode()


def _pair(data: Mapping[str, str]) -> Pair:
    return Pair(base64.b64decode(data[TLS_CERTIFICATE]), base64.b64decode(data[TLS_KEY]))
