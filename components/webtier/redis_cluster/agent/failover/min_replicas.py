"""How many replicas a master wants in touch before it takes a write, while pods come and go as planned.

`min-replicas-to-write` keeps a master that was cut off from taking writes that its successor would
not have. Nobody is cut off by a hand-over, or when a replica is removed; without what is done here
and there writes would be refused (NOREPLICAS) until the others follow the new master, or for good.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..redis.client import Connector, Node
from ..redis.reach import ask_member_if_reachable
from ..redis.replication_info import read_replication
from ..redis.view import Record
from .draining import is_draining
from .failover_candidates import COPYING, Candidate, CandidateFinder

_SETTING = "min-replicas-to-write"


def wanted_replicas(node: Node) -> int:
    """What the node's Redis asks for while it is a master; 0 for none."""
    return int(node.ask("CONFIG", "GET", _SETTING)[1])


def want_replicas(node: Node, count: int) -> int:
    """Until that Redis process ends, since it is written to no file. Returns the number."""
    node.ask("CONFIG", "SET", _SETTING, count)
    return count


def take_writes_alone(node: Node) -> int:
    """Returns how many replicas the node has wanted until now."""
    wanted = wanted_replicas(node)
    if wanted:
        want_replicas(node, 0)
    return wanted


def settle(master: Node, wanted: int, others: Sequence[Record], finder: CandidateFinder, end: float) -> int:
    """Lets a master want as many replicas as of the `others` follow it; never more than `wanted`.

    Draining replicas do not count, and those that are still copying are waited for until `end`. Returns the number.
    """
    history = read_replication(master).history
    while True:
        found = finder.look_at(others)
        following = sum(isinstance(each, Candidate) and each.replication.history == history for each in found)
        beginning = sum(isinstance(each, Candidate) or each == COPYING for each in found) - following
        if following >= wanted or not beginning or time.monotonic() >= end:
            return want_replicas(master, min(following, wanted))
        time.sleep(0.02)


@dataclass
class ReturnedReplica:
    """Raises the master's `min-replicas-to-write` again, which this replica lowered when it stopped; by `step()`.

    What a pod's own Redis has read from its files is what the cluster is to have.
    """

    connector: Connector
    patience: float = 1.0
    """Seconds that the master gets for an answer, and DNS for its name."""
    _due: bool = field(default=True, init=False)

    def restarted(self) -> None:
        """To be told of each start of this pod's Redis."""
        self._due = True

    def step(self, redis: Node) -> None:
        """Does nothing more once this node follows its master."""
        if not self._due:
            return
        wanted = wanted_replicas(redis)
        if not wanted:
            self._due = False
        elif read_replication(redis).synced and not is_draining(redis):
            self._due = not self._is_given_back(redis, wanted)

    def _is_given_back(self, redis: Node, wanted: int) -> bool:
        def give_back(node: Node) -> bool:
            if wanted_replicas(node) < wanted:
                if len(read_replication(node).online) < wanted:
                    return False
                want_replicas(node, wanted)
            return True

        master = redis.view().master
        quick = replace(self.connector, timeout=self.patience)
        return master is not None and bool(ask_member_if_reachable(master, give_back, quick))
