"""Growing and shrinking a cluster without replicas: killed anywhere, refused, and down to one shard."""

import random
from collections.abc import Iterator

import pytest

from components.redis_cluster.agent.errors import DeadlinePassedError, RefusedError
from components.redis_cluster.agent.view import parse_view
from tests.unit.agent.application import Application, writing
from tests.unit.agent.redis_processes import LocalCluster, local_cluster, wait_until
from tests.unit.agent.resharded import check_complete, fill, lost_keys, outside, put_aside, settle, slot_of
from tests.unit.agent.watched_connector import Killed, WatchedConnector


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Three shards without replicas, and keys. Shared: every test begins with `settle`."""
    for cluster in local_cluster(tmp_path_factory.mktemp("single"), 3, 0):
        cluster.converge()
        fill(cluster)
        yield cluster


@pytest.mark.parametrize("shards", [4, 3])
def test_killed_anywhere_it_goes_on_and_loses_nothing(single: LocalCluster, shards: int) -> None:
    settle(single, 7 - shards, 0)
    chance = random.Random(shards)  # noqa: S311 - the same in every run
    # The small numbers die between any two commands for one slot, the others somewhere on the way.
    lives = [*range(1, 13), *(chance.randint(13, 2500) for _ in range(4))]
    with writing(single) as writer:
        single.reshape(shards, 0)
        for number in lives:
            with pytest.raises(Killed):
                single.converge(WatchedConnector.like(single.connector, dies=True, lives=number))
        single.converge()
        check_complete(single)
    assert writer.errors == []
    assert writer.lost() == []
    assert lost_keys(single) == []


def test_a_key_that_was_left_on_a_drained_master_is_brought_home(single: LocalCluster) -> None:
    if not outside(single):
        settle(single, 4, 0)
    single.reshape(3, 0)
    single.converge()
    drained = outside(single)[0]
    key = "left-behind"
    owner = next(
        member
        for member in single.topology.members()
        if slot_of(single, key) in parse_view(single.ask(member, "CLUSTER", "NODES")).myself.slots
    )
    put_aside(single, key, owner, drained)
    for member in (owner, drained):
        single.ask(member, "CLUSTER", "SETSLOT", slot_of(single, key), "STABLE")

    single.converge()

    check_complete(single)
    with Application(single) as application:
        assert application.ask("GET", key) == b"value"


def test_to_one_shard_and_its_replica_and_back_to_three(single: LocalCluster) -> None:
    settle(single, 3, 0)
    only = single.topology.member(0, 0)
    with writing(single) as writer:
        settle(single, 1, 0)
        check_complete(single)
        assert len(parse_view(single.ask(only, "CLUSTER", "NODES")).records) == 1

        single.reshape(1, 1, min_replicas_to_write=1)
        single.converge()
        check_complete(single)
        assert "'1'" in single.ask(only, "CONFIG", "GET", "min-replicas-to-write")

        # The replica that is to go has become the master.
        replica = single.topology.member(0, 1)
        single.wait_until_known(replica)
        single.ask(replica, "CLUSTER", "FAILOVER")
        wait_until(lambda: single.is_master(replica) and not single.is_master(only), "a hand-over")
        single.reshape(1, 0)
        single.converge()
        check_complete(single)
        assert single.is_master(only)

        # From here on the master refuses writes, until converge tells it that it will have no replica.
        single.ask(only, "CONFIG", "SET", "min-replicas-to-write", 1)
        single.delete(replica)
        single.converge()
        check_complete(single)

        single.reshape(3, 0)
        single.converge()
        check_complete(single)
    assert [error for error in writer.errors if "NOREPLICAS" not in error] == []
    assert writer.lost() == []
    assert lost_keys(single) == []


def test_the_deadline_says_how_much_is_left_to_move(single: LocalCluster) -> None:
    settle(single, 3, 0)
    single.reshape(2, 0)
    with pytest.raises(DeadlinePassedError, match="not complete after 0 s: 5461 slots have still to be moved"):
        single.converge(deadline=0.0)


def test_data_that_does_not_fit_into_fewer_shards_is_left_where_it_is(single: LocalCluster) -> None:
    settle(single, 3, 0)
    for member in single.topology.members():
        single.ask(member, "CONFIG", "SET", "maxmemory", 1000, "maxmemory-policy", "noeviction")
    single.reshape(2, 0)
    connector = WatchedConnector.like(single.connector)

    with pytest.raises(
        RefusedError, match=r"the data of 3 shards uses .* MB, and the 2 that are to stay may use 0.0 MB"
    ):
        single.converge(connector)

    assert connector.changes == []
    for member in (*single.topology.members(), *outside(single)):
        single.ask(member, "CONFIG", "SET", "maxmemory", 0)
