"""What is done about slots that an interruption left half moved, for states that are hard to bring about."""

from dataclasses import replace

import pytest

from webtier.redis_cluster.agent.errors import RefusedError
from webtier.redis_cluster.agent.reconcile.cluster_state import ClusterState, NodeState
from webtier.redis_cluster.agent.reconcile.resharding import finish_open_slots, rebalance
from webtier.redis_cluster.agent.reconcile.steps import Goal, Plan
from webtier.redis_cluster.agent.redis.topology import Topology
from webtier.redis_cluster.agent.redis.view import parse_view

TOPOLOGY = Topology("redis", "nodes", 3, 1)


def node_id(pod: str) -> str:
    return pod.replace("-", "").ljust(40, "0")


def node_state(
    pod: str, slots: str = "", epoch: int = 1, marks: str = "", master: str = "", memory: int = 0
) -> NodeState:
    """A node as `shard-member`, its own line only and what it knows of 2-0, which is dead."""
    shard, index = map(int, pod.split("-"))
    member = TOPOLOGY.member(shard, index)
    role = f"slave {node_id(master)}" if master else "master -"
    lines = [
        f"{node_id(pod)} 10.0.0.1:6379@16379,{member.host} myself,{role} 0 0 {epoch} connected {slots} {marks}",
        f"{node_id('9-9')} 10.0.0.2:6379@16379,{TOPOLOGY.member(2, 0).host} master,fail - 0 0 1 disconnected",
    ]
    return NodeState(member, "10.0.0.1", parse_view("\n".join(lines)), True, 16384, 0, True, 0, memory=memory)


def plan(*nodes: NodeState) -> Plan:
    return Plan.of(finish_open_slots(Goal(TOPOLOGY), ClusterState(list(nodes), {})))


def described(found: Plan) -> list[str]:
    moves = [f"{move.source.member.pod} > {move.target.member.pod}: {move.slots}" for move in found.moves]
    commands = [" ".join(map(str, command)) for step in found.steps for command in step.commands]
    return [*moves, *commands, *found.waiting]


def test_without_marks_there_is_nothing_to_do() -> None:
    assert not plan(node_state("0-0", "0-99"), node_state("1-0", "100-199"))


@pytest.mark.parametrize(
    ("giver", "taker"),
    [(f"[7->-{node_id('1-0')}]", ""), ("", f"[7-<-{node_id('0-0')}]"), ("", f"[7-<-{node_id('5-5')}]")],
)
def test_one_mark_is_enough_to_go_on(giver: str, taker: str) -> None:
    found = plan(node_state("0-0", "0-99", marks=giver), node_state("1-0", "100-199", marks=taker))
    assert described(found) == ["redis-shard-0-0 > redis-shard-1-0: (7,)"]


def test_a_target_that_has_failed_is_replaced_by_its_shards_master() -> None:
    source = node_state("0-0", "0-99", marks=f"[7->-{node_id('9-9')}]")
    assert described(plan(source, node_state("2-1", "200-299"))) == ["redis-shard-0-0 > redis-shard-2-1: (7,)"]
    assert described(plan(source, node_state("1-0", "100-199"))) == [
        "slot 7 is half moved, and the master that it goes to does not answer"
    ]


def test_a_slot_whose_owner_is_away_is_waited_for() -> None:
    found = plan(node_state("1-0", "100-199", marks=f"[7-<-{node_id('0-0')}]"))
    assert described(found) == ["slot 7 is half moved, and its owner does not answer"]


def test_a_source_that_missed_the_end_learns_the_owner_before_it_takes_a_write() -> None:
    source = node_state("0-0", "0-99", epoch=1, marks=f"[7->-{node_id('1-0')}]")
    target = node_state("1-0", "7 100-199", epoch=2)
    assert described(plan(source, target)) == [f"CLUSTER SETSLOT 7 NODE {node_id('1-0')}"]


def test_marks_of_who_has_nothing_to_do_with_the_slot_are_removed() -> None:
    for marks in (f"[7->-{node_id('1-0')}]", f"[7->-{node_id('2-1')}]"):
        found = plan(
            node_state("0-0", "0-6", marks=marks), node_state("1-0", "7 100-199"), node_state("2-1", "200-299")
        )
        assert described(found) == ["CLUSTER SETSLOT 7 STABLE"]
    assert described(plan(node_state("1-0", "7", marks=f"[7-<-{node_id('0-0')}]"))) == ["CLUSTER SETSLOT 7 STABLE"]


def test_a_master_beside_its_shards_master_gets_no_slot() -> None:
    odd = node_state("1-1", marks=f"[7-<-{node_id('0-0')}]")
    assert not plan(node_state("0-0", "0-99"), node_state("1-0", "100-199"), odd)


def test_a_replica_has_no_marks_that_count() -> None:
    replica = node_state("1-1", master="1-0", marks=f"[7-<-{node_id('0-0')}]")
    assert not plan(node_state("0-0", "0-99"), node_state("1-0", "100-199"), replica)


def test_shrinking_needs_room_only_where_nothing_may_be_evicted() -> None:
    goal = Goal(Topology("redis", "nodes", 1, 0))

    def shrink(limit: int) -> Plan | None:
        staying = replace(node_state("0-0", "0-8191", memory=60), memory_limit=limit)
        return Plan.of(rebalance(goal, ClusterState([staying], {}, [node_state("1-0", "8192-16383", memory=60)])))

    with pytest.raises(
        RefusedError, match=r"the data of 2 shards uses 0.0 MB, and the 1 that are to stay may use 0.0 MB"
    ):
        shrink(119)
    for limit in (120, 0):
        found = shrink(limit)
        assert found is not None
        assert [len(move.slots) for move in found.moves] == [8192]
