"""A connector that knows which commands changed something, and can die after one of them."""

from dataclasses import dataclass, field
from typing import Any

from components.redis_cluster.agent.client import Connector, Node

QUESTIONS = ("PING", "INFO", "DBSIZE", "CLUSTER NODES", "CLUSTER INFO", "CLUSTER MYID", "CONFIG GET")


class Killed(BaseException):
    """No AgentError, and nothing that the agent could catch: like a kill -9."""


@dataclass(frozen=True)
class WatchedConnector(Connector):
    """Keeps every changing command in `changes`. With `dies` the first one is the last."""

    dies: bool = False
    changes: list[str] = field(default_factory=list[str])

    @classmethod
    def like(cls, connector: Connector, dies: bool = False) -> "WatchedConnector":
        """The same nodes, watched."""
        return cls(connector.password, connector.port, connector.bus_port, connector.timeout, dies=dies)

    def open(self, ip: str) -> Node:
        return _WatchedNode(ip, self)


class _WatchedNode(Node):
    def __init__(self, ip: str, connector: WatchedConnector) -> None:
        super().__init__(ip, connector)
        self._watch = connector

    def ask(self, *command: str | int) -> Any:
        answer = super().ask(*command)
        text = " ".join(map(str, command))
        if not text.startswith(QUESTIONS):
            self._watch.changes.append(text)
            if self._watch.dies:
                raise Killed
        return answer
