"""The controller that serves the stack's path rules: its own, or one that is there already."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pulumi

from environment.settings.ingress_settings import IngressSettings
from webtier.ingress_nginx import IngressNginx, IngressNginxArgs


@dataclass(frozen=True)
class Addresses:
    """Where requests are answered, without a final slash; None where that is not known."""

    http_url: pulumi.Output[str | None]
    https_url: pulumi.Output[str | None]
    ca_certificate: pulumi.Output[str | None]
    """The CA of the default certificate in PEM, where the program makes that; else None."""


@dataclass(frozen=True)
class IngressController:
    """What path rules and outputs take from it."""

    class_name: pulumi.Input[str]
    addresses: Addresses
    ready: Sequence[pulumi.Resource]
    """What every Ingress must depend on."""


def make_controller(
    settings: IngressSettings,
    *,
    stack_namespace: pulumi.Input[str],
    make_namespace: Callable[[str], pulumi.Input[str]],
    node_address: str | None,
    provider: pulumi.ProviderResource,
) -> IngressController:
    """Registers the controller in a namespace of its own, unless it is somebody else's.

    `make_namespace` registers the namespace of that name.
    """
    if not settings.install:
        return IngressController(
            class_name=settings.class_name,
            addresses=Addresses(
                http_url=pulumi.Output.from_input(settings.http_url),
                https_url=pulumi.Output.from_input(settings.https_url),
                ca_certificate=pulumi.Output.from_input(None),
            ),
            ready=(),
        )
    namespace = make_namespace(settings.namespace)
    made = IngressNginx(
        "ingress-nginx",
        IngressNginxArgs(
            settings,
            namespace,
            node_address,
            watched_namespace=stack_namespace if settings.watch == "stack" else None,
        ),
        pulumi.ResourceOptions(providers=[provider]),
    )
    return IngressController(made.class_name, Addresses(made.http_url, made.https_url, made.default_ca), made.ready)
