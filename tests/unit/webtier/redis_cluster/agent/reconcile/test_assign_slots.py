"""Who gets slots that nobody owns: asked of the plan alone, with views as Redis writes them."""

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import DOMAIN
from webtier.redis_cluster.agent.reconcile.cluster_state import ClusterState, NodeState
from webtier.redis_cluster.agent.reconcile.plan import make_plan
from webtier.redis_cluster.agent.reconcile.steps import Goal
from webtier.redis_cluster.agent.redis.topology import Member, Topology
from webtier.redis_cluster.agent.redis.view import parse_view

GOAL = Goal(Topology("redis", DOMAIN, 1, 0))
FIRST, SECOND = Topology("redis", DOMAIN, 1, 1).members()
IDS = {FIRST.pod: "a" * 40, SECOND.pod: "b" * 40}
ALL_SLOTS = "0-16383"


def line(member: Member, own: bool, master: Member | None, slots: str) -> str:
    """Of CLUSTER NODES."""
    flags = ("myself," if own else "") + ("slave" if master else "master")
    follows = IDS[master.pod] if master else "-"
    address = f"10.0.0.{member.index + 1}:6379@16379,{member.host}"
    return f"{IDS[member.pod]} {address} {flags} {follows} 0 1 5 connected {slots}"


def node_state(member: Member, *lines: str, keys: int = 400) -> NodeState:
    view = parse_view("\n".join(lines))
    return NodeState(
        member, "10.0.0.1", view, state_ok=True, slots_ok=16384, keys=keys, link_up=True, min_replicas_to_write=0
    )


def replica_that_knows_no_owner() -> NodeState:
    return node_state(FIRST, line(FIRST, True, SECOND, ""), line(SECOND, False, None, ""))


def takes_slots(state: ClusterState, insist: bool) -> bool:
    return any("ADDSLOTSRANGE" in str(step) for step in make_plan(GOAL, state, insist).steps)


def test_slots_of_a_pod_that_is_to_go_are_its_own_whoever_has_not_heard_of_that() -> None:
    """Just after a failover: the old master took an older message of the new one for a newer one."""
    owner = node_state(SECOND, line(SECOND, True, None, ALL_SLOTS), line(FIRST, False, SECOND, ""))
    state = ClusterState([replica_that_knows_no_owner()], {}, [owner])
    assert not any(takes_slots(state, insist) for insist in (False, True))


def test_a_pod_that_does_not_answer_may_own_what_nobody_else_does() -> None:
    alone = node_state(FIRST, line(FIRST, True, None, ""), line(SECOND, False, None, ""))
    state = ClusterState([alone], {}, [], {SECOND.pod: "does not accept connections"})
    assert not any(takes_slots(state, insist) for insist in (False, True))
    (reason,) = make_plan(GOAL, state, insist=True).waiting
    assert reason == (
        "the slots 0-16383 have no owner, or their owner can't be asked: redis-shard-0-1 does not accept connections"
    )


def test_a_replica_gets_none() -> None:
    state = ClusterState([replica_that_knows_no_owner()], {})
    assert not any(takes_slots(state, insist) for insist in (False, True))


def test_where_there_are_keys_it_has_to_last() -> None:
    for keys, at_once in ((400, False), (0, True)):
        state = ClusterState([node_state(FIRST, line(FIRST, True, None, ""), keys=keys)], {})
        assert takes_slots(state, insist=False) is at_once
        assert takes_slots(state, insist=True)
