"""The ports of a Service, each by its name."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pulumi_kubernetes.core.v1 import ServicePortArgs
from pydantic import Field, PlainValidator

from webtier.shared.model import NodePort, Port, PortName, QualifiedName, Settings, port_name_problem
from webtier.shared.problems import check, wrong_setting

HIGHEST_PORT = 65535


def _target_problem(target: object) -> str | None:
    if isinstance(target, str):
        return port_name_problem(target)
    is_number = isinstance(target, int) and not isinstance(target, bool) and 1 <= target <= HIGHEST_PORT
    if target is None or is_number:
        return None
    return "allowed: a whole number from 1 to 65535, a port's name, or null for the same as port"


TargetPort = Annotated[
    int | str | None, PlainValidator(check(_target_problem), json_schema_input_type=Port | PortName | None)
]


class ServicePort(Settings):
    """One port of a Service."""

    port: Port = Field(description="The Service's own, which clients use.")
    target_port: TargetPort = Field(
        default=None,
        description="Where it is answered: a number, or the name of another container's port; null for the same "
        "number as `port`.",
    )
    protocol: Literal["TCP", "UDP", "SCTP"] = Field(default="TCP", description="What is spoken on it.")
    node_port: NodePort | None = Field(
        default=None, description="The port on every node, with an exposure that has one; null lets the cluster choose."
    )
    app_protocol: QualifiedName | None = Field(
        default=None,
        description="What is spoken above it, as a hint: `http`, `kubernetes.io/h2c`; null for no hint. ingress-nginx "
        "does not look at it and asks in HTTP/1.1, so that a path rule can't lead to a port with another one.",
    )

    @property
    def target(self) -> int | str:
        """The number or name that `target_port` stands for."""
        return self.port if self.target_port is None else self.target_port

    def as_args(self, name: str, target: int | str | None = None) -> ServicePortArgs:
        """For a Service's `ports`; `target` in place of the port's own."""
        return ServicePortArgs(
            name=name,
            port=self.port,
            target_port=self.target if target is None else target,
            # Kubernetes' own default is left out, so that it never shows as a change.
            protocol=None if self.protocol == "TCP" else self.protocol,
            node_port=self.node_port,
            app_protocol=self.app_protocol,
        )


ServicePorts = dict[PortName, ServicePort]


def main_port(ports: Mapping[str, ServicePort]) -> tuple[str, ServicePort] | None:
    """The one that is meant where none is named: `http`, else that for TCP with the lowest number; None without one."""
    over_tcp = {name: port for name, port in ports.items() if port.protocol == "TCP"}
    if "http" in over_tcp:
        return "http", over_tcp["http"]
    return min(over_tcp.items(), key=lambda named: named[1].port, default=None)


def tcp_ports(ports: Mapping[str, ServicePort]) -> dict[str, int]:
    """The numbers of those that path rules can lead to, by name: the main one first, the others by name."""
    main = main_port(ports)
    first = {} if main is None else {main[0]: main[1].port}
    return first | {name: port.port for name, port in sorted(ports.items()) if port.protocol == "TCP"}


def check_each_port_once(ports: Mapping[str, ServicePort]) -> None:
    """ValidationError for two ports that clients could not tell apart."""
    seen: dict[tuple[int, str], str] = {}
    for name, port in sorted(ports.items()):
        earlier = seen.setdefault((port.port, port.protocol), name)
        if earlier != name:
            raise wrong_setting(
                ("ports", name, "port"),
                f"ports.{earlier} has this number for {port.protocol} already; allowed: each number once for a "
                "protocol",
                port.port,
            )
