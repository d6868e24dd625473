"""Masters fail while a replicated cluster grows or shrinks."""

import itertools
from collections.abc import Callable

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster, wait_until
from tests.unit.webtier.redis_cluster.agent.harness.resharded import check_complete, lost_keys, settle
from tests.unit.webtier.redis_cluster.agent.harness.watched_connector import Killed, WatchedConnector
from webtier.redis_cluster.agent.redis.topology import Member
from webtier.redis_cluster.agent.redis.view import parse_view

pytestmark = pytest.mark.usefixtures("key_by_key")


FIFTH = 5


def test_a_successor_goes_on_when_a_master_fails_in_the_middle(replicated: LocalCluster) -> None:
    settle(replicated, 3, 1)
    replicated.reshape(4, 1)
    with pytest.raises(Killed):
        replicated.converge(WatchedConnector.like(replicated.connector, before=killed_at_migrate(FIFTH)))
    sources = [member for member in replicated.topology.members() if migrating(replicated, member)]
    assert sources, "nothing was under way"
    master, replica = replicated.master_and_replica(sources[0].shard)
    replicated.kill(master)
    wait_until(lambda: replicated.is_master(replica), "a failover")
    keeps_marks = "valkey_version" in replicated.ask(replica, "INFO", "server")
    assert migrating(replicated, replica) == keeps_marks, "a Valkey alone tells its replicas what is under way"
    replicated.launch(master)

    replicated.converge()

    check_complete(replicated)
    assert lost_keys(replicated) == []


def killed_at_migrate(number: int) -> Callable[[str], None]:
    """Before keys are sent for the time `number`: their slots are under way then."""
    migrates = itertools.count(1)

    def before(command: str) -> None:
        if command.startswith("MIGRATE") and next(migrates) == number:
            raise Killed

    return before


def migrating(cluster: LocalCluster, member: Member) -> bool:
    return bool(parse_view(cluster.ask(member, "CLUSTER", "NODES")).migrating)
