"""Beside a running Redis: repairs this node's own links and its own table of peers.

Every node does so for itself, so that no leader is needed. Nothing here deletes a key or takes a
shard over; a node that was forgotten by mistake introduces itself again, for a minute in vain: so long
servers from Redis 7.2 on remember whom they have forgotten, and tell each other.
"""

import time
from dataclasses import dataclass, field
from functools import partial

from ..console import Console
from ..errors import CommandRefusedError
from ..redis.client import Connector, Node
from ..redis.reach import ask_member_if_reachable, ask_peers
from ..redis.view import Address, ClusterView, Record
from .forget import StaleNodeWatch

_HURRIED = 1
"""Of `repl-timeout`, in seconds."""
_REPL_TIMEOUT = "60"
"""What it is else: no setting of ours changes Redis' own."""
_BEFORE = float("-inf")
"""An agent before this one may have ended while it was low."""


@dataclass
class Healer:
    """Looks once with `step()`. `domain` resolves to all pods of the cluster.

    A repair is tried again after `patience` seconds, not before: Redis needs a moment for each.
    A peer is forgotten after `gone_for` seconds when its pod came back under another id, and after `absent_for` seconds
    when its pod is no more, in a shard that lives on after `moving_for`. One peer is asked every `ask_peer_every`
    seconds whether it knows this node. Replication from a reachable master that has not come about for `unlinked_for`
    seconds is begun anew.
    """

    domain: str
    connector: Connector
    console: Console
    patience: float = 5.0
    gone_for: float = 15.0
    absent_for: float = 20.0
    moving_for: float = 120.0
    ask_peer_every: float = 10.0
    unlinked_for: float = 6.0
    _tried: dict[str, float] = field(default_factory=dict[str, float])
    _asked: int = 0
    _linked: float = field(default_factory=time.monotonic)
    _hurried: float | None = _BEFORE
    _repl_timeout: str = _REPL_TIMEOUT

    def __post_init__(self) -> None:
        self._stale_nodes = StaleNodeWatch(
            self.domain, self.connector.resolve, self.gone_for, self.absent_for, self.moving_for
        )

    def step(self, redis: Node) -> None:
        """Repairs what can be repaired now. CommandRefusedError for the first repair that Redis refuses, after all."""
        view = redis.view()
        lost = [peer for peer in view.peers if not peer.reachable]
        if not lost:
            self.console.state(f"this node has links to all {len(view.peers)} peers")
        else:
            self.console.state("this node has no link to " + ", ".join(sorted(peer.name for peer in lost)))
        refused: list[CommandRefusedError] = []
        repairs = (
            *(partial(self._find_again, peer=peer) for peer in lost),
            *(self._renew_replication, self._forget, self._join_own_shard, self._make_known),
        )
        for repair in repairs:
            try:
                repair(redis, view)
            except CommandRefusedError as error:
                refused.append(error)
        if refused:
            raise refused[0]

    def _find_again(self, redis: Node, view: ClusterView, peer: Record) -> None:
        for ip in self._possible_addresses(view, peer):
            if not self._is_due(f"meet {peer.id} {ip}"):
                continue
            # Addresses are handed on to other pods: only the id says that it is the same node.
            found = self._view_at(ip)
            if found is None or found.own_id != peer.id:
                continue
            place = found.myself.address
            if (place.ip, place.port) == (peer.address.ip, peer.address.port) and "noaddr" not in peer.flags:
                return
            self._meet(redis, place)
            self.console.event(f"{peer.name} has moved to {place.ip}:{place.port}: this node has met it again")
            return

    def _possible_addresses(self, view: ClusterView, peer: Record) -> list[str]:
        """The pods' own addresses, at which the peer may be found; others may know it by another."""
        ips = self.connector.resolve(peer.address.hostname) if peer.address.hostname else []
        if not ips:
            # Without a name it may be any pod that no reachable peer accounts for.
            known = {record.address.ip for record in view.records.values() if record.reachable}
            ips = [ip for ip in self.connector.resolve(self.domain) if ip not in known]
        return ips

    def _view_at(self, ip: str) -> ClusterView | None:
        """How who answers there sees the cluster, and with which address it announces itself."""
        views = [peer.view for peer in ask_peers([ip], self.connector).peers]
        return views[0] if views and views[0].myself.address.ip else None

    def _meet(self, redis: Node, place: Address) -> None:
        redis.ask("CLUSTER", "MEET", place.ip, place.port, place.bus_port)

    def _renew_replication(self, redis: Node, view: ClusterView) -> None:
        self._take_time_again(redis)
        master = view.master
        if master is None or not master.reachable:
            self._linked = time.monotonic()
            return
        link = redis.fields("INFO", "replication")
        now = time.monotonic()
        if link.get("master_link_status") == "up" or link.get("master_sync_in_progress") == "1":
            self._linked = now
            return
        place = (link.get("master_host"), link.get("master_port"))
        moved = place != (master.address.ip, str(master.address.port))
        # An unanswered packet is sent again after ever longer pauses, and Redis waits a minute for it.
        if not moved and now - self._linked < self.unlinked_for:
            return
        # Redis learns a peer's new address from its other peers without redirecting its own
        # replication to it; naming the same master again does.
        if not self._is_due(f"replicate {master.id}"):
            return
        redis.ask("CLUSTER", "REPLICATE", master.id)
        self.console.event(f"replication from {master.name} now comes from {master.address.ip}")
        # A Valkey follows a master that moves, but does nothing when the same one is named.
        if not moved and "valkey_version" in redis.fields("INFO", "server"):
            self._hurry(redis)

    def _hurry(self, redis: Node) -> None:
        """Lets it give up the connection that has not come about: only for that the setting is so low, and not long."""
        setting: list[str] = redis.ask("CONFIG", "GET", "repl-timeout")
        if setting[1] != str(_HURRIED):
            self._repl_timeout = setting[1]
        self._hurried = time.monotonic()
        redis.ask("CONFIG", "SET", "repl-timeout", _HURRIED)

    def _take_time_again(self, redis: Node) -> None:
        if self._hurried is not None and time.monotonic() - self._hurried >= 2 * _HURRIED + 1:
            redis.ask("CONFIG", "SET", "repl-timeout", self._repl_timeout)
            self._hurried = None

    def _forget(self, redis: Node, view: ClusterView) -> None:
        for stale in self._stale_nodes.due(view):
            # Since Redis 7.2 all nodes forget what one does, and know it again after a minute at the earliest.
            found = self._view_at(stale.address.ip) if stale.address.ip else None
            if found is not None and found.own_id == stale.id:
                continue
            redis.ask("CLUSTER", "FORGET", stale.id)
            self.console.event(f"{stale.name} ({stale.id[:8]}) is a stale node: this node forgets it")

    def _join_own_shard(self, redis: Node, view: ClusterView) -> None:
        """For a node that came back with an empty volume, or forgotten: what holds a key is never touched."""
        myself = view.myself
        if len(view.records) == 1 and not myself.slot_ranges:
            self._find_cluster(redis, view)
            return
        if not myself.is_master or myself.slot_ranges or view.importing or view.migrating:
            return
        master = _shard_master(view, myself.address)
        # Redis refuses a node with keys as well; a shard's data is never at stake here.
        if master is None or int(redis.ask("DBSIZE")) or not self._is_due(f"join {master.id}"):
            return
        redis.ask("CLUSTER", "REPLICATE", master.id)
        self.console.event(f"this node has neither slots nor keys: it replicates {master.name} of its own shard")

    def _find_cluster(self, redis: Node, view: ClusterView) -> None:
        """A node without a past joins a cluster that is formed and has a place for it; forming is not for here."""
        if not self._is_due("find the cluster") or int(redis.ask("DBSIZE")):
            return
        for ip in self.connector.resolve(self.domain):
            found = self._view_at(ip)
            if found is None or _shard_master(found, view.myself.address) is None:
                continue
            self._meet(redis, found.myself.address)
            self.console.event(f"this node knows no other: it has met {found.myself.name}")
            return

    def _make_known(self, redis: Node, view: ClusterView) -> None:
        """A node that was away for long has been forgotten without noticing: its peers go on answering it."""
        peers = sorted((peer for peer in view.peers if peer.reachable), key=lambda peer: peer.id)
        if not peers or not self._is_due("be known", self.ask_peer_every):
            return
        peer = peers[self._asked % len(peers)]
        self._asked += 1
        # Who does not know this node tells it no name, and may be known by an address for clients alone.
        pods = () if peer.address.hostname else self._possible_addresses(view, peer)
        found = ask_member_if_reachable(peer, Node.view, self.connector, also_at=pods)
        if found is not None and found.myself.address.ip and view.own_id not in found.records:
            self._meet(redis, found.myself.address)
            self.console.event(f"{peer.name} no longer knows this node: this node has met it again")

    def _is_due(self, repair: str, patience: float | None = None) -> bool:
        now = time.monotonic()
        if now - self._tried.get(repair, float("-inf")) < (self.patience if patience is None else patience):
            return False
        self._tried[repair] = now
        return True


def _shard_master(view: ClusterView, own: Address) -> Record | None:
    """Who owns the slots of the own shard in this view, when that is exactly one other pod and in touch.

    A shard in which no node owns slots may be a new one that is being filled.
    """
    mates = [record for record in view.records.values() if own.shard and record.address.shard == own.shard]
    owners = [record for record in mates if record.slot_ranges and record.address.hostname != own.hostname]
    return owners[0] if len(owners) == 1 and owners[0].is_master and owners[0].reachable else None
