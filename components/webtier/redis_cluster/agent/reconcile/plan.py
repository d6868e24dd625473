"""From what the members say to what has to be done next: pure, so that any state can be tested.

Nothing is remembered between two plans. Each looks at how things are, and its parts come in an
order in which clients are served at every moment: nobody takes slots before it has its replicas,
and nobody is forgotten before it has given its slots away.
"""

from collections.abc import Iterator

from ..redis.topology import SLOTS
from .cluster_state import Observation, Survey
from .formation import assign_slots, hand_over, introduce, replicate, set_epochs
from .resharding import finish_open_slots, not_drained, rebalance
from .stale_nodes import forget_ghosts
from .steps import Goal, Move, Plan, Step, step

__all__ = ["Goal", "Move", "Plan", "Step", "make_plan"]


def make_plan(goal: Goal, survey: Survey, insist: bool = False) -> Plan:
    """What to do in this state. RefusedError when a person has to decide.

    `insist` says that nothing has moved for a while: what Redis usually does by itself is then
    asked for, and what usually passes is then refused.
    """
    nodes = survey.observations
    if len({node.id for node in survey.everyone}) < len(survey.everyone):
        return Plan(waiting=["two pods answer as the same node: DNS is not up to date yet"])
    urgent = _ask_fewer_replicas(goal, survey.everyone) or finish_open_slots(goal, survey)
    if urgent:
        return urgent
    if survey.missing:
        return Plan(waiting=[f"{pod} {reason}" for pod, reason in survey.missing.items()])
    givers = [node for node in survey.outside if node.myself.slot_ranges]
    return (
        set_epochs(nodes)
        or introduce(goal, [*nodes, *givers], insist)
        or assign_slots(goal, survey, insist)
        or replicate(goal, survey, insist)
        or _wait_for_health(nodes)
        or hand_over(goal, survey)
        or rebalance(goal, survey)
        or not_drained(survey)
        or forget_ghosts(survey, insist)
        or _ask_more_replicas(goal, nodes)
        or Plan()
    )


def _ask_fewer_replicas(goal: Goal, nodes: list[Observation]) -> Plan | None:
    """Before anything else: while a master asks for replicas that are gone, it takes no writes."""
    return _set_min_replicas(goal, [node for node in nodes if node.min_replicas_to_write > goal.min_replicas_to_write])


def _ask_more_replicas(goal: Goal, nodes: list[Observation]) -> Plan | None:
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


def _set_min_replicas(goal: Goal, nodes: list[Observation]) -> Plan | None:
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
    return Plan(steps) if steps else None


def _wait_for_health(nodes: list[Observation]) -> Plan | None:
    waiting = list(_ailments(nodes))
    return Plan(waiting=waiting) if waiting else None


def _ailments(nodes: list[Observation]) -> Iterator[str]:
    for node in nodes:
        if not node.state_ok:
            yield f"{node.member.pod} does not see the cluster as ok"
        elif node.slots_ok < SLOTS:
            yield f"{node.member.pod} sees {node.slots_ok} of {SLOTS} slots served"
        elif not node.link_up:
            yield f"{node.member.pod} has not finished copying its master's data"
