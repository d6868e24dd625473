"""A node that lost its data, started beside real Redis processes: it never costs the others theirs."""

import shutil
import time
from collections.abc import Iterator

import pytest

from components.redis_cluster.agent.topology import Member
from tests.unit.agent.guarded_cluster import GuardedCluster, guarded_cluster
from tests.unit.agent.redis_processes import LocalCluster, wait_until

KEYS = 20


@pytest.fixture(scope="module")
def five_shards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedCluster]:
    """With a replica each, so that two masters may be missing at once. Formed from nodes that began withheld."""
    for cluster in guarded_cluster(tmp_path_factory.mktemp("guarded"), shards=5, replicas_per_shard=1):
        cluster.let_in(*cluster.topology.members())
        with cluster.releasing():
            cluster.converge()
            cluster.write_keys(KEYS)
            yield cluster


def lose_volume(cluster: LocalCluster, member: Member) -> None:
    shutil.rmtree(cluster.data(member))
    cluster.data(member).mkdir()


def lose_data(cluster: LocalCluster, member: Member) -> None:
    shutil.rmtree(cluster.data(member) / "appendonlydir")


def keys(cluster: LocalCluster, member: Member) -> int:
    return int(cluster.ask(member, "DBSIZE"))


def follows(cluster: LocalCluster, replica: Member, master: Member) -> bool:
    link = cluster.ask(replica, "INFO", "replication")
    host = f"master_host:{cluster.addresses[master.host]}"
    return "role:slave" in link and host in link and "master_link_status:up" in link


def test_without_a_guard_emptied_masters_empty_their_replicas(six_nodes: LocalCluster) -> None:
    """What Redis does by itself, so that the tests below can't pass for another reason."""
    six_nodes.converge()
    six_nodes.write_keys(KEYS)
    pairs = [six_nodes.master_and_replica(shard) for shard in (0, 1)]
    for _, replica in pairs:
        wait_until(lambda replica=replica: keys(six_nodes, replica) == KEYS, "the replica has copied all keys")
    (fast, _), (lost, _) = pairs
    six_nodes.kill(fast, lost)
    lose_data(six_nodes, fast)
    lose_volume(six_nodes, lost)

    for master, replica in pairs:
        six_nodes.launch(master)
        wait_until(lambda replica=replica: keys(six_nodes, replica) == 0, "the replica copies the empty master")


def test_a_master_that_is_emptied_and_started_at_once_joins_its_successor(five_shards: GuardedCluster) -> None:
    """With its nodes.conf (the fast empty restart), and at the same address without one."""
    pairs = [five_shards.master_and_replica(shard) for shard in (0, 1)]
    emptied = [master for master, _ in pairs]
    five_shards.kill(*emptied)
    lose_data(five_shards, emptied[0])
    lose_volume(five_shards, emptied[1])

    reasons = five_shards.let_in(*emptied)

    for (master, replica), said in zip(pairs, reasons.values(), strict=True):
        slots = f"{five_shards.topology.target_slots(master.shard)[0]}-"
        assert f"this node's data is gone, and it owns the slots {slots}" in said[0]
        assert f"until another node owns them; {replica.pod} can be elected" in said[0]
        check_joined(five_shards, master, replica)


def test_a_master_that_is_emptied_and_comes_back_elsewhere_joins_its_successor(five_shards: GuardedCluster) -> None:
    """With a lost volume, and with a broken append-only file."""
    pairs = [five_shards.master_and_replica(shard) for shard in (2, 3)]
    (lost, _), (broken, _) = pairs
    five_shards.kill(lost, broken)
    for member in (lost, broken):
        five_shards.addresses[member.host] = five_shards.fresh_address()
    lose_volume(five_shards, lost)
    base = next((five_shards.data(broken) / "appendonlydir").glob("*.base.rdb"))
    base.write_bytes(b"")

    reasons = five_shards.let_in(lost, broken)

    assert all(said for said in reasons.values())
    for master, replica in pairs:
        check_joined(five_shards, master, replica)
    aside = list(five_shards.data(broken).glob("appendonlydir.broken-*"))
    assert [(folder / base.name).exists() for folder in aside] == [True]


def check_joined(cluster: GuardedCluster, master: Member, replica: Member) -> None:
    """Nothing is lost, and the emptied node can take its turn as master again."""
    wait_until(lambda: follows(cluster, master, replica), f"{master.pod} follows {replica.pod}")
    assert cluster.is_master(replica)
    assert (keys(cluster, master), keys(cluster, replica)) == (KEYS, KEYS)
    wait_until(lambda: not cluster.volume(master).marked, "its data is on its volume")
    assert "off" not in cluster.ask(master, "ACL", "GETUSER", "replication")
    assert "no'" in cluster.ask(master, "CONFIG", "GET", "cluster-replica-no-failover")


def test_everything_starts_at_once_and_one_masters_volume_is_lost(five_shards: GuardedCluster) -> None:
    """Known to have been formed, the node waits for those who know it, who come later than it does."""
    wait_until(five_shards.is_healthy, "healthy before")
    ids = five_shards.node_ids()
    lost, replica = five_shards.master_and_replica(4)
    everybody = five_shards.topology.members()
    five_shards.kill(*everybody)
    for member in everybody:
        five_shards.addresses[member.host] = five_shards.fresh_address()
    lose_volume(five_shards, lost)

    five_shards.formation_wait = float("inf")
    assert "0 nodes answer, and others may know this one" in five_shards.reason(lost)
    five_shards.let_in(*everybody)
    five_shards.formation_wait = 0.3

    wait_until(five_shards.is_healthy, "healthy again")
    assert five_shards.is_master(replica)
    assert five_shards.count_keys() == 5 * KEYS
    assert five_shards.node_ids() == ids


def test_a_replica_without_data_is_not_elected(five_shards: GuardedCluster) -> None:
    """Redis elects it also when it has never copied anything, and its master would copy it at its return."""
    wait_until(five_shards.is_healthy, "healthy before")
    master, replica = five_shards.master_and_replica(0)
    five_shards.kill(master, replica)
    lose_data(five_shards, replica)
    five_shards.let_in(replica)
    voter = five_shards.master_and_replica(1)[0]

    def failed() -> bool:
        lines = five_shards.ask(voter, "CLUSTER", "NODES").splitlines()
        return any(master.host in line and "master,fail " in line for line in lines)

    wait_until(failed, "the master is given up")
    time.sleep(1.5)
    assert not five_shards.is_master(replica)
    five_shards.let_in(master)
    wait_until(lambda: follows(five_shards, replica, master), "the replica has its master again")
    assert (keys(five_shards, master), keys(five_shards, replica)) == (KEYS, KEYS)


def test_a_new_shards_master_may_be_copied_and_gets_slots(five_shards: GuardedCluster) -> None:
    wait_until(five_shards.is_healthy, "healthy before")
    master, replica = five_shards.topology.shard_members(5)
    source = five_shards.master_and_replica(1)[0]
    for member in (master, replica):
        five_shards.addresses[member.host] = five_shards.fresh_address()
        five_shards.data(member).mkdir()
    assert five_shards.let_in(master, replica) == {master.pod: [], replica.pod: []}, "all slots have other owners"
    for member in (master, replica):
        ip = five_shards.addresses[member.host]
        five_shards.ask(source, "CLUSTER", "MEET", ip, five_shards.port, five_shards.bus_port)
    master_id = five_shards.ask(master, "CLUSTER", "MYID")
    wait_until(lambda: master_id in five_shards.ask(replica, "CLUSTER", "NODES"), "they know each other")
    five_shards.ask(replica, "CLUSTER", "REPLICATE", master_id)
    wait_until(lambda: follows(five_shards, replica, master), "a master without slots is copied")
    assert five_shards.volume(master).marked, "without slots it may have no data yet"

    slot = next(slot for slot in five_shards.topology.target_slots(1) if not count(five_shards, source, slot))
    five_shards.ask(master, "CLUSTER", "SETSLOT", slot, "NODE", master_id)
    five_shards.ask(source, "CLUSTER", "SETSLOT", slot, "NODE", master_id)
    wait_until(lambda: not five_shards.volume(master).marked, "with slots its data is its own")


def count(cluster: LocalCluster, member: Member, slot: int) -> int:
    return int(cluster.ask(member, "CLUSTER", "COUNTKEYSINSLOT", slot))
