"""Growing and shrinking a replicated cluster of real Redis processes that is being written to."""

from collections.abc import Iterator
from itertools import groupby

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.application import writing
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster, wait_until
from tests.unit.webtier.redis_cluster.agent.harness.resharded import check_complete, lost_keys, outside, settle
from tests.unit.webtier.redis_cluster.agent.harness.watched_connector import WatchedConnector
from webtier.redis_cluster.agent.console import Console
from webtier.redis_cluster.agent.errors import NodeUnavailableError
from webtier.redis_cluster.agent.reconcile.cluster_state import read_cluster_state
from webtier.redis_cluster.agent.reconcile.migration import migrate
from webtier.redis_cluster.agent.reconcile.progress import Progress
from webtier.redis_cluster.agent.reconcile.steps import Move
from webtier.redis_cluster.agent.redis.topology import SLOTS
from webtier.redis_cluster.agent.redis.view import parse_view

pytestmark = pytest.mark.usefixtures("key_by_key")

LIBRARY = "#!lua name=library\nredis.register_function('answer', function() return 42 end)"


def test_grows_and_shrinks_under_a_writer_that_loses_nothing(replicated: LocalCluster) -> None:
    settle(replicated, 3, 1)
    for shard in range(3):
        replicated.ask(replicated.topology.member(shard, 0), "FUNCTION", "LOAD", LIBRARY)
    with writing(replicated) as writer:
        replicated.reshape(4, 1)
        replicated.ask(replicated.topology.member(3, 0), "CONFIG", "SET", "repl-diskless-sync-delay", 1)
        links: list[str] = []

        def look(command: str) -> None:
            if " IMPORTING " in command and not links:
                links.append(replicated.ask(replicated.topology.member(3, 1), "INFO", "replication"))

        watched = WatchedConnector.like(replicated.connector, before=look)
        replicated.converge(watched)
        check_complete(replicated)
        assert "library" in replicated.ask(replicated.topology.member(3, 0), "FUNCTION", "LIST")
        assert "master_link_status:up" in links[0], "what it was given was on one node alone"
        # Its first slot is open alone, and only for as long as it takes.
        first = [change.split()[2:4] for change in watched.changes if change.startswith("CLUSTER SETSLOT")][:3]
        assert [word for _, word in first] == ["IMPORTING", "MIGRATING", "NODE"]
        assert len({slot for slot, _ in first}) == 1
        # Who does not know it yet meets far more slots that it has than slots that are on their way to it.
        owned = 0
        for size in _sizes_of_parts(watched.changes):
            assert size <= 1 + owned // 64
            owned += size
        assert owned == SLOTS // 4
        assert all(replicated.is_master(replicated.topology.member(shard, 0)) for shard in range(4))

        replicated.reshape(3, 1)
        replicated.converge()
        check_complete(replicated)
        drained = outside(replicated)
        assert [member.pod for member in drained] == ["redis-shard-3-0", "redis-shard-3-1"]
        assert [replicated.is_master(member) for member in drained] == [True, False]

        # What runs until it is deleted goes on sending clients to the right place.
        assert "redis-shard-0-0" in replicated.ask(drained[0], "CLUSTER", "SLOTS")
        replicated.delete(*drained)
        replicated.converge()
        check_complete(replicated)
    assert writer.errors == []
    assert writer.acknowledged
    assert writer.lost() == []
    assert lost_keys(replicated) == []


def _sizes_of_parts(changes: list[str]) -> Iterator[int]:
    """How many slots were under way together, one part after the other."""
    words = [change.split()[3] for change in changes if change.startswith("CLUSTER SETSLOT")]
    for word, part in groupby(words):
        if word == "MIGRATING":
            yield len(list(part))


def test_a_master_that_hands_over_in_the_middle_gives_no_more_slots(replicated: LocalCluster) -> None:
    settle(replicated, 3, 1)
    master, replica = replicated.master_and_replica(0)
    replicated.wait_until_known(replica)

    def hand_over(command: str) -> None:
        if command.startswith("CLUSTER GETKEYSINSLOT"):
            replicated.ask(replica, "CLUSTER", "FAILOVER")
            wait_until(lambda: replicated.is_master(replica) and not replicated.is_master(master), "a hand-over")

    connector = WatchedConnector.like(replicated.connector, before=hand_over)
    nodes = read_cluster_state(replicated.topology, replicated.connector).nodes
    source = next(node for node in nodes if node.member == master)
    target = next(node for node in nodes if node.member.shard == 1 and node.myself.is_master)
    slot = min(source.myself.slots)

    with pytest.raises(NodeUnavailableError, match=f"{master.pod} is no master any more"):
        migrate([Move(source, target, (slot,))], nodes, connector, Progress(Console()), 60.0)

    assert slot in parse_view(replicated.ask(replica, "CLUSTER", "NODES")).myself.slots
    replicated.converge()
    check_complete(replicated)
    assert lost_keys(replicated) == []
