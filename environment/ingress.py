"""The controller that serves the stack's path rules: its own, or one that is there already."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pulumi

from environment.settings.ingress_settings import IngressSettings
from webtier.ingress_nginx import IngressNginx, IngressNginxArgs


@dataclass(frozen=True)
class IngressController:
    """What path rules and outputs take from it. By default there is none: a Gateway is somebody else's.

    The URLs are where requests are answered, without a final slash; None where that is not known.
    """

    class_name: pulumi.Input[str] | None = None
    http_url: pulumi.Input[str | None] = None
    https_url: pulumi.Input[str | None] = None
    ca_certificate: pulumi.Input[str | None] = None
    """The CA of the default certificate in PEM, where the program makes that; else None."""
    ready: Sequence[pulumi.Resource] = ()
    """What every Ingress must depend on."""


def make_controller(
    settings: IngressSettings,
    *,
    stack_namespace: pulumi.Input[str],
    make_namespace: Callable[[str], pulumi.Input[str]],
    node_address: str | None,
    provider: pulumi.ProviderResource,
) -> IngressController:
    """Registers the controller, unless it is somebody else's, in a namespace that `make_namespace` registers."""
    if not settings.install:
        return IngressController(settings.class_name, settings.http_url, settings.https_url)
    namespace = make_namespace(settings.namespace)
    made = IngressNginx(
        "ingress-nginx",
        IngressNginxArgs(
            settings, namespace, node_address, watched_namespace=stack_namespace if settings.watch == "stack" else None
        ),
        pulumi.ResourceOptions(providers=[provider]),
    )
    return IngressController(made.class_name, made.http_url, made.https_url, made.default_ca, made.ready)
