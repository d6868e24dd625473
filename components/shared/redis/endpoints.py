"""Where any Redis is reached, inside the Kubernetes cluster and from outside."""

from dataclasses import dataclass

import pulumi

from components.shared.redis.conf import PORT


@dataclass(frozen=True)
class Endpoints:
    """As a component's outputs say it."""

    inside: pulumi.Output[str]
    access_port: pulumi.Output[int | None]
    outside: pulumi.Output[str | None]


def endpoints(
    service: pulumi.Input[str],
    namespace: pulumi.Input[str],
    cluster_domain: str,
    node_port: int | None,
    node_address: str | None,
) -> Endpoints:
    """Of the Service with that name. `node_address` is where NodePorts are reached, None where that is not known."""
    inside = pulumi.Output.concat(service, ".", namespace, ".svc.", cluster_domain, f":{PORT}")
    outside = None if node_port is None or node_address is None else f"{node_address}:{node_port}"
    return Endpoints(inside, pulumi.Output.from_input(node_port), pulumi.Output.from_input(outside))
