"""Forming a cluster of real Redis processes, interrupted or not."""

import shutil
from concurrent.futures import ThreadPoolExecutor

from tests.unit.webtier.redis_cluster.agent.harness.agents import Running, healer
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster, wait_until
from tests.unit.webtier.redis_cluster.agent.harness.watched_connector import Killed, WatchedConnector
from webtier.redis_cluster.agent.reconcile.steps import Goal
from webtier.redis_cluster.agent.redis.view import parse_view


def test_forms_a_cluster_from_nothing_and_then_leaves_it_alone(six_nodes: LocalCluster) -> None:
    six_nodes.converge()

    assert six_nodes.is_healthy()
    assert six_nodes.masters_by_shard() == {shard: [f"redis-shard-{shard}-0"] for shard in range(3)}
    for shard in range(3):
        master_id = six_nodes.ask(six_nodes.topology.member(shard, 0), "CLUSTER", "MYID")
        nodes = six_nodes.ask(six_nodes.topology.member(shard, 1), "CLUSTER", "NODES")
        assert any("myself,slave" in line and f" {master_id} " in line for line in nodes.splitlines())

    again = WatchedConnector.like(six_nodes.connector)
    six_nodes.converge(again)
    assert again.changes == []


def test_killed_after_every_single_step_it_goes_on_from_there(six_nodes: LocalCluster) -> None:
    steps: list[str] = []
    while True:
        connector = WatchedConnector.like(six_nodes.connector, dies=True)
        try:
            six_nodes.converge(connector)
        except Killed:
            steps += connector.changes
        else:
            break

    assert six_nodes.is_healthy()
    assert sum(step.startswith("CLUSTER ADDSLOTSRANGE") for step in steps) == 3
    assert sum(step.startswith("CLUSTER REPLICATE") for step in steps) == 3
    assert sum(step.startswith("CLUSTER MEET") for step in steps) >= 5


def test_a_cluster_that_lost_its_links_is_never_made_anew(formed: LocalCluster) -> None:
    ids = formed.node_ids()
    members = formed.topology.members()
    formed.kill(*members)
    formed.start(*members)

    connector = WatchedConnector.like(formed.connector)
    with ThreadPoolExecutor() as pool:
        converging = pool.submit(formed.converge, connector, patience=1.0)
        wait_until(lambda: bool(connector.changes), "they are introduced")
        # A replica that learns its master's address from others goes on dialling the old one.
        with Running([healer(formed, member) for member in members]):
            converging.result()

    assert formed.is_healthy()
    assert formed.node_ids() == ids
    assert formed.count_keys() == 90
    assert {change.split()[1] for change in connector.changes} <= {"MEET"}


def test_a_failed_over_shard_stays_as_it_is(formed: LocalCluster) -> None:
    old_master, replica = formed.master_and_replica(0)
    formed.kill(old_master)
    wait_until(lambda: "role:master" in formed.ask(replica, "INFO", "replication"), "a failover")
    formed.start(old_master)

    connector = WatchedConnector.like(formed.connector)
    formed.converge(connector)

    assert connector.changes == []
    assert formed.masters_by_shard()[0] == [replica.pod]


def test_an_emptied_replica_joins_its_own_shard_again(formed: LocalCluster) -> None:
    _, replica = formed.master_and_replica(1)
    formed.kill(replica)
    shutil.rmtree(formed.data(replica))
    formed.start(replica)

    formed.converge()

    assert formed.is_healthy()
    assert formed.ask(replica, "DBSIZE") == "30"
    assert "role:slave" in formed.ask(replica, "INFO", "replication")


def test_what_depends_on_the_number_of_nodes_is_set_at_run_time(two_nodes: LocalCluster) -> None:
    two_nodes.goal = Goal(two_nodes.topology, 1, two_nodes.port, two_nodes.bus_port)
    two_nodes.converge()
    for member in two_nodes.topology.members():
        assert "'1'" in two_nodes.ask(member, "CONFIG", "GET", "min-replicas-to-write")


def test_a_slot_that_its_owner_alone_takes_for_anothers_is_claimed_again(three_nodes: LocalCluster) -> None:
    """Nobody serves it: the others send clients to it, and it sends them to another one."""
    three_nodes.converge()
    owner, named, third = three_nodes.topology.members()
    ids = three_nodes.node_ids()
    slot = min(three_nodes.topology.target_slots(owner.shard))
    three_nodes.ask(owner, "CLUSTER", "SETSLOT", slot, "NODE", ids[named.pod])

    three_nodes.converge(patience=2.0)

    views = [parse_view(three_nodes.ask(member, "CLUSTER", "NODES")) for member in (owner, named, third)]
    assert [view.owners()[slot] for view in views] == [ids[owner.pod]] * 3
    assert three_nodes.is_healthy()
