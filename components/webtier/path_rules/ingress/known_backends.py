"""Keeps ingress-nginx from forgetting a web service at the very moment when a rule leaves it.

Another backend of a rule is a reload of nginx, whose old workers go on for some tenths of a second while new ones
start. But which backends there are, all workers are told at once: in the meantime the old ones answer 503 for a backend
that no Ingress names any more. So one more Ingress names all of them, on a host that nobody asks for and that turns
everybody away.

A canary's Service is left out, since the controller takes no canary that is another Ingress' own backend.
"""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.networking.v1 import (
    HTTPIngressPathArgs,
    HTTPIngressRuleValueArgs,
    Ingress,
    IngressBackendArgs,
    IngressRuleArgs,
    IngressServiceBackendArgs,
    IngressSpecArgs,
    ServiceBackendPortArgs,
)

from webtier.path_rules.ingress.annotations import PREFIX
from webtier.path_rules.rules.model import Backend, RuleSet
from webtier.shared.waiting import SKIP_AWAIT

ANNOTATIONS = {PREFIX + "denylist-source-range": "0.0.0.0/0,::/0"}


def known_ports(rules: RuleSet, backends: Mapping[str, Backend]) -> dict[str, Mapping[str, pulumi.Input[int]]]:
    """The ports by name of each web service that is to be known."""
    canaries = {rule.canary.backend.service for rule in rules.rules.values() if rule.canary is not None}
    return {name: backend.ports for name, backend in backends.items() if backend.ports and name not in canaries}


def keep_backends_known(
    name: str,
    rules: RuleSet,
    backends: Mapping[str, Backend],
    *,
    namespace: pulumi.Input[str],
    ingress_class: pulumi.Input[str],
    labels: Mapping[str, str],
    after: Sequence[pulumi.Resource],
    opts: pulumi.ResourceOptions,
) -> Ingress:
    """The Ingress that names all backends of the rules `name`.

    `after` are all other Ingresses: it forgets a web service, and begins to know one that was a canary, after them.
    """
    paths = [
        HTTPIngressPathArgs(
            path=f"/{service}/{port_name if by_name else 'number/' + port_name}",
            path_type="Exact",
            backend=IngressBackendArgs(
                service=IngressServiceBackendArgs(
                    name=backends[service].service_name,
                    # The controller takes a port's name and its number for two backends.
                    port=ServiceBackendPortArgs(name=port_name) if by_name else ServiceBackendPortArgs(number=number),
                )
            ),
        )
        for service, ports in known_ports(rules, backends).items()
        for port_name, number in ports.items()
        for by_name in (True, False)
    ]
    object_name = f"{name}-known-backends"
    return Ingress(
        object_name,
        metadata=ObjectMetaArgs(
            name=object_name, namespace=namespace, labels=labels, annotations={**ANNOTATIONS, **SKIP_AWAIT}
        ),
        spec=IngressSpecArgs(
            ingress_class_name=ingress_class,
            rules=[
                IngressRuleArgs(
                    # A name that no DNS has, and no other rules do.
                    host=pulumi.Output.format("{0}.{1}.invalid", name, namespace),
                    http=HTTPIngressRuleValueArgs(paths=paths),
                )
            ],
        ),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(after))),
    )
