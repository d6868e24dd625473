"""Which replicas of the local master could take over from it now, and would be elected."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ..errors import CommandRefusedError, NodeUnavailableError
from ..redis.client import Connector, Node
from ..redis.links import inbound_links
from ..redis.reach import addresses_of
from ..redis.replication_info import Replication, read_replication
from ..redis.resolver import Resolve
from ..redis.view import ClusterView, Record, find_record
from .draining import is_ending

MOST_AT_ONCE = 16

LEAVING = "is about to end itself"
COPYING = "has not finished copying its master's data"


@dataclass(frozen=True)
class Heir:
    """A replica that is able to take over now."""

    record: Record
    ip: str
    replication: Replication
    linked: frozenset[str]
    """Ids of the nodes whose votes reach it."""


@dataclass(frozen=True)
class Prospects:
    """The replicas that can take over, and why the others can't.

    `hopeful` says that somebody follows the stream who may yet be able: new, or not found at its address so soon
    after its start.
    """

    heirs: list[Heir]
    reasons: list[str]
    hopeful: bool


@dataclass(frozen=True)
class Heirs:
    """Asks the nodes themselves; each gets the connector's timeout for an answer, and DNS as long for a name."""

    connector: Connector
    resolve: Resolve

    def find(self, redis: Node, view: ClusterView) -> Prospects:
        """Those of the local master `redis`, which sees the cluster as `view`."""
        records = replicas_of(view, view.own_id)
        online = read_replication(redis).online
        if not online:
            return Prospects([], [f"{record.name} does not follow this master's writes" for record in records], False)
        found = self.look_at(records, online)
        heirs = [heir for heir in found if isinstance(heir, Heir)]
        return Prospects(
            # Where addresses are translated on the way, the master knows its replicas by others.
            heirs=[heir for heir in heirs if heir.ip in online] or heirs,
            reasons=[
                f"{record.name} {why}" for record, why in zip(records, found, strict=True) if isinstance(why, str)
            ],
            hopeful=len(online) > found.count(LEAVING),
        )

    def look_at(self, records: Sequence[Record], online: frozenset[str] = frozenset()) -> list[Heir | str]:
        """Each as it is now, or why it can't take over. `online` are further addresses where they may be."""
        with ThreadPoolExecutor(max_workers=MOST_AT_ONCE) as pool:
            return list(pool.map(self._look_at, records, [online] * len(records)))

    def _look_at(self, record: Record, online: frozenset[str]) -> Heir | str:
        """Asked directly: a replica that ends itself is often the first to know.

        Besides where DNS says that it is, also where somebody follows this master from: after a restart DNS goes on
        about the address before for seconds.
        """
        reason = "has no address"
        told = self._addresses(record)
        for ip in dict.fromkeys([*told, *sorted(online)]):
            try:
                with self.connector.open(ip) as node:
                    if node.ask("CLUSTER", "MYID") != record.id:
                        if ip in told:
                            reason = "is not who answers at its address"
                    elif is_ending(node):
                        return LEAVING
                    elif not (replication := read_replication(node)).synced:
                        reason = COPYING
                    else:
                        return Heir(record, ip, replication, inbound_links(node))
            except (NodeUnavailableError, CommandRefusedError) as error:
                if ip in told:
                    reason = str(error)
        return reason

    def votes_for(self, view: ClusterView, heir: Heir) -> bool:
        """Whether every master that answers sees it as this master's replica, and the votes of a majority reach it."""
        seen = self.as_masters_see(view, heir)
        known = all(record is not None and record.reachable and record.master_id == view.own_id for record in seen)
        # This master votes as well.
        voters = {master.id for master in view.masters} & heir.linked
        return known and len(seen) + 1 >= view.majority and len(voters) >= view.majority

    def as_masters_see(self, view: ClusterView, heir: Heir) -> list[Record | None]:
        """The heir as each of the other masters that answer sees it; None from those that don't know it."""
        masters = [master for master in view.masters if master.id != view.own_id and master.reachable]

        def ask(master: Record) -> list[Record | None]:
            for ip in self._addresses(master):
                try:
                    with self.connector.open(ip) as node:
                        return [find_record(str(node.ask("CLUSTER", "NODES")), heir.record.id)]
                except (NodeUnavailableError, CommandRefusedError):
                    continue
            return []

        with ThreadPoolExecutor(max_workers=MOST_AT_ONCE) as pool:
            return [record for answer in pool.map(ask, masters) for record in answer]

    def _addresses(self, record: Record) -> list[str]:
        return addresses_of(record, self.resolve, self.connector.timeout)


def replicas_of(view: ClusterView, master_id: str) -> list[Record]:
    """All that the viewing node knows, by name; never the node itself."""
    return sorted((peer for peer in view.peers if peer.master_id == master_id), key=lambda peer: peer.name)
