"""A replica's own questions to its master, over one kept connection."""

import time
from dataclasses import dataclass, field

from ..errors import CommandRefusedError, NodeAliveError, NodeUnavailableError
from ..redis.client import Connector, Node
from ..redis.reach import addresses_of, open_node
from ..redis.replication_info import read_replication
from ..redis.view import Record


@dataclass
class MasterWatch:
    """Asks one master with `look()`. All times are of the monotonic clock, which nobody sets.

    `connector` bounds one answer; a look takes at most two and a half times as long.
    """

    master: Record
    connector: Connector
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
                self._node = self._connect()
            self.offset = read_replication(self._node).offset
        except (NodeAliveError, CommandRefusedError):
            self.close()
            return True
        except NodeUnavailableError:
            self.close()
            return False
        return True

    def _connect(self) -> Node:
        """At its newest address first. While DNS hangs, which a lost node may well cause, the last ones have to do."""
        found = addresses_of(self.master, self.connector, self.connector.timeout / 2)
        for ip in dict.fromkeys([*found[:1], *self.addresses]):
            try:
                node = open_node(self.master.id, ip, self.connector)
            except NodeAliveError:
                raise
            except NodeUnavailableError:
                continue
            self.addresses = [ip]
            return node
        raise NodeUnavailableError("does not answer at any address")
