"""What holds for a whole host, whichever of its rules a request hits."""

from typing import Annotated, Literal

from pydantic import Field

from webtier.path_rules.rules.field_types import RulePath
from webtier.shared.model import DnsName, Settings

WILDCARD = "*."


class SecretTls(Settings):
    """A certificate that somebody puts into a Secret."""

    kind: Literal["secret"]
    secret: DnsName = Field(
        description="Name of the Secret with `tls.crt` and `tls.key`, in the namespace of the web services. The "
        "certificate has to name the host, or else the controller shows its default one."
    )


class IssuerTls(Settings):
    """A certificate that cert-manager gets, and renews, from one issuer."""

    kind: Literal["issuer"]
    cluster_issuer: DnsName | None = Field(default=None, description="Name of a ClusterIssuer; or else `issuer`.")
    issuer: DnsName | None = Field(default=None, description="Name of an Issuer in the namespace of the web services.")
    secret: DnsName | None = Field(
        default=None, description="Name of the Secret that it puts the certificate into; null for `<host>-tls`."
    )


Tls = Annotated[SecretTls | IssuerTls, Field(discriminator="kind")]


class HostSettings(Settings):
    """One host: its certificate, and redirects of its own."""

    tls: Tls | None = Field(
        default=None, description="Its certificate for HTTPS; null for the controller's default one."
    )
    tls_redirect: bool | None = Field(
        default=None,
        description="Whether requests over HTTP are sent to HTTPS with 308; null for yes as soon as there is `tls`.",
    )
    www_redirect: bool = Field(
        default=False,
        description="Whether requests for the same name with `www.` before it, or without it, are sent here with 308; "
        "a slash at the end of the URL gets lost.",
    )
    app_root: RulePath | None = Field(
        default=None, description="Where requests for `/` are sent with 302, such as `/shop`; null for nowhere."
    )

    @property
    def redirects_to_https(self) -> bool:
        """What `tls_redirect` comes to."""
        return self.tls is not None if self.tls_redirect is None else self.tls_redirect


def www_partner(host: str) -> str:
    """The name that `www_redirect` sends to a host: `www.x` for `x`, and `x` for `www.x`."""
    return host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"


def wildcard_of(host: str) -> str:
    """The wildcard that a host name falls under: `*.example.com` for `shop.example.com`."""
    return WILDCARD + host.partition(".")[2]


def tls_secret(host: str, tls: SecretTls | IssuerTls) -> str:
    """The name of the Secret that the certificate is in."""
    return tls.secret or f"{host.replace('*', 'wildcard')}-tls"
