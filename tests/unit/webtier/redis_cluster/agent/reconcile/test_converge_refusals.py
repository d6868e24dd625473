"""What converge refuses, since it would lose data, and what it says when it can't go on."""

from dataclasses import replace

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import DOMAIN, LocalCluster, wait_until
from webtier.redis_cluster.agent.errors import DeadlinePassedError, RefusedError
from webtier.redis_cluster.agent.redis.topology import Topology


def test_two_clusters_are_not_merged(three_nodes: LocalCluster) -> None:
    for shard in (0, 1):
        three_nodes.ask(three_nodes.topology.member(shard, 0), "CLUSTER", "ADDSLOTSRANGE", 0, 16383)

    with pytest.raises(RefusedError, match=r"redis-shard-\d-0 belongs to another cluster than .* slots 0-16383"):
        three_nodes.converge()
    for shard in (0, 1):
        assert "16384" in three_nodes.ask(three_nodes.topology.member(shard, 0), "CLUSTER", "INFO")


def test_a_node_with_foreign_keys_is_not_emptied(two_nodes: LocalCluster) -> None:
    odd = two_nodes.topology.member(0, 1)
    two_nodes.ask(odd, "DEBUG", "POPULATE", 1, "precious")

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
    connector = replace(two_nodes.connector, password=lambda: "wrong")
    with pytest.raises(DeadlinePassedError, match="redis-shard-0-0 does not accept the password"):
        two_nodes.converge(connector, deadline=0.5)
