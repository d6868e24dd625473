"""The cluster's state: what every member answers, all of them asked at once."""

from dataclasses import dataclass, field

from ..errors import NodeError
from ..parallel import in_parallel
from ..redis.client import Connector, Node
from ..redis.reach import open_node, open_pod
from ..redis.topology import SLOTS, Member, Topology
from ..redis.view import ClusterView, Record

RUNS = "webtier.agent.converge.*"
"""The channels of runs of converge. The agent's user may use `webtier.agent.*`."""


@dataclass(frozen=True)
class NodeState:
    """The state of one member.

    `memory` is what its data uses, `memory_limit` what it may use without evicting anything, in
    bytes; 0 for no limit. `runs` are the channels of runs of converge. `strays` are slots of others of
    which it holds keys, when they were looked for.
    """

    member: Member
    ip: str
    view: ClusterView
    state_ok: bool
    slots_ok: int
    keys: int
    link_up: bool
    min_replicas_to_write: int
    online_replicas: int = 0
    memory: int = 0
    memory_limit: int = 0
    strays: frozenset[int] = frozenset()
    runs: frozenset[str] = frozenset()

    @property
    def pod(self) -> str:
        return self.member.pod

    @property
    def id(self) -> str:
        return self.view.own_id

    @property
    def myself(self) -> Record:
        return self.view.myself

    @property
    def owns_slots(self) -> bool:
        return bool(self.view.myself.slot_ranges)

    def open(self, connector: Connector) -> Node:
        """The node, to be closed by the caller. NodeError where it can't be asked, or another one answers there."""
        return open_node(self.id, self.ip, connector, self.pod)


@dataclass(frozen=True)
class ClusterState:
    """The members that answered, in the topology's order, and why the others did not.

    `outside` are pods of the same cluster that a member knows and the topology does not have: what
    is to be drained, or what a replica too many is. `outside_missing` says why some did not answer.
    """

    nodes: list[NodeState]
    missing: dict[str, str]
    outside: list[NodeState] = field(default_factory=list[NodeState])
    outside_missing: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def all_nodes(self) -> list[NodeState]:
        return [*self.nodes, *self.outside]


def read_cluster_state(topology: Topology, connector: Connector, thorough: bool = False) -> ClusterState:
    """Asks all members; takes as long as the slowest, and that is bounded.

    `thorough` looks for stray keys too: 16384 questions to every master, a fifth of a second each.
    """

    def ask(member: Member) -> NodeState | str:
        try:
            return _read_node(member, connector, thorough)
        except NodeError as error:
            return str(error)

    def ask_all(members: list[Member]) -> tuple[list[NodeState], dict[str, str]]:
        answers = list(zip(members, in_parallel(ask, members), strict=True))
        nodes = [answer for _, answer in answers if isinstance(answer, NodeState)]
        return nodes, {member.pod: answer for member, answer in answers if isinstance(answer, str)}

    nodes, missing = ask_all(topology.members())
    return ClusterState(nodes, missing, *ask_all(_outside(topology, nodes)))


def _outside(topology: Topology, nodes: list[NodeState]) -> list[Member]:
    """The pods that views name besides those of the topology."""
    hosts = {record.address.hostname for node in nodes for record in node.view.records.values()}
    known = filter(None, map(topology.parse, hosts))
    return sorted(
        (member for member in known if not topology.includes(member)), key=lambda member: (member.shard, member.index)
    )


def _read_node(member: Member, connector: Connector, thorough: bool) -> NodeState:
    with open_pod(member, connector) as (node, view):
        cluster = node.fields("CLUSTER", "INFO")
        replication = node.fields("INFO", "replication")
        memory = node.fields("INFO", "memory")
        setting: list[str] = node.ask("CONFIG", "GET", "min-replicas-to-write")
        keys = int(node.ask("DBSIZE"))
        return NodeState(
            member=member,
            ip=node.ip,
            view=view,
            state_ok=cluster["cluster_state"] == "ok",
            slots_ok=int(cluster["cluster_slots_ok"]),
            keys=keys,
            link_up=replication.get("master_link_status", "up") == "up",
            min_replicas_to_write=int(setting[1]),
            online_replicas=sum(
                key.removeprefix("slave").isdecimal() and "state=online" in value for key, value in replication.items()
            ),
            memory=_signed(int(memory["used_memory_dataset"])),
            memory_limit=int(memory["maxmemory"]) if memory["maxmemory_policy"] == "noeviction" else 0,
            runs=frozenset(node.ask("PUBSUB", "CHANNELS", RUNS)),
            strays=_strays(node, view) if thorough and keys and view.myself.is_master else frozenset(),
        )


def _signed(number: int) -> int:
    """Redis 8.0 takes more than there is for overhead of a small data set, and shows a number below zero as one near
    2^64.
    """
    return 0 if number >= 2**63 else number


def _strays(node: Node, view: ClusterView) -> frozenset[int]:
    others = sorted(set(range(SLOTS)) - view.myself.slots)
    counts = node.ask_all([("CLUSTER", "COUNTKEYSINSLOT", slot) for slot in others])
    return frozenset(slot for slot, count in zip(others, counts, strict=True) if int(count))
