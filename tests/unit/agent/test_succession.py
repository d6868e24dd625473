"""A master that comes back right after its crash lets its replica take over, and waits for nobody else."""

from collections.abc import Iterator

import pytest

from components.redis_cluster.agent.data_folder import DataFolder
from components.redis_cluster.agent.succession import Succession, SuccessionOptions
from components.redis_cluster.agent.topology import Member
from tests.unit.agent.agents import Running, listening, watcher
from tests.unit.agent.redis_processes import LocalCluster, local_cluster, wait_until


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    for cluster in local_cluster(tmp_path_factory.mktemp("succession"), 3, 1, node_timeout_ms=2000):
        cluster.converge()
        for shard in range(3):
            cluster.wait_until_known(cluster.topology.member(shard, 1))
        cluster.set_node_timeout(60)
        yield cluster


def succession(cluster: LocalCluster, member: Member, longest: float = 60.0, recent: float = 30.0) -> Succession:
    data = DataFolder(cluster.data(member), appendonly=True)
    return Succession(SuccessionOptions(longest, recent, patience=1.0), data, cluster.connector, cluster.resolve)


def test_the_replica_goes_first(six: LocalCluster) -> None:
    master, replica = six.topology.shard_members(0)
    agent = watcher(six, replica)
    # A process that has just started may never have been with its master.
    wait_until(lambda: "uptime_in_seconds:0" not in six.ask(replica, "INFO", "server"), "the replica is a second old")
    with listening(six, *six.topology.members()), Running([agent]):
        wait_until(lambda: agent.ready, "the agent has seen the replica follow")
        six.kill(master)
        assert succession(six, master).heir() == replica.pod
        wait_until(lambda: succession(six, master).heir() is None, "it need not wait any longer")
        assert six.is_master(replica)
    six.launch(master)
    wait_until(lambda: not six.is_master(master), "it follows")


def test_nobody_is_waited_for_who_can_not_take_over(six: LocalCluster) -> None:
    master, replica = six.topology.shard_members(1)
    assert succession(six, replica).heir() is None, "a replica has nothing to hand over"
    six.kill(master)
    assert succession(six, master, longest=0.0).heir() is None, "it has had its time"
    six.kill(replica)
    assert succession(six, master).heir() is None, "it is down as well"
    six.launch(replica)
    assert succession(six, master).heir() is None, "it has not seen this master since it started"
    six.launch(master)
    wait_until(six.is_healthy, "the replica follows again")
    six.kill(master)
    assert succession(six, master).heir() == replica.pod
    wait_until(lambda: succession(six, master, recent=1.0).heir() is None, "it has been alone for too long")
    six.launch(master)
