"""Beside a running Redis: mends this node's own links after peers have moved.

Every node does so for itself, so that no leader is needed. Nothing here deletes a key, forgets a
node or takes a shard over: the worst that a mistake could do is an introduction too many.
"""

import threading
import time
from dataclasses import dataclass, field

from .client import Connector, Node
from .console import Console
from .errors import AgentError, CommandRefusedError, NodeUnavailableError
from .resolver import Resolve
from .view import ClusterView, Record, parse_view


@dataclass(frozen=True)
class HealOptions:
    """`local_ip` is where this pod's Redis answers; `domain` resolves to all pods of the cluster.

    A repair is tried again after `patience` seconds, not before: Redis needs a moment for each.
    """

    local_ip: str
    domain: str
    interval: float = 1.0
    patience: float = 5.0


@dataclass
class Healer:
    """Looks once with `step()`; `run` looks until it is told to stop."""

    options: HealOptions
    connector: Connector
    resolve: Resolve
    console: Console
    _tried: dict[str, float] = field(default_factory=dict[str, float])

    def run(self, stop: threading.Event) -> None:
        """Never raises for what a node does or does not answer."""
        while not stop.is_set():
            try:
                self.step()
            except AgentError as error:
                self.console.state(f"this pod's Redis {error}")
            stop.wait(self.options.interval)

    def step(self) -> None:
        """Mends what can be mended now. NodeUnavailableError when this pod's Redis does not answer."""
        with self.connector.open(self.options.local_ip) as redis:
            view = parse_view(str(redis.ask("CLUSTER", "NODES")))
            lost = [peer for peer in view.peers if not peer.reachable]
            if not lost:
                self.console.state(f"all {len(view.peers)} peers are in touch")
            else:
                self.console.state("out of touch: " + ", ".join(sorted(_name(peer) for peer in lost)))
            for peer in lost:
                self._find_again(redis, view, peer)
            self._renew_replication(redis, view)

    def _find_again(self, redis: Node, view: ClusterView, peer: Record) -> None:
        for ip in self._candidates(view, peer):
            if not self._is_due(f"meet {peer.id} {ip}"):
                continue
            # Addresses are handed on to other pods: only the id says that it is the same node.
            found = self._node_at(ip)
            if found is None or found.id != peer.id:
                continue
            place = found.address
            if (place.ip, place.port) == (peer.address.ip, peer.address.port) and "noaddr" not in peer.flags:
                return
            redis.ask("CLUSTER", "MEET", place.ip, place.port, place.bus_port)
            self.console.event(f"{_name(peer)} has moved to {place.ip}:{place.port}: introduced again")
            return

    def _candidates(self, view: ClusterView, peer: Record) -> list[str]:
        """The pods' own addresses, at which the peer may be found; others may know it by another."""
        ips = self.resolve(peer.address.hostname) if peer.address.hostname else []
        if not ips:
            # Without a name it may be any pod that no reachable peer accounts for.
            known = {record.address.ip for record in view.records.values() if record.reachable}
            ips = [ip for ip in self.resolve(self.options.domain) if ip not in known]
        return ips

    def _node_at(self, ip: str) -> Record | None:
        """Who answers there, with the address that it announces."""
        try:
            with self.connector.open(ip) as node:
                found = parse_view(str(node.ask("CLUSTER", "NODES"))).myself
        except (NodeUnavailableError, CommandRefusedError):
            return None
        return found if found.address.ip else None

    def _renew_replication(self, redis: Node, view: ClusterView) -> None:
        master = view.records.get(view.myself.master_id or "")
        if master is None or not master.reachable:
            return
        link = redis.fields("INFO", "replication")
        place = (link.get("master_host"), link.get("master_port"))
        if link.get("master_link_status") == "up" or place == (master.address.ip, str(master.address.port)):
            return
        # Redis learns a peer's new address from its other peers without redirecting its own
        # replication to it; naming the same master again does.
        if self._is_due(f"replicate {master.id}"):
            redis.ask("CLUSTER", "REPLICATE", master.id)
            self.console.event(f"replication from {_name(master)} now comes from {master.address.ip}")

    def _is_due(self, repair: str) -> bool:
        now = time.monotonic()
        if now - self._tried.get(repair, float("-inf")) < self.options.patience:
            return False
        self._tried[repair] = now
        return True


def _name(record: Record) -> str:
    return record.address.hostname.partition(".")[0] or record.id[:8]
