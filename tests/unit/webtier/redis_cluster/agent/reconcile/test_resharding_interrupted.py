"""Growing and shrinking a cluster without replicas: killed anywhere, it goes on."""

import random

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.application import Application, writing
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster
from tests.unit.webtier.redis_cluster.agent.harness.resharded import (
    check_complete,
    lost_keys,
    outside,
    put_aside,
    settle,
    slot_of,
)
from tests.unit.webtier.redis_cluster.agent.harness.watched_connector import Killed, WatchedConnector
from webtier.redis_cluster.agent.errors import DeadlinePassedError
from webtier.redis_cluster.agent.redis.view import parse_view

pytestmark = pytest.mark.usefixtures("key_by_key")


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


def test_a_shard_that_can_not_be_drained_is_named(single: LocalCluster) -> None:
    settle(single, 4, 0)
    doomed = single.topology.member(3, 0)
    single.kill(doomed)
    single.reshape(3, 0)

    with pytest.raises(
        DeadlinePassedError, match=r"slots .* belong to redis-shard-3-0 \(.{8}\), which does not accept connections"
    ):
        single.converge(deadline=1.0)

    single.launch(doomed)
    single.converge()
    check_complete(single)
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
