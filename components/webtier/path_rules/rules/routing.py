"""What rules become: Ingress objects for a controller of the stack's own, or HTTPRoutes of somebody's Gateway."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from webtier.shared.model import DnsLabel, DnsName, Settings
from webtier.shared.problems import wrong_setting


class IngressRouting(Settings):
    """Ingress objects for ingress-nginx."""

    kind: Literal["ingress"] = Field(description="`ingress`: Ingress objects for ingress-nginx.")


class GatewayRouting(Settings):
    """HTTPRoutes (`gateway.networking.k8s.io/v1`, the standard channel of v1.5 or newer) of a Gateway that is there.

    No controller is installed. What HTTPRoutes can't say is refused, and so is what they leave to the implementation,
    until it is said which way it goes.
    """

    kind: Literal["gateway"] = Field(description="`gateway`: HTTPRoutes of the Gateway API.")
    gateway: DnsName = Field(description="The Gateway's name. It has to admit routes from the stack's namespace.")
    namespace: DnsLabel | None = Field(default=None, description="The Gateway's namespace; null for the stack's own.")
    section: DnsName | None = Field(
        default=None,
        description="Name of the Gateway's listener that the rules are attached to; null for all of its listeners. It "
        "must have no host name of its own.",
    )
    https_section: DnsName | None = Field(
        default=None,
        description="Name of its listener for HTTPS, beside `section` for HTTP: for `hosts.<name>.tls_redirect`.",
    )
    regexes: Literal["refuse", "before_prefixes"] = Field(
        default="refuse",
        description="Gateway API leaves open where a regex comes among other rules. `before_prefixes` for a Gateway "
        "that compares exact paths first, then regexes, then prefixes, as Envoy Gateway, Contour and kgateway do.",
    )
    wildcards: Literal["refuse", "any_depth"] = Field(
        default="refuse",
        description="In Gateway API the `*` of a host or an origin stands for one label or more. `any_depth` takes "
        "them so; `refuse` since elsewhere it stands for one.",
    )

    @classmethod
    def permissive(cls, gateway: str) -> Self:
        """One that takes all that HTTPRoutes can say."""
        return cls(
            kind="gateway",
            gateway=gateway,
            section="http",
            https_section="https",
            regexes="before_prefixes",
            wildcards="any_depth",
        )

    @model_validator(mode="after")
    def _check_sections(self) -> Self:
        if self.https_section is not None and self.section is None:
            message = "needed beside 'https_section'; allowed: the name of the listener for HTTP"
            raise wrong_setting(("section",), message, None)
        if self.https_section is not None and self.https_section == self.section:
            raise wrong_setting(("https_section",), "allowed: another listener than 'section'", self.https_section)
        return self


Routing = Annotated[IngressRouting | GatewayRouting, Field(discriminator="kind")]
