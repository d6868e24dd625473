"""A replica's own questions to its master, over one kept connection."""

import time
from dataclasses import dataclass, field

from ..errors import AgentError, CommandRefusedError, NodeAliveError, NodeUnavailableError
from ..redis.client import Connector, Node
from ..redis.reach import addresses_of
from ..redis.replication_info import read_replication
from ..redis.resolver import Resolve
from ..redis.view import Record


@dataclass
class MasterWatch:
    """Asks one master with `look()`. All times are of the monotonic clock, which nobody sets.

    `connector` bounds one answer; a look takes at most two and a half times as long.
    """

    master: Record
    connector: Connector
    resolve: Resolve
    answered_at: float | None = None
    silent_since: float | None = None
    """When the first question was asked that got no answer, and none after it did."""
    unanswered: int = 0
    offset: int | None = None
    """How much the master had written when it answered last."""
    addresses: list[str] = field(default_factory=list[str])
    """Where it answered last."""
    _node: Node | None = None

    def look(self) -> bool:
        """Whether it answers now."""
        asked_at = time.monotonic()
        if self._answers():
            self.answered_at = time.monotonic()
            self.silent_since = None
            self.unanswered = 0
            return True
        self.unanswered += 1
        if self.silent_since is None:
            self.silent_since = asked_at
        return False

    def silence(self, now: float) -> float:
        """For how long it has not answered; 0 while it does."""
        return 0.0 if self.silent_since is None else now - self.silent_since

    def close(self) -> None:
        """Ends the connection."""
        if self._node is not None:
            self._node.close()
            self._node = None

    def _answers(self) -> bool:
        try:
            if self._node is None:
                return any(self._answers_at(ip) for ip in self._candidates())
            self.offset = read_replication(self._node).offset
        except (NodeAliveError, CommandRefusedError):
            self.close()
            return True
        except NodeUnavailableError:
            self.close()
            return False
        return True

    def _candidates(self) -> list[str]:
        """Newest first. While DNS hangs, which a lost node may well cause, the last ones have to do."""
        found = addresses_of(self.master, self.resolve, self.connector.timeout / 2)
        return list(dict.fromkeys([*found[:1], *self.addresses]))

    def _answers_at(self, ip: str) -> bool:
        node = self.connector.open(ip)
        try:
            if node.ask("CLUSTER", "MYID") != self.master.id:
                node.close()
                return False
            self.offset = read_replication(node).offset
        except AgentError as error:
            node.close()
            if isinstance(error, (NodeAliveError, CommandRefusedError)):
                raise
            return False
        self._node = node
        self.addresses = [ip]
        return True
