"""One controller as all of its objects see it."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from webtier.ingress_nginx.settings import IngressNginxSettings
from webtier.shared.children import Children
from webtier.shared.labels import selector_labels

KIND = "ingress-nginx"
"""The application, in the recommended labels."""


@dataclass(frozen=True)
class Controller:
    """The controller of the component `component`.

    `watched` is the namespace whose Ingresses are served, None for all. `node_address` is where NodePorts are reached
    from outside, None where that is not known.
    """

    component: str
    settings: IngressNginxSettings
    children: Children
    watched: pulumi.Output[str] | None
    node_address: str | None

    @property
    def name(self) -> str:
        """Of its Deployment, its Service and its ConfigMap."""
        return f"{self.component}-controller"

    @property
    def admission(self) -> str:
        """Of what is made for the admission of Ingresses."""
        return f"{self.component}-admission"

    @property
    def webhook_service(self) -> str:
        """The name of the Service by which the API server calls the admission webhook."""
        return f"{self.name}-admission"

    @property
    def election_id(self) -> str:
        """The name of the lease of its pods' leader."""
        return f"{self.component}-leader"

    @property
    def selector(self) -> Mapping[str, str]:
        """The labels that pick its pods."""
        return selector_labels(KIND, self.component, "controller")
