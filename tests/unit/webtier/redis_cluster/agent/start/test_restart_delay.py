"""A master that comes back right after its crash lets its replica take over, and waits for nobody else."""

from pathlib import Path

from tests.unit.webtier.redis_cluster.agent.harness.agents import Running, listening, watcher
from tests.unit.webtier.redis_cluster.agent.harness.application import Application
from tests.unit.webtier.redis_cluster.agent.harness.guarded_cluster import formed_from_nothing
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster, wait_until
from webtier.redis_cluster.agent.failover.draining import NO_FAILOVER
from webtier.redis_cluster.agent.redis.topology import Member
from webtier.redis_cluster.agent.sidecar import Times
from webtier.redis_cluster.agent.start.data_folder import DataFolder
from webtier.redis_cluster.agent.start.restart_delay import RestartDelay
from webtier.redis_cluster.settings import RedisConf
from webtier.redis_common.settings import SavePoint


def delay(cluster: LocalCluster, member: Member, longest: float = 60.0, recent: float = 30.0) -> RestartDelay:
    data = DataFolder(cluster.data(member), appendonly=True)
    return RestartDelay(data, cluster.connector, longest, recent, patience=1.0)


def test_the_replica_goes_first(slow: LocalCluster) -> None:
    master, replica = slow.shard_members(0)
    agent = watcher(slow, replica)
    # A process that has just started may never have been with its master.
    wait_until(lambda: "uptime_in_seconds:0" not in slow.ask(replica, "INFO", "server"), "the replica is a second old")
    with listening(slow, *slow.topology.members()), Running([agent]):
        wait_until(lambda: agent.ready, "the agent has seen the replica follow")
        slow.kill(master)
        # As it stays there when the replica has not stood for election for a while.
        nodes = slow.data(master) / "nodes.conf"
        nodes.write_text(nodes.read_text().replace(" slave ", " slave,nofailover "))
        assert delay(slow, master).promotable_replica() == replica.pod
        wait_until(lambda: delay(slow, master).promotable_replica() is None, "it need not wait any longer")
        assert slow.is_master(replica)
    slow.launch(master)
    wait_until(lambda: not slow.is_master(master), "it follows")


def test_nobody_is_waited_for_who_can_not_take_over(slow: LocalCluster) -> None:
    master, replica = slow.shard_members(1)
    assert delay(slow, replica).promotable_replica() is None, "a replica has nothing to hand over"
    slow.kill(master)
    assert delay(slow, master, longest=0.0).promotable_replica() is None, "it has had its time"
    slow.kill(replica)
    assert delay(slow, master).promotable_replica() is None, "it is down as well"
    slow.launch(replica)
    assert delay(slow, master).promotable_replica() is None, "it has not seen this master since it started"
    slow.launch(master)
    wait_until(slow.is_healthy, "the replica follows again")
    slow.kill(master)
    slow.ask(replica, "CONFIG", "SET", NO_FAILOVER, "yes")
    assert delay(slow, master).promotable_replica() is None, "it does not stand for election"
    slow.ask(replica, "CONFIG", "SET", NO_FAILOVER, "no")
    assert delay(slow, master).promotable_replica() == replica.pod
    wait_until(lambda: delay(slow, master, recent=1.0).promotable_replica() is None, "it has been alone for too long")
    slow.launch(master)


def test_without_a_file_it_waits_for_redis_own_election(tmp_path: Path) -> None:
    """It would come back without all that is younger than its snapshot, and its replica would copy that."""
    times = Times(node_timeout=1.0, fast_failover=None)
    assert times.successor_after(appendonly=True) is None
    after = times.successor_after(appendonly=False)
    assert after is not None
    conf = RedisConf(node_timeout_ms=1000, save=[SavePoint(seconds=3600, changes=1000)], appendonly=False)
    with formed_from_nothing(tmp_path, 3, conf) as cluster, cluster.releasing(), Application(cluster) as application:
        keys = [f"key-{number}" for number in range(100)]
        for key in keys:
            application.ask("SET", key, "value")
        master, replica = cluster.shard_members(0)
        had = cluster.ask(master, "DBSIZE")
        assert had != "0"
        wait_until(lambda: cluster.ask(replica, "DBSIZE") == had, "the replica has them")
        cluster.kill(master)
        delay = RestartDelay.of(after, cluster.volume(master), cluster.connector)
        wait_until(lambda: delay.promotable_replica() is None, "it need not wait any longer")
        cluster.let_in(master)
        wait_until(cluster.is_healthy, "the other one has taken over")
        assert cluster.is_master(replica)
        assert [application.ask("GET", key) for key in keys] == [b"value"] * len(keys)
