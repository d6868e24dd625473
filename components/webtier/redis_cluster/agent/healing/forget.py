"""Which peers are stale nodes and may be forgotten: their pods are gone for good."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..redis.resolver import Resolve
from ..redis.view import ClusterView, Record


def stale_nodes(view: ClusterView) -> list[Record]:
    """Peers that nothing depends on any more in this view.

    Failed by agreement, without slots, and no live replica follows them, this node least of all.
    Whether such a peer will come back has to be known from elsewhere.
    """
    return [record for record in view.peers if is_gone(view, record) and not is_needed(view, record)]


def is_gone(view: ClusterView, record: Record) -> bool:
    """Whether the masters agree that it has failed, or another node answered at its address.

    A suspicion is not enough, but where one master owns all slots: Redis never makes that a failure,
    since no other master could agree.
    """
    return bool(record.flags & {"fail", "noaddr"}) or (record.failed and len(view.masters) < 2)


def is_needed(view: ClusterView, record: Record) -> bool:
    followers = (other for other in view.records.values() if other.master_id == record.id)
    return bool(record.slot_ranges) or any(follower.reachable for follower in followers)


def successor(view: ClusterView, record: Record) -> Record | None:
    """The reachable node that has taken over the record's host name: the pod came back under a new id."""
    host = record.address.hostname
    others = (other for other in view.records.values() if other.id != record.id and other.reachable)
    return next((other for other in others if host and other.address.hostname == host), None)


def lives_on(view: ClusterView, record: Record) -> bool:
    """Whether its master, or another node that its host name says is of its shard, owns slots."""
    own = record.address.shard
    owners = (other for other in view.records.values() if other.slot_ranges)
    return any(owner.id == record.master_id or (own and owner.address.shard == own) for owner in owners)


@dataclass
class StaleNodeWatch:
    """Which stale nodes a node may forget by itself, without knowing how many there should be. Times in seconds.

    A stale node is due when it has been gone for `gone_for` and its pod came back under another node id,
    or when it has had no address for `absent_for` while the cluster's own name had one. In a shard that lives on it is
    `moving_for`: a pod whose volume has to be attached elsewhere may have no address for that long. Nothing is lost if
    it comes back after all, but a minute: it introduces itself again. Gossip brings a stale node that one node kept
    back to the others after a minute, without its host name; so one without a name is due as well.
    """

    domain: str
    resolve: Resolve
    gone_for: float
    absent_for: float
    moving_for: float
    clock: Callable[[], float] = time.monotonic
    _gone: dict[str, float] = field(default_factory=dict[str, float], init=False)
    _absent: dict[str, float] = field(default_factory=dict[str, float], init=False)

    def due(self, view: ClusterView) -> list[Record]:
        now = self.clock()
        found = {record.id: record for record in stale_nodes(view)}
        absent = {node_id for node_id, record in found.items() if self._has_no_address(record)}
        self._gone = {node_id: self._gone.get(node_id, now) for node_id in found}
        self._absent = {node_id: self._absent.get(node_id, now) for node_id in absent}
        return [
            record
            for node_id, record in found.items()
            if now - self._gone[node_id] >= self.gone_for
            and (successor(view, record) or now - self._absent.get(node_id, now) >= self._patience(view, record))
        ]

    def _patience(self, view: ClusterView, record: Record) -> float:
        return self.moving_for if lives_on(view, record) else self.absent_for

    def _has_no_address(self, record: Record) -> bool:
        # Without an answer for the cluster's own name it is DNS that is missing.
        host = record.address.hostname
        return not (host and self.resolve(host)) and bool(self.resolve(self.domain))
