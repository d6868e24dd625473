"""Forming a cluster of real Redis processes, interrupted or not, and refusing what would lose data."""

import shutil

import pytest

from components.redis_cluster.agent.errors import DeadlinePassedError, RefusedError
from components.redis_cluster.agent.plan import Goal
from components.redis_cluster.agent.topology import Topology
from tests.unit.agent.redis_processes import DOMAIN, LocalCluster, wait_until
from tests.unit.agent.watched_connector import Killed, WatchedConnector


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
    formed.converge(connector, patience=1.0)

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


def test_two_clusters_are_not_merged(three_nodes: LocalCluster) -> None:
    for shard in (0, 1):
        three_nodes.ask(three_nodes.topology.member(shard, 0), "CLUSTER", "ADDSLOTSRANGE", 0, 16383)

    with pytest.raises(RefusedError, match=r"redis-shard-\d-0 belongs to another cluster than .* slots 0-16383"):
        three_nodes.converge()
    for shard in (0, 1):
        assert "16384" in three_nodes.ask(three_nodes.topology.member(shard, 0), "CLUSTER", "INFO")


def test_a_node_with_foreign_keys_is_not_emptied(two_nodes: LocalCluster) -> None:
    odd = two_nodes.topology.member(0, 1)
    two_nodes.ask(odd, "CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    wait_until(lambda: "cluster_state:ok" in two_nodes.ask(odd, "CLUSTER", "INFO"), "one node alone is ok")
    two_nodes.ask(odd, "SET", "precious", "value")
    two_nodes.ask(odd, "CLUSTER", "DELSLOTSRANGE", 0, 16383)

    with pytest.raises(RefusedError, match="redis-shard-0-1 holds 1 keys of slots that it does not own"):
        two_nodes.converge(patience=1.0)
    assert two_nodes.ask(odd, "DBSIZE") == "1"


def test_slots_of_a_node_that_is_no_pod_of_the_cluster_are_not_touched(two_nodes: LocalCluster) -> None:
    stranger = Topology("another", DOMAIN, 1, 0).member(0, 0)
    two_nodes.start(stranger)
    two_nodes.ask(stranger, "CLUSTER", "ADDSLOTSRANGE", 0, 99)
    first = two_nodes.topology.member(0, 0)
    two_nodes.ask(first, "CLUSTER", "MEET", two_nodes.addresses[stranger.host], two_nodes.port, two_nodes.bus_port)
    wait_until(lambda: f"{stranger.host} master" in two_nodes.ask(first, "CLUSTER", "NODES"), "an introduction")

    with pytest.raises(
        RefusedError, match="another-shard-0-0 owns the slots 0-99 and is no pod of redis in redis-nodes"
    ):
        two_nodes.converge()
    assert "cluster_slots_assigned:16384" in two_nodes.ask(stranger, "CLUSTER", "INFO")


def test_the_deadline_names_who_is_missing(two_nodes: LocalCluster) -> None:
    two_nodes.kill(two_nodes.topology.member(0, 1))
    with pytest.raises(
        DeadlinePassedError, match=r"not complete after 1 s: redis-shard-0-1 does not accept connections"
    ):
        two_nodes.converge(deadline=1.0)


def test_a_wrong_password_is_named(two_nodes: LocalCluster) -> None:
    connector = WatchedConnector(lambda: "wrong", two_nodes.port, two_nodes.bus_port)
    with pytest.raises(DeadlinePassedError, match="redis-shard-0-0 does not accept the password"):
        two_nodes.converge(connector, deadline=0.5)


def test_what_depends_on_the_number_of_nodes_is_set_at_run_time(two_nodes: LocalCluster) -> None:
    two_nodes.goal = Goal(two_nodes.topology, 1, two_nodes.port, two_nodes.bus_port)
    two_nodes.converge()
    for member in two_nodes.topology.members():
        assert "'1'" in two_nodes.ask(member, "CONFIG", "GET", "min-replicas-to-write")
