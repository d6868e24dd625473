"""Growing and shrinking a cluster without replicas: down to one shard, and what has to be refused."""

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.application import writing
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster, wait_until
from tests.unit.webtier.redis_cluster.agent.harness.resharded import check_complete, lost_keys, outside, settle
from tests.unit.webtier.redis_cluster.agent.harness.watched_connector import WatchedConnector
from webtier.redis_cluster.agent.errors import DeadlinePassedError, RefusedError
from webtier.redis_cluster.agent.redis.view import parse_view

pytestmark = pytest.mark.usefixtures("key_by_key")


def test_to_one_shard_and_its_replica_and_back_to_three(single: LocalCluster) -> None:
    settle(single, 3, 0)
    only = single.topology.member(0, 0)
    with writing(single) as writer:
        settle(single, 1, 0)
        check_complete(single)
        assert len(parse_view(single.ask(only, "CLUSTER", "NODES")).records) == 1

        single.reshape(1, 1)
        single.converge()
        check_complete(single)

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
