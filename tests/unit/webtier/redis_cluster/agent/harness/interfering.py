"""A connector by which a test acts at the very moment in which a replica is asked to take over."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster
from webtier.redis_cluster.agent.redis.client import Connector, Node
from webtier.redis_cluster.agent.redis.topology import Member


@dataclass(frozen=True)
class InterferingConnector(Connector):
    """Calls `before` with the replica, right before it is asked."""

    before: Callable[[str], None] = lambda _: None

    def open(self, ip: str) -> Node:
        return _InterferingNode(ip, self)


class _InterferingNode(Node):
    def __init__(self, ip: str, connector: InterferingConnector) -> None:
        super().__init__(ip, connector)
        self._before = connector.before

    def ask(self, *command: str | int) -> Any:
        if command == ("CLUSTER", "FAILOVER"):
            self._before(self.ip)
        return super().ask(*command)


def interfering(cluster: LocalCluster, before: Callable[[Member], None]) -> InterferingConnector:
    """The cluster's own connector besides."""

    def found(ip: str) -> None:
        before(next(member for member in cluster.topology.members() if cluster.addresses[member.host] == ip))

    ours = cluster.connector
    return InterferingConnector(ours.password, ours.port, ours.bus_port, resolve=ours.resolve, before=found)
