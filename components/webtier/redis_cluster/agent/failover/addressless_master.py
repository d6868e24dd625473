"""Succeeds a master that has no address any more, which Redis itself never does.

Where another node answers at a master's address, Redis takes the address away from it (`noaddr`), and a node without
one it neither asks nor ever takes for failed: nobody is elected, however long that master stays away. So its replica
asks for the election here, by the rules that Redis has for a master that has failed: it stands for election, so many
masters as elect have not been in touch with the lost one for a node timeout, and of several replicas the one with the
most data asks first.
"""

import time
from dataclasses import dataclass, field

from ..console import Console
from ..parallel import in_parallel
from ..redis.client import Connector, Node
from ..redis.node_timeout import node_timeout
from ..redis.reach import ask_member_if_reachable
from ..redis.replication_info import Replication, read_replication
from ..redis.view import ClusterView, Record
from .failover_candidates import as_masters_see

ASK_AGAIN = 2
"""Node timeouts after an election that came to nothing: so long a master keeps its vote for another replica."""


@dataclass
class AddresslessMaster:
    """Beside a replica. Looks once with `step()`."""

    connector: Connector
    console: Console
    _since: float | None = field(default=None, init=False)
    _not_before: float = field(default=0.0, init=False)

    def step(self, redis: Node) -> None:
        view = redis.view()
        master = view.master
        if master is None or "noaddr" not in master.flags or not (master.slot_ranges and view.myself.stands):
            self._since = None
            return
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        timeout = node_timeout(redis)
        if now < max(self._since + timeout, self._not_before):
            return
        reason = self._why_not(redis, view, master)
        if reason is not None:
            self.console.state(f"{master.name} has no address; this replica does not take over yet: {reason}")
            return
        self._not_before = now + ASK_AGAIN * timeout
        redis.ask("CLUSTER", "FAILOVER", "FORCE")
        self.console.event(
            f"{master.name} has had no address for {now - self._since:.1f} s: this replica asks for votes"
        )

    def _why_not(self, redis: Node, view: ClusterView, master: Record) -> str | None:
        seen = as_masters_see(view, master.id, self.connector)
        if any(record is not None and record.reachable for record in seen):
            return "another master is in touch with it"
        agreeing = sum(record is not None for record in seen)
        if agreeing < view.majority:
            return f"{agreeing} masters say so, {view.majority} are needed"
        own = read_replication(redis)
        siblings = [each for each in view.replicas_of(master.id) if each.stands and each.reachable]
        said = in_parallel(lambda each: ask_member_if_reachable(each, read_replication, self.connector), siblings)
        for sibling, its in zip(siblings, said, strict=True):
            if its is not None and _precedes(its, sibling, own, view):
                return f"{sibling.name} takes precedence, by its data or its id"
        return None


def _precedes(its: Replication, sibling: Record, own: Replication, view: ClusterView) -> bool:
    """Offsets of two histories do not compare; then the id decides, so that one of them asks first."""
    data = its.offset - own.offset if its.history == own.history else 0
    return data > 0 or (data == 0 and sibling.id < view.own_id)
