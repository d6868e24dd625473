"""A master that wants a replica in touch takes every write while replicas come and go as planned."""

import shutil
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.application import writing
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster, local_cluster, wait_until
from tests.unit.webtier.redis_cluster.agent.harness.remembering import Remembering
from tests.unit.webtier.redis_cluster.agent.harness.resharded import check_complete, outside
from tests.unit.webtier.redis_cluster.agent.harness.shard_writer import MOVED
from tests.unit.webtier.redis_cluster.agent.harness.watched_connector import WatchedConnector
from webtier.redis_cluster.agent.errors import CommandRefusedError
from webtier.redis_cluster.agent.failover.hand_over import HandOverOptions, Outcome, hand_over
from webtier.redis_cluster.agent.failover.min_replicas import ReturnedReplica
from webtier.redis_cluster.agent.redis.topology import Member


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """One shard with two replicas, of which its master wants one in touch. The tests follow one another."""
    for cluster in local_cluster(tmp_path_factory.mktemp("trio"), 1, 2):
        cluster.converge()
        for replica in cluster.shard_members(0)[1:]:
            cluster.wait_until_known(replica)
        yield cluster


def wanted(cluster: LocalCluster, member: Member) -> int:
    with cluster.tester.open(cluster.addresses[member.host]) as node:
        return int(node.ask("CONFIG", "GET", "min-replicas-to-write")[1])


def run(cluster: LocalCluster, member: Member) -> Outcome:
    return hand_over(HandOverOptions(), cluster.beside(member), Remembering())


def end(cluster: LocalCluster, *members: Member) -> None:
    """As pods end: at the same time, and each after its agent's word."""

    def end_one(member: Member) -> None:
        run(cluster, member)
        cluster.terminate(member)

    threads = [threading.Thread(target=end_one, args=(member,)) for member in members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def asking(cluster: LocalCluster, *members: Member) -> Generator[list[str]]:
    """Writes to each of the members all the time, whatever its role, and collects what a master says besides OK."""
    stop = threading.Event()
    refused: list[str] = []

    def ask(member: Member) -> None:
        with cluster.tester.open(cluster.addresses[member.host]) as node:
            while not stop.wait(0.001):
                try:
                    node.ask("SET", "key", "value")
                except CommandRefusedError as error:
                    if not MOVED.search(str(error)):
                        refused.append(str(error))

    threads = [threading.Thread(target=ask, args=(member,)) for member in members]
    for thread in threads:
        thread.start()
    try:
        yield refused
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_the_next_master_takes_writes_before_the_others_follow_it(trio: LocalCluster) -> None:
    master, *replicas = trio.shard_members(0)
    with asking(trio, *replicas) as refused:
        assert run(trio, master) is Outcome.HANDED_OVER
        new = trio.master(0)
        assert wanted(trio, new) == 1
        time.sleep(0.2)
    assert new in replicas
    assert refused == []
    trio.terminate(master)
    trio.launch(master)


def test_the_last_replica_that_ends_lets_its_master_take_writes_and_takes_that_back(trio: LocalCluster) -> None:
    wait_until(trio.is_healthy, "healthy before")
    master = trio.master(0)
    replicas = [member for member in trio.shard_members(0) if member != master]
    with writing(trio) as writer:
        for replica, left in zip(replicas, (1, 0), strict=True):
            end(trio, replica)
            assert wanted(trio, master) == left
        so_far = len(writer.pauses)
        wait_until(lambda: len(writer.pauses) > so_far + 100, "writes without a replica")
        trio.launch(*replicas)
        for replica in replicas:
            returned = ReturnedReplica(trio.beside(replica))

            def give_back(returned: ReturnedReplica = returned) -> bool:
                with returned.connector.open_local() as redis:
                    returned.step(redis)
                return wanted(trio, master) == 1

            wait_until(give_back, "the master wants a replica again")
    assert writer.errors == []
    assert writer.lost() == []


def test_replicas_are_removed_as_a_deployment_does_it(trio: LocalCluster) -> None:
    """The pods go first, all of a shard at once, its master with them; then the Job runs."""
    wait_until(trio.is_healthy, "healthy before")
    assert trio.master(0).index > 0
    with writing(trio) as writer:
        trio.reshape(1, 0)
        gone = outside(trio)
        end(trio, *gone)
        for member in gone:
            del trio.addresses[member.host]
            shutil.rmtree(trio.data(member))
        so_far = len(writer.pauses)
        wait_until(lambda: len(writer.pauses) > so_far + 100, "writes without a replica")
        trio.converge()
    check_complete(trio)
    assert writer.errors == []
    assert writer.lost() == []


def test_replicas_are_asked_for_once_they_are_there(trio: LocalCluster) -> None:
    online: list[str] = []

    def look(command: str) -> None:
        if command == "CONFIG SET min-replicas-to-write 1":
            online.append(trio.ask(trio.topology.member(0, 0), "INFO", "replication"))

    with writing(trio) as writer:
        trio.reshape(1, 2)
        trio.converge(WatchedConnector.like(trio.connector, before=look))
        check_complete(trio)
        assert [wanted(trio, member) for member in trio.topology.members()] == [1, 1, 1]
        assert all("connected_slaves:2" in each for each in online)
        assert online
    assert writer.errors == []
    assert writer.lost() == []


def test_a_master_that_is_to_go_leaves_to_one_that_takes_writes_at_once(trio: LocalCluster) -> None:
    trio.reshape(1, 3)
    trio.converge()
    last = trio.topology.member(0, 3)
    trio.wait_until_known(last)
    trio.ask(last, "CLUSTER", "FAILOVER")
    wait_until(lambda: trio.is_master(last) and trio.is_healthy(), "a hand-over")
    trio.reshape(1, 2)

    with asking(trio, *trio.topology.members()) as refused:
        trio.converge()

    assert refused == []
    assert not trio.is_master(last)
    assert [wanted(trio, member) for member in trio.topology.members()] == [1, 1, 1]
