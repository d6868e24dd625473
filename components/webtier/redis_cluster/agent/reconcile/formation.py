"""How single nodes become a cluster, and how new ones join it. Pure.

Whatever was interrupted, and wherever, the next plan goes on from what is there; a slot that
a node owns is never given to another one from here.
"""

from ..errors import RefusedError
from ..redis.topology import SLOTS, as_ranges, describe_slots
from .cluster_state import ClusterState, NodeState
from .steps import Goal, Plan, Step, leader_of, members_of, step


def set_epochs(nodes: list[NodeState]) -> Plan:
    """Different epochs from the beginning spare the cluster to settle who is right about slots."""
    if any(record.slot_ranges for node in nodes for record in node.view.records.values()):
        return Plan()
    steps = [
        step(node, f"{node.member.pod} begins in epoch {number}", "CLUSTER", "SET-CONFIG-EPOCH", number)
        for number, node in enumerate(nodes, start=1)
        if len(node.view.records) == 1 and node.myself.epoch == 0
    ]
    return Plan(steps)


def introduce(goal: Goal, nodes: list[NodeState], insist: bool) -> Plan:
    """Every node gets to know all others: from the node that knows the most, then by gossip.

    Who owns slots is in the middle of things; what a pod that comes back knows may be long past.
    """
    anchor = max(nodes, key=lambda node: (len(node.view.owners()), bool(node.myself.slot_ranges), len(node.view.peers)))
    steps: list[Step] = []
    waiting: list[str] = []
    for node in nodes:
        if node is anchor or (node.id in anchor.view.records and anchor.id in node.view.records):
            continue
        _check_same_cluster(anchor, node)
        if _in_handshake(goal, anchor, node) or _in_handshake(goal, node, anchor):
            waiting.append(f"{anchor.member.pod} and {node.member.pod} are being introduced")
        else:
            steps.append(_meet(goal, anchor, node))
    if steps or waiting:
        return Plan(steps, waiting)
    for one in nodes:
        reachable = {record.id for record in one.view.records.values() if record.reachable}
        apart = [other for other in nodes if other.id not in reachable]
        if apart:
            more = f" and {len(apart) - 1} more" if len(apart) > 1 else ""
            waiting.append(f"{one.member.pod} is not in touch with {apart[0].member.pod}{more}")
            steps += [_meet(goal, one, other) for other in apart] if insist else []
    return Plan(steps, waiting)


def _in_handshake(goal: Goal, one: NodeState, other: NodeState) -> bool:
    ip, port, _ = _announced(goal, other)
    return any(
        record.in_handshake and (record.address.ip, record.address.port) == (ip, port)
        for record in one.view.records.values()
    )


def _meet(goal: Goal, one: NodeState, other: NodeState) -> Step:
    ip, port, bus_port = _announced(goal, other)
    text = f"{one.member.pod} meets {other.member.pod} at {ip}"
    return step(one, text, "CLUSTER", "MEET", ip, port, bus_port)


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
            f"{node.member.pod} belongs to another cluster than {anchor.member.pod}: both have owners for the slots "
            f"{describe_slots(disputed)}. Merging them would lose data; check whose volumes these are"
        )


def assign_slots(goal: Goal, state: ClusterState, insist: bool) -> Plan:
    """Slots without an owner, in any view, go to the shard whose even part they are in.

    One view alone is no reason: a master that has just become a replica can, for a moment, take an older message of
    its new master for a newer one, and then knows no owner. A node that takes slots in that moment loses their keys
    when the owner claims them again. So pods that are to be removed are asked too, and with keys it has to last.
    """
    nodes = state.nodes
    owners: dict[int, str] = {}
    for node in state.all_nodes:
        owners |= node.view.owners()
    unowned = set(range(SLOTS)) - set(owners)
    if unowned and state.outside_missing:
        said = "; ".join(f"{pod} {reason}" for pod, reason in state.outside_missing.items())
        slots = describe_slots(unowned)
        return Plan(waiting=[f"the slots {slots} have no owner, or their owner can't be asked: {said}"])
    if unowned and not insist and any(node.keys for node in state.all_nodes):
        return Plan(waiting=[f"the slots {describe_slots(unowned)} have no owner for the moment"])
    steps: list[Step] = []
    waiting: list[str] = []
    for shard in range(goal.topology.shards):
        slots = unowned & set(goal.topology.target_slots(shard))
        if not slots:
            continue
        leader = leader_of(nodes, shard)
        if leader.myself.is_master:
            steps.append(_add_slots(leader, slots))
        else:
            waiting.append(f"the slots {describe_slots(slots)} have no owner, and shard {shard} has no master")
    if steps or waiting:
        return Plan(steps, waiting)
    givers = [node for node in state.outside if node.id in owners.values()]
    if any(node.view.owners() != owners for node in [*nodes, *givers]):
        return Plan(waiting=["the nodes do not agree yet about who owns which slots"])
    return _slots_elsewhere(goal, state, owners)


def _add_slots(node: NodeState, slots: set[int]) -> Step:
    bounds = [bound for pair in as_ranges(slots) for bound in pair]
    return step(node, f"{node.member.pod} owns slots {describe_slots(slots)}", "CLUSTER", "ADDSLOTSRANGE", *bounds)


def _slots_elsewhere(goal: Goal, state: ClusterState, owners: dict[int, str]) -> Plan:
    """Slots of which no running pod says that they are its own: they can be neither served nor moved."""
    waiting: list[str] = []
    for stranger in sorted(set(owners.values()) - {node.id for node in state.all_nodes}):
        views = [node.view.records for node in state.nodes if stranger in node.view.records]
        record = views[0][stranger]
        slots = describe_slots({slot for slot, owner in owners.items() if owner == stranger})
        pod = record.address.hostname.partition(".")[0] or stranger[:8]
        if record.reachable and goal.topology.parse(record.address.hostname) is None:
            raise RefusedError(
                f"{pod} owns the slots {slots} and is no pod of {goal.topology.name} in {goal.topology.domain}. Its "
                "keys are not touched from here; look at how it got into this cluster"
            )
        reason = state.outside_missing.get(pod)
        why = f"which {reason}" if reason else "which none of the running pods is"
        waiting.append(f"the slots {slots} belong to {pod} ({stranger[:8]}), {why}")
    return Plan(waiting=waiting)


def replicate(goal: Goal, state: ClusterState, insist: bool) -> Plan:
    """In every shard the one that owns slots is the master, and the others follow it."""
    steps: list[Step] = []
    waiting: list[str] = []
    for shard in range(goal.topology.shards):
        members = members_of(state.nodes, shard)
        # A replica too many may be the master; it hands over once the others follow it.
        masters = [node for node in members_of(state.all_nodes, shard) if node.myself.slot_ranges]
        if len(masters) > 1:
            names = " and ".join(node.member.pod for node in masters)
            waiting.append(f"{names} both own slots of shard {shard}")
            continue
        master = masters[0] if masters else leader_of(members, shard)
        for node in members:
            if node is master or node.myself.master_id == master.id:
                continue
            if node.myself.is_master and node.keys:
                # A master that was failed over keeps its keys until it has joined its successor.
                if insist:
                    raise RefusedError(
                        f"{node.member.pod} holds {node.keys} keys of slots that it does not own, and is never emptied "
                        f"from here. Look at what they are; {master.member.pod} owns the shard's slots"
                    )
                waiting.append(f"{node.member.pod} holds keys of slots that it does not own")
            else:
                text = f"{node.member.pod} replicates {master.member.pod}"
                steps.append(step(node, text, "CLUSTER", "REPLICATE", master.id))
    return Plan(steps, waiting)


def hand_over_removed_masters(goal: Goal, state: ClusterState) -> Plan:
    """A master that is to be removed hands its shard over to a member that stays."""
    steps: list[Step] = []
    waiting: list[str] = []
    for node in state.outside:
        if node.member.shard >= goal.topology.shards or not node.myself.slot_ranges:
            continue
        candidates = [each for each in members_of(state.nodes, node.member.shard) if each.link_up]
        if candidates:
            text = f"{candidates[0].member.pod} takes over from {node.member.pod}, which is to be removed"
            # The others follow it a moment later; that they do is asked for again once all is done.
            alone = ("CONFIG", "SET", "min-replicas-to-write", 0)
            steps.append(Step(candidates[0], (alone, ("CLUSTER", "FAILOVER")), text))
        else:
            waiting.append(f"{node.member.pod} is to be removed, and no member that stays has its data yet")
    return Plan(steps, waiting)
