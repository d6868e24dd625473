"""A node that lost its data, started beside real Redis processes: it never costs the others theirs."""

import shutil
from collections.abc import Iterator

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.guarded_cluster import GuardedCluster, guarded_cluster
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster, wait_until
from webtier.redis_cluster.agent.failover.draining import NO_FAILOVER
from webtier.redis_cluster.agent.redis.topology import Member

KEYS = 20


@pytest.fixture(scope="module")
def five_shards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedCluster]:
    """So many that two masters may be missing at once."""
    for cluster in guarded_cluster(tmp_path_factory.mktemp("guarded"), shards=5):
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


def test_only_a_replica_with_data_is_elected(five_shards: GuardedCluster) -> None:
    """One master's volume is lost, and it comes back elsewhere. Another one's data is all there, but its replica's
    is gone: Redis elects also a replica that has never copied anything, and the master would copy it at its return.
    """
    wait_until(five_shards.is_healthy, "healthy before")
    lost, successor = five_shards.master_and_replica(2)
    master, emptied = five_shards.master_and_replica(3)
    five_shards.kill(lost, master, emptied)
    lose_volume(five_shards, lost)
    five_shards.addresses[lost.host] = five_shards.fresh_address()
    lose_data(five_shards, emptied)

    assert five_shards.let_in(emptied) == {emptied.pod: []}
    assert five_shards.let_in(lost)[lost.pod], "it waits until its replica is elected"

    check_joined(five_shards, lost, successor)
    assert "fail" in next(
        line for line in five_shards.ask(emptied, "CLUSTER", "NODES").splitlines() if master.host in line
    )
    assert not five_shards.is_master(emptied)
    five_shards.let_in(master)
    check_joined(five_shards, emptied, master)


def check_joined(cluster: GuardedCluster, emptied: Member, master: Member) -> None:
    """Nothing is lost, and the emptied node can take its turn as master again."""
    wait_until(lambda: follows(cluster, emptied, master), f"{emptied.pod} follows {master.pod}")
    assert cluster.is_master(master)
    assert (keys(cluster, emptied), keys(cluster, master)) == (KEYS, KEYS)
    wait_until(
        lambda: cluster.can_succeed(emptied), f"the sidecar of {emptied.pod} has seen that it copied {master.pod}"
    )
    assert "off" not in cluster.ask(emptied, "ACL", "GETUSER", "replication")


def test_everything_starts_at_once_and_two_masters_have_lost_their_data(five_shards: GuardedCluster) -> None:
    """Known to have been formed, a node without anything waits for those who know it and who come later. The other
    one's append-only file is such that Redis would read it as an empty one.
    """
    wait_until(five_shards.is_healthy, "healthy before")
    ids = five_shards.node_ids()
    pairs = [five_shards.master_and_replica(shard) for shard in (3, 4)]
    (broken, _), (lost, _) = pairs
    everybody = five_shards.topology.members()
    five_shards.kill(*everybody)
    for member in everybody:
        five_shards.addresses[member.host] = five_shards.fresh_address()
    lose_volume(five_shards, lost)
    base = next((five_shards.data(broken) / "appendonlydir").glob("*.base.rdb"))
    base.write_bytes(b"")

    five_shards.formation_wait = float("inf")
    assert "0 nodes answer, and others may know this one" in five_shards.reason(lost)
    five_shards.let_in(*everybody)
    five_shards.formation_wait = 0.3

    for emptied, successor in pairs:
        check_joined(five_shards, emptied, successor)
    aside = list(five_shards.data(broken).glob("appendonlydir.broken-*"))
    assert [(folder / base.name).exists() for folder in aside] == [True]
    wait_until(five_shards.is_healthy, "healthy again")
    assert five_shards.count_keys() == 5 * KEYS
    assert five_shards.node_ids() == ids


def test_a_new_shards_master_may_be_copied_and_gets_slots(five_shards: GuardedCluster) -> None:
    wait_until(five_shards.is_healthy, "healthy before")
    master, replica = five_shards.shard_members(5)
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
    source_id = five_shards.ask(source, "CLUSTER", "MYID")
    # Who imports a slot takes it with an epoch of its own; else what its owner has said a moment ago takes it back.
    five_shards.ask(master, "CLUSTER", "SETSLOT", slot, "IMPORTING", source_id)
    five_shards.ask(master, "CLUSTER", "SETSLOT", slot, "NODE", master_id)
    five_shards.ask(source, "CLUSTER", "SETSLOT", slot, "NODE", master_id)
    wait_until(lambda: not five_shards.volume(master).marked, "with slots its data is its own")


def test_without_a_guard_emptied_masters_empty_their_replicas(five_shards: GuardedCluster) -> None:
    """What Redis does by itself, so that the tests above can't pass for another reason. Last: the keys are gone."""
    wait_until(five_shards.is_healthy, "healthy before")
    five_shards.set_node_timeout(60)
    pairs = [five_shards.master_and_replica(shard) for shard in (3, 4)]
    (fast, _), (lost, _) = pairs
    # Valkey 9.1 takes a process that refuses connections for failed long before the node timeout.
    for _, replica in pairs:
        five_shards.unattended.add(replica.pod)
        five_shards.ask(replica, "CONFIG", "SET", NO_FAILOVER, "yes")
    five_shards.kill(fast, lost)
    lose_data(five_shards, fast)
    lose_volume(five_shards, lost)

    for master, replica in pairs:
        five_shards.launch(master)
        wait_until(lambda replica=replica: keys(five_shards, replica) == 0, "the replica copies the empty master")


def count(cluster: LocalCluster, member: Member, slot: int) -> int:
    return int(cluster.ask(member, "CLUSTER", "COUNTKEYSINSLOT", slot))
