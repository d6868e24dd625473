"""Asks every member of a cluster how it sees things, all of them at once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .client import Connector
from .errors import CommandRefusedError, NodeUnavailableError
from .resolver import Resolve
from .topology import Member, Topology
from .view import ClusterView, Record, parse_view


@dataclass(frozen=True)
class Observation:
    """What one member answered."""

    member: Member
    ip: str
    view: ClusterView
    state_ok: bool
    slots_ok: int
    keys: int
    link_up: bool
    min_replicas_to_write: int

    @property
    def id(self) -> str:
        """The member's node id."""
        return self.view.own_id

    @property
    def myself(self) -> Record:
        """The member as it sees itself."""
        return self.view.myself


@dataclass(frozen=True)
class Survey:
    """The members that answered, in the topology's order, and why the others did not."""

    observations: list[Observation]
    missing: dict[str, str]


def take_survey(topology: Topology, connector: Connector, resolve: Resolve) -> Survey:
    """Asks all members; takes as long as the slowest, and that is bounded."""
    observations: list[Observation] = []
    missing: dict[str, str] = {}

    def ask(member: Member) -> Observation | str:
        try:
            return _observe(member, connector, resolve)
        except (NodeUnavailableError, CommandRefusedError) as error:
            return str(error)

    members = topology.members()
    with ThreadPoolExecutor(max_workers=16) as pool:
        for member, answer in zip(members, pool.map(ask, members), strict=True):
            if isinstance(answer, Observation):
                observations.append(answer)
            else:
                missing[member.pod] = answer
    return Survey(observations, missing)


def _observe(member: Member, connector: Connector, resolve: Resolve) -> Observation:
    addresses = resolve(member.host)
    if not addresses:
        raise NodeUnavailableError("has no address yet")
    with connector.open(addresses[0]) as node:
        view = parse_view(str(node.ask("CLUSTER", "NODES")))
        named = view.myself.address.hostname
        if named and named != member.host:
            # An address that has been handed on to another pod before DNS knew.
            raise NodeUnavailableError(f"has an address at which {named} answers")
        cluster = node.fields("CLUSTER", "INFO")
        replication = node.fields("INFO", "replication")
        setting: list[str] = node.ask("CONFIG", "GET", "min-replicas-to-write")
        return Observation(
            member=member,
            ip=addresses[0],
            view=view,
            state_ok=cluster["cluster_state"] == "ok",
            slots_ok=int(cluster["cluster_slots_ok"]),
            keys=int(node.ask("DBSIZE")),
            link_up=replication.get("master_link_status", "up") == "up",
            min_replicas_to_write=int(setting[1]),
        )
