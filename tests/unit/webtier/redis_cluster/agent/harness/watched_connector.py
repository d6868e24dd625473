"""A connector that knows which commands changed something, and can die after one of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from webtier.redis_cluster.agent.redis.client import Command, Connector, Node

QUESTIONS = (
    *("PING", "INFO", "DBSIZE", "CLUSTER NODES", "CLUSTER INFO", "CLUSTER LINKS", "CLUSTER MYID", "CONFIG GET"),
    *("CLUSTER COUNTKEYSINSLOT", "CLUSTER GETKEYSINSLOT", "CLUSTER MIGRATION STATUS", "CLUSTER GETSLOTMIGRATIONS"),
    *("ACL GETUSER", "WATCH", "UNWATCH"),
    *("MEMORY USAGE", "DUMP", "SCAN", "FUNCTION LIST", "FUNCTION DUMP", "ROLE", "PUBSUB", "SUBSCRIBE", "UNSUBSCRIBE"),
)


class Killed(BaseException):
    """No AgentError, and nothing that the agent could catch: like a kill -9."""


@dataclass(frozen=True)
class WatchedConnector(Connector):
    """Keeps every changing command in `changes`. With `dies` number `lives` of them is the last.

    `before` is told of each command, or of the first of several that are sent together, before it is sent.
    """

    dies: bool = False
    lives: int = 1
    before: Callable[[str], None] = lambda _: None
    changes: list[str] = field(default_factory=list[str])

    @classmethod
    def like(
        cls, connector: Connector, dies: bool = False, lives: int = 1, before: Callable[[str], None] = lambda _: None
    ) -> "WatchedConnector":
        """The same nodes, watched."""
        return cls(
            connector.password,
            connector.port,
            connector.bus_port,
            connector.timeout,
            resolve=connector.resolve,
            local_ip=connector.local_ip,
            dies=dies,
            lives=lives,
            before=before,
        )

    def open(self, ip: str) -> Node:
        return _WatchedNode(ip, self)

    def left(self) -> int:
        """How many changing commands may still be sent."""
        return self.lives - len(self.changes) if self.dies else 1 << 30


class _WatchedNode(Node):
    def __init__(self, ip: str, connector: WatchedConnector) -> None:
        super().__init__(ip, connector)
        self._watch = connector

    def ask_each(self, commands: Sequence[Command]) -> list[Any]:
        self._watch.before(" ".join(map(str, commands[0] if commands else ())))
        left = self._watch.left()
        # How many changes there are before each command.
        before = accumulate(map(_changes, commands), initial=0)
        sent = [command for command, changes in zip(commands, before, strict=False) if changes < left]
        answers = super().ask_each(sent)
        self._note(sent)
        return answers

    def _note(self, commands: Sequence[Command]) -> None:
        self._watch.changes.extend(" ".join(map(str, command)) for command in commands if _changes(command))
        if self._watch.left() <= 0:
            raise Killed


def _changes(command: Command) -> bool:
    return not " ".join(map(str, command)).startswith(QUESTIONS)
