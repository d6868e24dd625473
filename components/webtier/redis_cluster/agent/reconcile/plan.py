"""From the cluster's state to the next steps: pure, so that any state can be tested.

Nothing is remembered between two plans. Each looks at how things are, and its parts come in an
order in which clients are served at every moment: no master takes slots before it has its replicas,
and no node is forgotten before its slots have moved.
"""

from collections.abc import Iterator

from ..redis.topology import SLOTS
from .cluster_state import ClusterState, NodeState
from .formation import assign_slots, hand_over_removed_masters, introduce, replicate, set_epochs
from .resharding import finish_open_slots, not_drained, rebalance
from .stale_nodes import forget_stale_nodes
from .steps import Goal, Plan, step


def make_plan(goal: Goal, state: ClusterState, insist: bool = False) -> Plan:
    """What to do in this state. RefusedError when a person has to decide.

    `insist` says that nothing has moved for a while: what Redis usually does by itself is then
    asked for, and what usually passes is then refused.
    """
    nodes = state.nodes
    if len({node.id for node in state.all_nodes}) < len(state.all_nodes):
        return Plan(waiting=["two pods answer as the same node: DNS is not up to date yet"])
    urgent = _ask_fewer_replicas(goal, state.all_nodes) or finish_open_slots(goal, state)
    if urgent:
        return urgent
    if state.missing:
        return Plan(waiting=[f"{pod} {reason}" for pod, reason in state.missing.items()])
    givers = [node for node in state.outside if node.myself.slot_ranges]
    return (
        set_epochs(nodes)
        or introduce(goal, [*nodes, *givers], insist)
        or assign_slots(goal, state, insist)
        or replicate(goal, state, insist)
        or Plan(waiting=[*_unhealthy_reasons(nodes)])
        or hand_over_removed_masters(goal, state)
        or rebalance(goal, state)
        or not_drained(state)
        or forget_stale_nodes(state, insist)
        or _ask_more_replicas(goal, nodes)
    )


def _ask_fewer_replicas(goal: Goal, nodes: list[NodeState]) -> Plan:
    """Before anything else: while a master asks for replicas that are gone, it takes no writes."""
    return _set_min_replicas(goal, [node for node in nodes if node.min_replicas_to_write > goal.min_replicas_to_write])


def _ask_more_replicas(goal: Goal, nodes: list[NodeState]) -> Plan:
    """After all else: a master without them would take no writes."""
    wanted = goal.min_replicas_to_write
    waiting = [
        f"{node.member.pod} has {node.online_replicas} replicas in touch, {wanted} are asked for"
        for node in nodes
        if node.myself.is_master and node.online_replicas < wanted
    ]
    if waiting:
        return Plan(waiting=waiting)
    return _set_min_replicas(goal, [node for node in nodes if node.min_replicas_to_write < wanted])


def _set_min_replicas(goal: Goal, nodes: list[NodeState]) -> Plan:
    """At run time, since it depends on the number of nodes: in a file's checksum it would roll every pod."""
    wanted = goal.min_replicas_to_write
    steps = [
        step(
            node,
            f"{node.member.pod} takes writes with {wanted} replicas in touch",
            *("CONFIG", "SET", "min-replicas-to-write", wanted),
        )
        for node in nodes
    ]
    return Plan(steps)


def _unhealthy_reasons(nodes: list[NodeState]) -> Iterator[str]:
    for node in nodes:
        if not node.state_ok:
            yield f"{node.member.pod} does not see the cluster as ok"
        elif node.slots_ok < SLOTS:
            yield f"{node.member.pod} sees {node.slots_ok} of {SLOTS} slots served"
        elif not node.link_up:
            yield f"{node.member.pod} has not finished copying its master's data"
