"""How single nodes become a cluster, and how new ones join it. Pure.

Whatever was interrupted, and wherever, the next plan goes on from what is there; a slot that
a node owns is never given to another one from here.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from ..errors import RefusedError
from ..redis.topology import SLOTS, as_ranges, describe_slots
from .cluster_state import ClusterState, NodeState
from .steps import Action, Goal, HandOver, Step, leader_of, members_of, step


def set_epochs(nodes: list[NodeState]) -> Iterator[Step]:
    """Different epochs from the beginning spare the cluster to settle who is right about slots."""
    if any(record.slot_ranges for node in nodes for record in node.view.records.values()):
        return
    for number, node in enumerate(nodes, start=1):
        if len(node.view.records) == 1 and node.myself.epoch == 0:
            yield step(node, f"{node.pod} begins in epoch {number}", "CLUSTER", "SET-CONFIG-EPOCH", number)


def introduce(goal: Goal, nodes: list[NodeState]) -> Iterator[Action]:
    """Every node gets to know all others: from the node that knows the most, then by gossip.

    Who owns slots is in the middle of things; what a pod that comes back knows may be long past.
    """
    anchor = max(nodes, key=lambda node: (len(node.view.owners()), node.owns_slots, len(node.view.peers)))
    for node in nodes:
        if node is anchor or (node.id in anchor.view.records and anchor.id in node.view.records):
            continue
        _check_same_cluster(anchor, node)
        if _in_handshake(goal, anchor, node) or _in_handshake(goal, node, anchor):
            yield f"{anchor.pod} and {node.pod} are being introduced"
        else:
            yield _meet(goal, anchor, node)


def connect(goal: Goal, nodes: list[NodeState], insist: bool) -> Iterator[Action]:
    """Every node has a link to each of the others."""
    for one in nodes:
        reachable = {record.id for record in one.view.records.values() if record.reachable}
        apart = [other for other in nodes if other.id not in reachable]
        if apart:
            more = f" and {len(apart) - 1} more" if len(apart) > 1 else ""
            yield f"{one.pod} is not in touch with {apart[0].pod}{more}"
        if insist:
            yield from (_meet(goal, one, other) for other in apart)


def _in_handshake(goal: Goal, one: NodeState, other: NodeState) -> bool:
    place = _announced(goal, other)[:2]
    return any(
        record.in_handshake and (record.address.ip, record.address.port) == place
        for record in one.view.records.values()
    )


def _meet(goal: Goal, one: NodeState, other: NodeState) -> Step:
    place = _announced(goal, other)
    return step(one, f"{one.pod} meets {other.pod} at {place[0]}", "CLUSTER", "MEET", *place)


def _announced(goal: Goal, node: NodeState) -> tuple[str, int, int]:
    """Where others find it: that may be its host's address. A node that knows no other may not know its own."""
    own = node.myself.address
    return own.ip or node.ip, own.port or goal.port, own.bus_port or goal.bus_port


def _check_same_cluster(anchor: NodeState, node: NodeState) -> None:
    theirs = node.view.owners()
    if anchor.id in node.view.records or node.id in anchor.view.records:
        return
    disputed = {slot for slot, owner in anchor.view.owners().items() if theirs.get(slot, owner) != owner}
    if disputed:
        raise RefusedError(
            f"{node.pod} belongs to another cluster than {anchor.pod}: both have owners for the slots "
            f"{describe_slots(disputed)}. Merging them would lose data; check whose volumes these are"
        )


def assign_slots(goal: Goal, state: ClusterState, insist: bool) -> Iterator[Action]:
    """Slots without an owner, in any view, go to the shard whose even part they are in.

    One view alone is no reason: a master that has just become a replica can, for a moment, take an older message of
    its new master for a newer one, and then knows no owner. A node that takes slots in that moment loses their keys
    when the owner claims them again. So pods that are to be removed are asked too, and with keys it has to last.
    """
    owners: dict[int, str] = {}
    for node in state.all_nodes:
        owners |= node.view.owners()
    unowned = set(range(SLOTS)) - set(owners)
    disowned = _disowned(state, owners) if insist else {}
    if disowned:
        nodes = {node.id: node for node in state.all_nodes}
        yield from (_claim(nodes[node_id], slots) for node_id, slots in disowned.items())
    elif not unowned:
        yield from _agree_on_owners(goal, state, owners)
    elif state.outside_missing:
        said = "; ".join(f"{pod} {reason}" for pod, reason in state.outside_missing.items())
        yield f"the slots {describe_slots(unowned)} have no owner, or their owner can't be asked: {said}"
    elif not insist and any(node.keys for node in state.all_nodes):
        yield f"the slots {describe_slots(unowned)} have no owner for the moment"
    else:
        for shard in range(goal.topology.shards):
            if slots := unowned & set(goal.topology.target_slots(shard)):
                yield _add_slots(leader_of(state.nodes, shard), slots)


def _disowned(state: ClusterState, owners: Mapping[int, str]) -> dict[str, set[int]]:
    """Node id → slots that all others say are its, while it says they are another one's; so nobody serves them.

    A master that has just been given a slot may lose it to an older message of the one before, where it has not heard
    that one claim it for a while (seen with Redis 7.0). Only where all members answer.
    """
    found = defaultdict[str, set[int]](set)
    if state.missing or state.outside_missing:
        return found
    views = {node.id: node.view.owners() for node in state.all_nodes}
    # Of two nodes either may be named by all others: then the newer claim counts, as it does for Redis itself.
    newest = sorted(state.all_nodes, key=lambda node: -node.myself.epoch)
    for slot in owners.keys() - {slot for node in state.all_nodes for slot in node.myself.slots}:
        for node in newest:
            if all(view.get(slot) == node.id for other, view in views.items() if other != node.id):
                found[node.id].add(slot)
                break
    return found


def _claim(node: NodeState, slots: set[int]) -> Step:
    commands = tuple(("CLUSTER", "SETSLOT", slot, "NODE", node.id) for slot in sorted(slots))
    return Step(node, commands, f"{node.pod} claims the slots {describe_slots(slots)}, which all others say are its")


def _add_slots(leader: NodeState, slots: set[int]) -> Action:
    text = describe_slots(slots)
    if not leader.myself.is_master:
        return f"the slots {text} have no owner, and shard {leader.member.shard} has no master"
    bounds = [bound for pair in as_ranges(slots) for bound in pair]
    return step(leader, f"{leader.pod} owns slots {text}", "CLUSTER", "ADDSLOTSRANGE", *bounds)


def _agree_on_owners(goal: Goal, state: ClusterState, owners: dict[int, str]) -> Iterator[str]:
    """The nodes say the same, and no slot is of a node that is not running: it could be neither served nor moved."""
    givers = [node for node in state.outside if node.id in owners.values()]
    if any(node.view.owners() != owners for node in [*state.nodes, *givers]):
        yield "the nodes do not agree yet about who owns which slots"
        return
    for stranger in sorted(set(owners.values()) - {node.id for node in state.all_nodes}):
        record = next(node.view.records[stranger] for node in state.nodes if stranger in node.view.records)
        slots = describe_slots({slot for slot, owner in owners.items() if owner == stranger})
        if record.reachable and goal.topology.parse(record.address.hostname) is None:
            raise RefusedError(
                f"{record.name} owns the slots {slots} and is no pod of {goal.topology.name} in "
                f"{goal.topology.domain}. Its keys are not touched from here; look at how it got into this cluster"
            )
        reason = state.outside_missing.get(record.name, "none of the running pods is")
        yield f"the slots {slots} belong to {record.name} ({stranger[:8]}), which {reason}"


def replicate(goal: Goal, state: ClusterState, insist: bool) -> Iterator[Action]:
    """In every shard the one that owns slots is the master, and the others follow it."""
    for shard in range(goal.topology.shards):
        members = members_of(state.nodes, shard)
        # A replica too many may be the master; it hands over once the others follow it.
        masters = [node for node in members_of(state.all_nodes, shard) if node.owns_slots]
        if len(masters) > 1:
            yield f"{' and '.join(node.pod for node in masters)} both own slots of shard {shard}"
            continue
        master = masters[0] if masters else leader_of(members, shard)
        for node in members:
            if node is master or node.myself.master_id == master.id:
                continue
            if not (node.myself.is_master and node.keys):
                yield step(node, f"{node.pod} replicates {master.pod}", "CLUSTER", "REPLICATE", master.id)
            elif insist:
                raise RefusedError(
                    f"{node.pod} holds {node.keys} keys of slots that it does not own, and is never emptied "
                    f"from here. Look at what they are; {master.pod} owns the shard's slots"
                )
            else:
                # A master that was failed over keeps its keys until it has joined its successor.
                yield f"{node.pod} holds keys of slots that it does not own"


def hand_over_removed_masters(goal: Goal, state: ClusterState) -> Iterator[Action]:
    """A master that is to be removed hands its shard over to a member that stays."""
    for node in state.outside:
        if node.member.shard >= goal.topology.shards or not node.owns_slots:
            continue
        heirs = tuple(each for each in members_of(state.nodes, node.member.shard) if each.link_up)
        if heirs:
            yield HandOver(node, heirs)
        else:
            yield f"{node.pod} is to be removed, and no member that stays has its data yet"
