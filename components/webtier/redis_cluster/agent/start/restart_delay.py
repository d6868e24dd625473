"""Delays the restart of a master that crashed while one of its replicas may take over.

A container comes back after a second, before any other node has missed it, and Redis then refuses writes for another
two seconds, as any master does that finds its cluster after a start: three seconds and more in all. The replica takes
over in less, and has everything that had left the old master's process.
"""

import math
import time
from dataclasses import dataclass, field, replace
from typing import Self

from ..failover.candidacy import stands
from ..failover.fast_failover import FEWEST_MASTERS
from ..parallel import in_parallel
from ..redis.client import Connector, Node
from ..redis.reach import ask_member_if_reachable
from .data_folder import DataFolder

TAKES_OVER_IN, GIVES_UP_AFTER = 1.0, 2.5
"""Seconds beyond the time after which a replica takes over."""

SLOW_FOR = 1.0
"""Seconds for which a replica that has said so may take over, although it does not answer."""


@dataclass
class RestartDelay:
    """One for each start of Redis, where the agents have the fast failover. All times in seconds."""

    data: DataFolder
    connector: Connector
    longest: float
    """After which this node starts in any case."""
    recent: float
    """A replica that lost its master longer ago has not been elected, and will hardly be."""
    patience: float = 0.3
    """What a node gets for one answer, and DNS for a name."""
    _began: float = field(default_factory=time.monotonic)
    _able: dict[str, float] = field(default_factory=dict[str, float])
    """When each replica, by id, last said that it may take over."""

    @classmethod
    def of(cls, failover_after: float, data: DataFolder, connector: Connector) -> Self:
        """Where a replica takes over so many seconds after its master was last heard."""
        return cls(data, connector, failover_after + TAKES_OVER_IN, failover_after + GIVES_UP_AFTER)

    def promotable_replica(self) -> str | None:
        """The name of a replica that followed this node until just now and has not taken over yet; None without one."""
        if time.monotonic() - self._began > self.longest:
            return None
        view, _ = self.data.read_nodes_file()
        if view is None or not view.myself.serves or len(view.masters) < FEWEST_MASTERS:
            return None
        # Only the replica itself knows whether it stands for election: nodes.conf is not written when that changes.
        replicas = view.replicas_of(view.own_id)
        quick = replace(self.connector, timeout=self.patience)
        answers = in_parallel(lambda each: ask_member_if_reachable(each, self._may_take_over, quick), replicas)
        now = time.monotonic()
        for replica, is_able in zip(replicas, answers, strict=True):
            if is_able:
                self._able[replica.id] = now
            elif is_able is not None:
                self._able.pop(replica.id, None)
        return next((each.name for each in replicas if now - self._able.get(each.id, -math.inf) <= SLOW_FOR), None)

    def _may_take_over(self, replica: Node) -> bool:
        if not stands(replica):
            return False
        link = replica.fields("INFO", "replication")
        up_for = int(replica.fields("INFO", "server")["uptime_in_seconds"])
        lost_for = int(link.get("master_link_down_since_seconds", "0"))
        # A replica that has started since has never followed this process.
        return link.get("role") == "slave" and 0 <= lost_for <= self.recent and up_for > lost_for + 1
