"""A master only seems to be gone: who must not take over from it."""

import time
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.agents import Running, follow, listening, step_until, watcher
from tests.unit.webtier.redis_cluster.agent.harness.crowd import crowd
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster, wait_until
from tests.unit.webtier.redis_cluster.agent.harness.remembering import Remembering
from tests.unit.webtier.redis_cluster.agent.harness.watched_connector import WatchedConnector
from webtier.redis_cluster.agent.errors import NodeUnavailableError
from webtier.redis_cluster.agent.failover.fast_failover import FastFailoverOptions
from webtier.redis_cluster.agent.redis.client import Connector, Node
from webtier.redis_cluster.agent.redis.topology import Member

SOON = FastFailoverOptions(threshold=1.0, give_up_after=1.5)
"""For tests in which nothing pauses: they need not wait longer."""


def epochs(cluster: LocalCluster, *members: Member) -> set[str]:
    """Every election, won or lost, begins a new one."""
    lines = [line for member in members for line in cluster.ask(member, "CLUSTER", "INFO").splitlines()]
    return {line for line in lines if line.startswith("cluster_current_epoch")}


def test_a_pause_of_a_second_changes_nothing(slow: LocalCluster) -> None:
    master, replica = slow.shard_members(0)
    members = slow.topology.members()
    console = Remembering()
    watchers = {member: watcher(slow, member, console=console) for member in members}
    with listening(slow, *members), Running(watchers.values()):
        for shard in range(3):
            follower = watchers[slow.topology.member(shard, 1)]
            wait_until(lambda follower=follower: follower.ready, "every replica could take over")
        before = epochs(slow, *members)
        with slow.stopped(master):
            time.sleep(1.0)
        time.sleep(0.8)

    assert slow.is_master(master)
    assert not slow.is_master(replica)
    assert epochs(slow, *members) == before
    assert not console.said("asked them to elect it")


@dataclass(frozen=True)
class CutOffConnector(Connector):
    """All packets to the blocked addresses vanish."""

    blocked: set[str] = field(default_factory=set[str])

    def open(self, ip: str) -> Node:
        return _CutOffNode(ip, self)


class _CutOffNode(Node):
    def __init__(self, ip: str, connector: CutOffConnector) -> None:
        super().__init__(ip, connector)
        self._cut_off = connector

    def ask(self, *command: str | int) -> Any:
        if self.ip in self._cut_off.blocked:
            time.sleep(self._cut_off.timeout)
            raise NodeUnavailableError("does not answer in time")
        return super().ask(*command)


def test_one_replica_that_alone_has_lost_its_master_does_nothing(slow: LocalCluster) -> None:
    master, replica = slow.shard_members(0)
    members = slow.topology.members()
    ours = slow.connector
    connector = CutOffConnector(ours.password, ours.port, ours.bus_port, resolve=ours.resolve)
    console = Remembering()
    agent = watcher(slow, replica, replace(SOON, give_up_after=60.0), console, connector)
    with listening(slow, *members, patience=5.0):
        follow(agent)
        before = epochs(slow, *members)
        connector.blocked.add(slow.addresses[master.host])
        step_until(agent, lambda: console.said("left to Redis' own failover"), "the witnesses have been asked")
        assert console.said("other masters reach it")
        assert not agent.ready

    assert epochs(slow, *members) == before
    connector.blocked.clear()
    follow(agent)


def test_without_a_majority_of_masters_nobody_takes_over(slow: LocalCluster) -> None:
    """As on the smaller side of a partition, where one other master may be as well."""
    master, replica = slow.shard_members(0)
    others = [member for member in slow.topology.members() if member != master]
    console = Remembering()
    agent = watcher(slow, replica, SOON, console)
    before = epochs(slow, *others)
    with listening(slow, slow.topology.member(1, 0), replica):
        follow(agent)
        slow.kill(master)
        step_until(agent, lambda: console.said("left to Redis' own failover"), "it gives up")

    assert console.said("1 other masters do not reach it, 2 are needed")
    assert epochs(slow, *others) == before
    slow.launch(master)
    follow(agent)


@pytest.mark.parametrize("clients", [0, 700])
def test_a_master_that_is_busy_is_left_to_redis(slow: LocalCluster, clients: int) -> None:
    """It acknowledges what clients wait for once it goes on: a successor would not have that.

    It takes connections all the while, until 511 wait to be accepted: then new ones hang, as those to a lost node.
    """
    master, _ = slow.shard_members(0)
    ip = slow.addresses[master.host]
    members = slow.topology.members()
    console = Remembering()
    watchers = {member: watcher(slow, member, console=console) for member in members}
    with listening(slow, *members), Running(watchers.values()):
        follower = watchers[slow.topology.member(0, 1)]
        wait_until(lambda: follower.ready, "the replica could take over")
        before = epochs(slow, *members)
        with slow.stopped(master), crowd(ip, slow.port, clients):
            assert replace(slow.connector, timeout=0.3).is_listening(ip) == (clients == 0)
            wait_until(lambda: console.said("it holds or takes connections"), "it has been suspected")
            time.sleep(2.0)
        wait_until(lambda: follower.ready, "all is well again")

    assert slow.is_master(master)
    assert epochs(slow, *members) == before


def test_who_stood_still_begins_anew(slow: LocalCluster) -> None:
    """A node that was frozen as a whole sees an old silence when it goes on; its master may be fine again."""
    master, replica = slow.shard_members(0)
    connector = WatchedConnector.like(slow.connector)
    agent = watcher(slow, replica, replace(SOON, give_up_after=60.0), connector=connector)
    follow(agent)
    with slow.stopped(master):
        agent.step()
        time.sleep(SOON.threshold + 0.1)
        for _ in range(3):
            agent.step()

    assert connector.changes == []
    follow(agent)


def test_with_two_masters_there_is_no_majority(two_nodes: LocalCluster) -> None:
    two_nodes.converge()
    master, replica = two_nodes.shard_members(0)
    console = Remembering()
    connector = WatchedConnector.like(two_nodes.connector)
    agent = watcher(two_nodes, replica, SOON, console, connector)
    step_until(agent, lambda: console.said("no fast failover with 1 masters: it takes 3 or more"), "it says so")
    with two_nodes.stopped(master):
        agent.step()
    agent.step()

    assert len(console.lines) == 1
    assert connector.changes == []
