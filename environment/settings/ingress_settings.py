"""What a stack says about its ingress controller: one of its own, or somebody else's."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from webtier.ingress_nginx import IngressNginxSettings
from webtier.shared.addresses import url_problem
from webtier.shared.model import DnsLabel
from webtier.shared.problems import checked

_ADDRESS = re.compile(r"https?://([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")

ONLY_ADDRESSES = ("http_url", "https_url")
"""Keys that only a controller which the stack does not install has."""

OF_ANY_CONTROLLER = ("install", "class_name", "allow_external_auth", *ONLY_ADDRESSES)
"""Keys that may be set though the stack installs no controller."""


def _address(scheme: str) -> AfterValidator:
    """For an `Annotated`: a URL of this scheme without a path."""

    def problem(text: str) -> str | None:
        if _ADDRESS.fullmatch(text) is None or url_problem(text) is not None:
            return "allowed: a URL without a path, such as 'https://shop.example.com' or 'http://203.0.113.7:8080'"
        return None if text.startswith(f"{scheme}://") else f"allowed: a URL with '{scheme}://'"

    return checked(problem)


def _own_namespace_problem(name: str) -> str | None:
    is_own = name == "default" or name.startswith("kube-")
    return "this is one of Kubernetes' own namespaces; allowed: a namespace for this stack" if is_own else None


OwnNamespace = Annotated[DnsLabel, checked(_own_namespace_problem)]
"""The name of a namespace that a stack puts something into."""


class IngressSettings(IngressNginxSettings):
    """The controller that serves the stack's path rules."""

    namespace: OwnNamespace = Field(
        default="ingress-nginx", description="The controller's own namespace, made by the stack."
    )
    adopt_namespace: bool = Field(
        default=False,
        description="Whether `ingress.namespace` may be one that somebody else has made; see `adopt_namespace`.",
    )
    install: bool = Field(
        default=True,
        description="Whether the stack installs ingress-nginx. With false, `class_name` is that of a controller which "
        "is there already and takes the same annotations.",
    )
    watch: Literal["stack", "all"] = Field(
        default="stack",
        description="Whose Ingresses the controller serves, and whose Secrets it can read: those of the stack's "
        "`namespace`, or of all.",
    )
    http_url: Annotated[str, _address("http")] | None = Field(
        default=None, description="With `install: false`, where that controller answers over HTTP; for the outputs."
    )
    https_url: Annotated[str, _address("https")] | None = Field(
        default=None, description="With `install: false`, where that controller answers over HTTPS; for the outputs."
    )
