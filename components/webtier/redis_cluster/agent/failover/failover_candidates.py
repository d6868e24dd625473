"""Failover candidates: which replicas of the local master are promotable now, and would be elected."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import NodeUnavailableError
from ..features import ALL_FEATURES, Feature, Without
from ..parallel import in_parallel
from ..redis.client import Connector, Node
from ..redis.persistence import is_on_disk
from ..redis.reach import ask_member, ask_member_if_reachable
from ..redis.replication_info import Replication, inbound_links, read_replication
from ..redis.view import ClusterView, Record, find_record
from .draining import is_draining

DRAINING = "is draining"
COPYING = "has not finished copying its master's data"


@dataclass(frozen=True)
class Candidate:
    """A replica that is promotable now."""

    record: Record
    ip: str
    replication: Replication
    linked: frozenset[str]
    """Ids of the nodes whose votes reach it."""
    on_disk: bool
    """False while it has its master's data in memory alone."""


@dataclass(frozen=True)
class Candidates:
    """The replicas that are promotable, and for each other one why it isn't.

    `more_expected` says that another node follows the master and may become promotable: it is still copying, or was
    not found at its address so soon after its start.
    """

    promotable: list[Candidate]
    reasons: list[str]
    more_expected: bool


@dataclass(frozen=True)
class CandidateFinder:
    """Asks the replicas and masters themselves. Each, and DNS for its name, gets the connector's timeout."""

    connector: Connector
    without: Without = ALL_FEATURES

    def find(self, redis: Node, view: ClusterView) -> Candidates:
        """The replicas of the local master `redis`, which sees the cluster as `view`."""
        records = view.replicas_of(view.own_id)
        online = read_replication(redis).online
        if not online:
            return Candidates([], [f"{record.name} does not replicate from this master" for record in records], False)
        found = self.look_at(records, online)
        candidates = [candidate for candidate in found if isinstance(candidate, Candidate)]
        return Candidates(
            # Where addresses are translated on the way, the master knows its replicas by others.
            promotable=[candidate for candidate in candidates if candidate.ip in online] or candidates,
            reasons=[
                f"{record.name} {why}" for record, why in zip(records, found, strict=True) if isinstance(why, str)
            ],
            more_expected=len(online) > found.count(DRAINING),
        )

    def look_at(self, records: Sequence[Record], online: frozenset[str] = frozenset()) -> list[Candidate | str]:
        """Each as a candidate, or why it is not promotable: itself is asked, since that it drains it often knows first.

        It is asked at the addresses that DNS has, and at those in `online`, from which the master is replicated: after
        a restart DNS gives the old address for seconds.
        """

        def look_at(record: Record) -> Candidate | str:
            def question(node: Node) -> Candidate | str:
                if is_draining(node):
                    return DRAINING
                replication = read_replication(node)
                if not replication.synced:
                    return COPYING
                return Candidate(record, node.ip, replication, inbound_links(node), is_on_disk(node))

            try:
                return ask_member(record, question, self.connector, also_at=sorted(online))
            except NodeUnavailableError as error:
                return str(error)

        return in_parallel(look_at, records)

    def votes_for(self, view: ClusterView, candidate: Candidate) -> bool:
        """Whether every master that answers sees it as this master's replica, and the votes of a majority reach it."""
        seen = as_masters_see(view, candidate.record.id, self.connector)
        known = all(record is not None and record.reachable and record.master_id == view.own_id for record in seen)
        # This master has a vote as well.
        voters = {master.id for master in view.masters} & candidate.linked
        linked = len(voters) >= view.majority or Feature.REACHABLE_VOTES in self.without
        return known and linked and len(seen) + 1 >= view.majority


def as_masters_see(view: ClusterView, node_id: str, connector: Connector) -> list[Record | None]:
    """A node as each other master that answers sees it; None from a master that does not know it."""

    def question(node: Node) -> list[Record | None]:
        return [find_record(str(node.ask("CLUSTER", "NODES")), node_id)]

    masters = [master for master in view.masters if master.id != view.own_id and master.reachable]
    answers = in_parallel(lambda master: ask_member_if_reachable(master, question, connector), masters)
    return [record for answer in answers for record in answer or ()]
