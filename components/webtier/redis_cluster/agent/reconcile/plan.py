"""From the cluster's state to the next steps: pure, so that any state can be tested.

Nothing is remembered between two plans. Each looks at how things are, and its parts come in an
order in which clients are served at every moment: no master takes slots before it has its replicas,
and no node is forgotten before its slots have moved.
"""

from collections.abc import Iterable, Iterator

from ..redis.topology import SLOTS
from . import formation
from .cluster_state import ClusterState, NodeState
from .resharding import finish_open_slots, not_drained, rebalance
from .stale_nodes import forget_stale_nodes
from .steps import Action, Goal, Plan, Step, step


def make_plan(goal: Goal, state: ClusterState, insist: bool = False) -> Plan:
    """What to do in this state. RefusedError when a person has to decide.

    `insist` says that nothing has moved for a while: what Redis usually does by itself is then
    asked for, and what usually passes is then refused.
    """
    # Each part is asked for only when there is nothing to do for those before it.
    plans = (Plan.of(part) for part in _parts(goal, state, insist))
    return next((plan for plan in plans if plan), Plan())


def _parts(goal: Goal, state: ClusterState, insist: bool) -> Iterator[Iterable[Action]]:
    nodes, wanted = state.nodes, goal.min_replicas_to_write
    if len({node.id for node in state.all_nodes}) < len(state.all_nodes):
        yield ["two pods answer as the same node: DNS is not up to date yet"]
    # While a master asks for replicas that are gone, it takes no writes.
    yield (_set_min_replicas(node, wanted) for node in state.all_nodes if node.min_replicas_to_write > wanted)
    yield finish_open_slots(goal, state)
    yield (f"{pod} {reason}" for pod, reason in state.missing.items())
    connected = [*nodes, *(node for node in state.outside if node.owns_slots)]
    yield formation.set_epochs(nodes)
    yield formation.introduce(goal, connected)
    yield formation.connect(goal, connected, insist)
    yield formation.assign_slots(goal, state, insist)
    yield formation.replicate(goal, state, insist)
    yield _unhealthy_reasons(nodes)
    yield formation.hand_over_removed_masters(goal, state)
    yield rebalance(goal, state)
    yield not_drained(state)
    yield forget_stale_nodes(state, insist)
    # A master that asked for them without having them would take no writes.
    yield (
        f"{node.pod} has {node.online_replicas} replicas in touch, {wanted} are asked for"
        for node in nodes
        if node.myself.is_master and node.online_replicas < wanted
    )
    yield (_set_min_replicas(node, wanted) for node in nodes if node.min_replicas_to_write < wanted)


def _set_min_replicas(node: NodeState, wanted: int) -> Step:
    """At run time, since it depends on the number of nodes: in a file's checksum it would roll every pod."""
    text = f"{node.pod} takes writes with {wanted} replicas in touch"
    return step(node, text, "CONFIG", "SET", "min-replicas-to-write", wanted)


def _unhealthy_reasons(nodes: list[NodeState]) -> Iterator[str]:
    for node in nodes:
        if not node.state_ok:
            yield f"{node.pod} does not see the cluster as ok"
        elif node.slots_ok < SLOTS:
            yield f"{node.pod} sees {node.slots_ok} of {SLOTS} slots served"
        elif not node.link_up:
            yield f"{node.pod} has not finished copying its master's data"
