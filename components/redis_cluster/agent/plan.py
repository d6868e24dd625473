"""From what the members say to what has to be done next: pure, so that any state can be tested.

Nothing is remembered between two plans. Whatever was interrupted, and wherever, the next plan
goes on from what is there; what a cluster owns is never given to another node.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from .errors import RefusedError
from .survey import Observation, Survey
from .topology import SLOTS, Topology, as_ranges, describe_slots


@dataclass(frozen=True)
class Step:
    """One command for one member, and what it does in words."""

    node: Observation
    command: tuple[str | int, ...]
    text: str


@dataclass(frozen=True)
class Plan:
    """What to do now, and what is still to be waited for; neither when all is as it should be."""

    steps: list[Step] = field(default_factory=list[Step])
    waiting: list[str] = field(default_factory=list[str])

    @property
    def done(self) -> bool:
        """Whether the cluster is complete and healthy."""
        return not self.steps and not self.waiting


@dataclass(frozen=True)
class Goal:
    """What the cluster should be. `port` and `bus_port` are the same on every node."""

    topology: Topology
    min_replicas_to_write: int = 0
    port: int = 6379
    bus_port: int = 16379


def make_plan(goal: Goal, survey: Survey, insist: bool = False) -> Plan:
    """What to do in this state. RefusedError when a person has to decide.

    `insist` says that nothing has moved for a while: what Redis usually does by itself is then
    asked for, and what usually passes is then refused.
    """
    if survey.missing:
        return Plan(waiting=[f"{pod} {reason}" for pod, reason in survey.missing.items()])
    nodes = survey.observations
    if len({node.id for node in nodes}) < len(nodes):
        return Plan(waiting=["two pods answer as the same node: DNS is not up to date yet"])
    return (
        _set_epochs(nodes)
        or _introduce(goal, nodes, insist)
        or _assign_slots(goal, nodes)
        or _replicate(goal, nodes, insist)
        or _configure(goal, nodes)
        or Plan(waiting=list(_ailments(nodes)))
    )


def _set_epochs(nodes: list[Observation]) -> Plan | None:
    """Different epochs from the beginning spare the cluster to settle who is right about slots."""
    if any(record.slot_ranges for node in nodes for record in node.view.records.values()):
        return None
    steps = [
        Step(node, ("CLUSTER", "SET-CONFIG-EPOCH", number), f"{node.member.pod} begins in epoch {number}")
        for number, node in enumerate(nodes, start=1)
        if len(node.view.records) == 1 and node.myself.epoch == 0
    ]
    return Plan(steps) if steps else None


def _introduce(goal: Goal, nodes: list[Observation], insist: bool) -> Plan | None:
    """Everybody knows everybody: introduced by the node that knows the most, then by gossip."""
    anchor = max(nodes, key=lambda node: (len(node.view.owners()), len(node.view.peers)))
    steps: list[Step] = []
    waiting: list[str] = []
    for node in nodes:
        if node is anchor or (node.id in anchor.view.records and anchor.id in node.view.records):
            continue
        _check_same_cluster(anchor, node)
        if _in_handshake(anchor, node) or _in_handshake(node, anchor):
            waiting.append(f"{anchor.member.pod} and {node.member.pod} are being introduced")
        else:
            steps.append(_meet(goal, anchor, node))
    if steps or waiting:
        return Plan(steps, waiting)
    for one in nodes:
        apart: list[Observation] = []
        for other in nodes:
            record = one.view.records.get(other.id)
            if record is not None and record.reachable:
                continue
            apart.append(other)
        if apart:
            more = f" and {len(apart) - 1} more" if len(apart) > 1 else ""
            waiting.append(f"{one.member.pod} is not in touch with {apart[0].member.pod}{more}")
            steps += [_meet(goal, one, other) for other in apart] if insist else []
    return Plan(steps, waiting) if waiting else None


def _in_handshake(one: Observation, other: Observation) -> bool:
    return any(
        record.in_handshake and record.address.ip in (other.ip, other.myself.address.ip)
        for record in one.view.records.values()
    )


def _meet(goal: Goal, one: Observation, other: Observation) -> Step:
    # As the other one announces itself: with clients outside that is not where a pod is reached directly.
    own = other.myself.address
    ip, port, bus_port = (own.ip, own.port, own.bus_port) if own.ip else (other.ip, goal.port, goal.bus_port)
    return Step(one, ("CLUSTER", "MEET", ip, port, bus_port), f"{one.member.pod} meets {other.member.pod} at {ip}")


def _check_same_cluster(anchor: Observation, node: Observation) -> None:
    theirs = node.view.owners()
    if anchor.id in node.view.records or node.id in anchor.view.records:
        return
    disputed = {slot for slot, owner in anchor.view.owners().items() if theirs.get(slot, owner) != owner}
    if disputed:
        raise RefusedError(
            f"{node.member.pod} belongs to another cluster than {anchor.member.pod}: both have owners for the slots "
            f"{describe_slots(disputed)}. Merging them would lose data; check whose volumes these are"
        )


def _assign_slots(goal: Goal, nodes: list[Observation]) -> Plan | None:
    """Slots that nobody owns, in any view, go to the shard whose even part they are in."""
    topology = goal.topology
    owners: dict[int, str] = {}
    for node in nodes:
        owners |= node.view.owners()
    unowned = set(range(SLOTS)) - set(owners)
    steps: list[Step] = []
    for shard in range(topology.shards):
        slots = unowned & set(topology.target_slots(shard))
        if slots:
            steps.append(_add_slots(_leader(nodes, shard), slots))
    if steps:
        return Plan(steps)
    if any(node.view.owners() != owners for node in nodes):
        return Plan(waiting=["the nodes do not agree yet about who owns which slots"])
    return _slots_elsewhere(goal, nodes, owners) or _shards_without_slots(goal, nodes)


def _leader(nodes: list[Observation], shard: int) -> Observation:
    """A shard's master: who owns slots, else the first member that is no replica."""
    members = [node for node in nodes if node.member.shard == shard]
    return min(members, key=lambda node: (not node.myself.slot_ranges, not node.myself.is_master))


def _add_slots(node: Observation, slots: set[int]) -> Step:
    bounds = [bound for pair in as_ranges(slots) for bound in pair]
    return Step(node, ("CLUSTER", "ADDSLOTSRANGE", *bounds), f"{node.member.pod} owns slots {describe_slots(slots)}")


def _slots_elsewhere(goal: Goal, nodes: list[Observation], owners: dict[int, str]) -> Plan | None:
    members = {node.id for node in nodes}
    waiting: list[str] = []
    for stranger in sorted(set(owners.values()) - members):
        record = next(node.view.records[stranger] for node in nodes if stranger in node.view.records)
        slots = describe_slots({slot for slot, owner in owners.items() if owner == stranger})
        pod = record.address.hostname.partition(".")[0] or stranger[:8]
        if record.reachable:
            raise RefusedError(
                f"{pod} owns the slots {slots} and is outside of the {goal.topology.shards} shards with "
                f"{goal.topology.replicas_per_shard} replicas that are asked for. This version moves no slots; set "
                "the number of shards and replicas back to what it was"
            )
        waiting.append(f"the slots {slots} belong to {pod} ({stranger[:8]}), which none of the running pods is")
    return Plan(waiting=waiting) if waiting else None


def _shards_without_slots(goal: Goal, nodes: list[Observation]) -> Plan | None:
    owning = {node.member.shard for node in nodes if node.myself.slot_ranges}
    empty = set(range(goal.topology.shards)) - owning
    if not empty:
        return None
    raise RefusedError(
        f"all slots are owned by {len(owning)} shards, and {goal.topology.shards} are asked for. This version moves no "
        f"slots to new shards; set the number of shards back to {len(owning)}"
    )


def _replicate(goal: Goal, nodes: list[Observation], insist: bool) -> Plan | None:
    """In every shard the one that owns slots is the master, and the others follow it."""
    steps: list[Step] = []
    waiting: list[str] = []
    for shard in range(goal.topology.shards):
        members = [node for node in nodes if node.member.shard == shard]
        masters = [node for node in members if node.myself.slot_ranges]
        if len(masters) > 1:
            names = " and ".join(node.member.pod for node in masters)
            waiting.append(f"{names} both own slots of shard {shard}")
            continue
        for node in members:
            if node is masters[0] or node.myself.master_id == masters[0].id:
                continue
            if node.myself.is_master and node.keys:
                # A master that was failed over keeps its keys until it has joined its successor.
                if insist:
                    raise RefusedError(
                        f"{node.member.pod} holds {node.keys} keys of slots that it does not own, and is never emptied "
                        f"from here. Look at what they are; {masters[0].member.pod} owns the shard's slots"
                    )
                waiting.append(f"{node.member.pod} holds keys of slots that it does not own")
            else:
                text = f"{node.member.pod} replicates {masters[0].member.pod}"
                steps.append(Step(node, ("CLUSTER", "REPLICATE", masters[0].id), text))
    return Plan(steps, waiting) if steps or waiting else None


def _configure(goal: Goal, nodes: list[Observation]) -> Plan | None:
    """What depends on the number of nodes is set at run time: in a file's checksum it would roll every pod."""
    wanted = goal.min_replicas_to_write
    steps = [
        Step(
            node,
            ("CONFIG", "SET", "min-replicas-to-write", wanted),
            f"{node.member.pod} takes writes with {wanted} replicas in touch",
        )
        for node in nodes
        if node.min_replicas_to_write != wanted
    ]
    return Plan(steps) if steps else None


def _ailments(nodes: list[Observation]) -> Iterator[str]:
    for node in nodes:
        if not node.state_ok:
            yield f"{node.member.pod} does not see the cluster as ok"
        elif node.slots_ok < SLOTS:
            yield f"{node.member.pod} sees {node.slots_ok} of {SLOTS} slots served"
        elif not node.link_up:
            yield f"{node.member.pod} has not finished copying its master's data"
