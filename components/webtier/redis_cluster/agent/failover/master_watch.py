"""What a replica has seen of its master, by questions of its own over one kept connection."""

import math
import time
from dataclasses import dataclass, field

from ..errors import CommandRefusedError, NodeAliveError, NodeSilentError, NodeUnavailableError
from ..redis.client import Connector, Node
from ..redis.reach import addresses_of, is_there, open_node
from ..redis.replication_info import read_replication
from ..redis.view import Record


@dataclass
class ReplicationProgress:
    """How closely a replica follows, told from how much its master had written and when."""

    _goal: tuple[float, int] | None = None
    _level_at: float | None = None

    def note(self, own_offset: int, now: float, master_offset: int) -> None:
        """What both had at a time in seconds; the replica's was read first."""
        if self._goal is not None:
            if own_offset < self._goal[1]:
                return
            self._level_at = self._goal[0]
        self._goal = (now, master_offset)

    def lag(self, now: float) -> float:
        """The replica has at least what the master had so many seconds ago; infinite while that is unknown."""
        return math.inf if self._level_at is None else now - self._level_at


@dataclass
class MasterWatch:
    """Asks one master with `look()`. All times are of the monotonic clock, which nobody sets.

    It is evidence against the master only while that is seen without a gap. `connector` bounds one answer; a look takes
    at most two and a half times as long.
    """

    master: Record
    connector: Connector
    answered_at: float | None = None
    silent_since: float | None = None
    """When the first question was asked that got no answer, and none after it did."""
    unanswered: int = 0
    offset: int | None = None
    """How much the master had written when it answered last, of the stream that `history` names."""
    history: str = ""
    addresses: list[str] = field(default_factory=list[str])
    """Where it answered last."""
    progress: ReplicationProgress = field(default_factory=ReplicationProgress)
    ready: bool = False
    """Whether the replica has so much of the data that it could take over now."""
    agreed_at: float | None = None
    """Since when as many masters as an election needs have agreed that the master is gone."""
    _node: Node | None = None
    _silent: Node | None = None
    """A connection to it that is up and says nothing, kept for `is_there`."""

    def look(self) -> bool:
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

    def is_there(self) -> bool:
        """Whether its process is there although it does not answer: it holds its connections, or takes new ones.

        With its accept queue full it takes none; to a new connection it then looks like a node that is lost.
        """
        if self._silent is not None and self._silent.is_held():
            return True
        found = addresses_of(self.master, self.connector, self.connector.timeout / 2)
        return any(is_there(self.master.id, ip, self.connector) for ip in dict.fromkeys([*found[:1], *self.addresses]))

    def silence(self) -> float:
        """For how long it has not answered; 0 while it does."""
        return 0.0 if self.silent_since is None else time.monotonic() - self.silent_since

    def close(self) -> None:
        self._keep(None, None)

    def _answers(self) -> bool:
        try:
            if self._node is None:
                self._node = self._connect()
            said = read_replication(self._node)
            self.offset, self.history = said.offset, said.history
        except (NodeAliveError, CommandRefusedError):
            self.close()
            return True
        except NodeSilentError:
            self._keep(None, self._node)
            return False
        except NodeUnavailableError:
            self._keep(None, self._silent)
            return False
        self._keep(self._node, None)
        return True

    def _keep(self, node: Node | None, silent: Node | None) -> None:
        """Closes what is neither the connection to ask over nor the one that says nothing."""
        for known in (self._node, self._silent):
            if known is not None and known is not node and known is not silent:
                known.close()
        self._node, self._silent = node, silent

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
            node.outlives_silence = True
            return node
        raise NodeUnavailableError("does not answer at any address")
