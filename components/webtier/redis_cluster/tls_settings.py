"""TLS for clients, replication and the cluster bus: plain data."""

from typing import Annotated, Literal

from pydantic import Field

from webtier.shared.addresses import CertificateName
from webtier.shared.model import DnsName, Settings

ClientCertificates = Literal["no", "optional", "yes"]

_CLIENTS = "Whether clients are asked for a certificate of the same CA: `no`, `optional`, or `yes` for a must."


class GeneratedTls(Settings):
    """A certificate made by the program, from a CA that is made once and kept in the cluster."""

    kind: Literal["generated"] = Field(description="The program makes the certificate.")
    names: list[CertificateName] = Field(
        default_factory=list,
        description="DNS names and addresses at which clients outside reach Redis, besides those inside.",
    )
    generation: int = Field(
        default=1, ge=1, description="Raise it by one to rotate certificate and key, at run time and without a restart."
    )
    client_certificates: ClientCertificates = Field(default="no", description=_CLIENTS)


class SecretTls(Settings):
    """A certificate that somebody else keeps, such as cert-manager. Its renewals are followed at run time."""

    kind: Literal["secret"] = Field(description="The certificate is in a Secret that exists.")
    name: DnsName = Field(
        description="The Secret, in the cluster's namespace, with `tls.crt`, `tls.key` and `ca.crt`. The certificate "
        "must be good for servers and for clients: the nodes are both."
    )
    client_certificates: ClientCertificates = Field(default="no", description=_CLIENTS)


TlsSettings = Annotated[GeneratedTls | SecretTls, Field(discriminator="kind")]
