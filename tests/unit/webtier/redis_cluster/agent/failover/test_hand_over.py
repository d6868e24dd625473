"""A pod is asked to end: its shard's writes go on at a replica, and none that was acknowledged is lost."""

import socket
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.crowd import crowd
from tests.unit.webtier.redis_cluster.agent.harness.interfering import interfering
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster, local_cluster, wait_until
from tests.unit.webtier.redis_cluster.agent.harness.remembering import Remembering
from tests.unit.webtier.redis_cluster.agent.harness.shard_writer import ShardWriter
from tests.unit.webtier.redis_cluster.agent.harness.watched_connector import WatchedConnector
from webtier.redis_cluster.agent.failover.hand_over import HandOverOptions, Outcome, hand_over
from webtier.redis_cluster.agent.redis.client import Connector, Node
from webtier.redis_cluster.agent.redis.replication_info import inbound_links
from webtier.redis_cluster.agent.redis.topology import Member
from webtier.redis_cluster.agent.redis.view import parse_view


@pytest.fixture(scope="module")
def nine_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Three shards with two replicas each. A node can be elected once in four node timeouts: each test has a shard."""
    for cluster in local_cluster(tmp_path_factory.mktemp("nine"), 3, 2, node_timeout_ms=2000):
        cluster.converge()
        for shard in range(3):
            for index in (1, 2):
                cluster.wait_until_known(cluster.topology.member(shard, index))
        cluster.set_node_timeout(60)
        yield cluster


MARK = "CONFIG SET replica-priority 0 cluster-replica-no-failover yes"

AT_ONCE = 9.0
"""Seconds. Redis gives replicas that lag 10 before it ends, and an operator a refused SIGTERM 60."""


def run(
    cluster: LocalCluster, member: Member, console: Remembering | None = None, connector: Connector | None = None
) -> Outcome:
    return hand_over(HandOverOptions(), cluster.beside(member, connector), console or Remembering())


def test_a_replica_that_writes_its_first_file_can_end_afterwards(nine_nodes: LocalCluster) -> None:
    """Redis refuses SIGTERM meanwhile, and would run on until it is killed."""
    nine_nodes.write_keys(30)
    replica = nine_nodes.topology.member(2, 2)
    nine_nodes.ask(replica, "CONFIG", "SET", "rdb-key-save-delay", 50000)
    for value in ("no", "yes"):
        nine_nodes.ask(replica, "CONFIG", "SET", "appendonly", value)
    assert "aof_rewrite_in_progress:1" in nine_nodes.ask(replica, "INFO", "persistence")

    assert run(nine_nodes, replica) is Outcome.UNNEEDED

    assert nine_nodes.terminate(replica, grace=AT_ONCE) < AT_ONCE
    nine_nodes.launch(replica)


def test_no_acknowledged_write_is_lost(nine_nodes: LocalCluster) -> None:
    old, *replicas = nine_nodes.shard_members(0)
    connector = WatchedConnector.like(nine_nodes.connector)
    console = Remembering()
    with ShardWriter(nine_nodes, 0) as writer:
        wait_until(lambda: writer.acknowledged > 100, "writes before")
        writer.longest_gap = 0.0
        assert run(nine_nodes, old, console, connector) is Outcome.HANDED_OVER
        ended_after = nine_nodes.terminate(old)
        so_far = writer.acknowledged
        wait_until(lambda: writer.acknowledged > so_far + 100, "writes after")
    console.event(f"longest gap {writer.longest_gap * 1000:.0f} ms; ended {ended_after * 1000:.0f} ms after SIGTERM")

    (new,) = [member for member in replicas if nine_nodes.is_master(member)]
    assert writer.lost(new) == set()
    assert [change for change in connector.changes if "min-replicas" not in change] == [MARK, "CLUSTER FAILOVER"]
    assert ended_after < AT_ONCE
    nine_nodes.launch(old)


def test_another_replica_is_asked_when_the_first_does_not_answer(nine_nodes: LocalCluster) -> None:
    old, *replicas = nine_nodes.shard_members(1)
    stopped: list[Member] = []

    def stop_first(replica: Member) -> None:
        if not stopped:
            nine_nodes.stop(replica)
            stopped.append(replica)

    console = Remembering()
    try:
        assert run(nine_nodes, old, console, interfering(nine_nodes, stop_first)) is Outcome.HANDED_OVER
        (other,) = [replica for replica in replicas if replica not in stopped]
        assert console.said(f"{stopped[0].pod} does not take over: it does not answer in time")
        assert nine_nodes.is_master(other)
    finally:
        for member in stopped:
            nine_nodes.resume(member)


def test_a_replica_ends_at_once_and_is_not_handed_anything(nine_nodes: LocalCluster) -> None:
    master, *replicas = nine_nodes.shard_members(2)
    connector = WatchedConnector.like(nine_nodes.connector)
    console = Remembering()
    for replica in replicas:
        assert run(nine_nodes, replica) is Outcome.UNNEEDED

    assert run(nine_nodes, master, console, connector) is Outcome.NO_REPLICA

    assert console.said("redis-shard-2-1 is draining; redis-shard-2-2 is draining")
    assert connector.changes == [MARK]
    for member in (master, *replicas):
        nine_nodes.set_mark(member, draining=False)


def test_without_a_replica_nothing_is_waited_for(nine_nodes: LocalCluster) -> None:
    master, *replicas = nine_nodes.shard_members(2)
    nine_nodes.kill(*replicas)
    wait_until(lambda: "connected_slaves:0" in nine_nodes.ask(master, "INFO", "replication"), "replicas are missed")
    console = Remembering()

    assert run(nine_nodes, master, console) is Outcome.NO_REPLICA

    assert console.said("redis-shard-2-1 does not replicate from this master")
    for replica in replicas:
        nine_nodes.launch(replica)


@contextmanager
def silent_port(ip: str) -> Generator[int]:
    """A port that neither takes connections nor refuses them, as that of a Service without a pod."""
    with socket.create_server((ip, 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        with crowd(ip, port, 3):
            yield port


def announce_bus_port(node: Node, port: int) -> None:
    """The masters hear of it at once, and dial it: a node that has to dial them anew begins with its address."""
    node.ask("CONFIG", "SET", "cluster-announce-bus-port", port)
    for master in parse_view(str(node.ask("CLUSTER", "NODES"))).masters:
        node.ask("DEBUG", "CLUSTERLINK", "KILL", "to", master.id)


def test_a_replica_is_asked_when_votes_can_reach_it(nine_nodes: LocalCluster) -> None:
    """Masters vote once, and over their own links; CLUSTER NODES calls those connected that are still being made."""
    master, candidate, other = nine_nodes.shard_members(2)
    nine_nodes.kill(other)
    wait_until(lambda: "connected_slaves:1" in nine_nodes.ask(master, "INFO", "replication"), "one replica follows")
    connector = WatchedConnector.like(nine_nodes.connector)
    outcomes: list[Outcome] = []
    with (
        silent_port(nine_nodes.addresses[candidate.host]) as port,
        nine_nodes.tester.open(nine_nodes.addresses[candidate.host]) as node,
    ):
        announce_bus_port(node, port)
        masters = {record.id for record in parse_view(str(node.ask("CLUSTER", "NODES"))).masters}
        wait_until(lambda: not inbound_links(node) & masters, "the masters dial the port that does not answer")
        handing = threading.Thread(target=lambda: outcomes.append(run(nine_nodes, master, connector=connector)))
        handing.start()
        handing.join(2.0)
        assert handing.is_alive()
        assert connector.changes == [MARK]
        announce_bus_port(node, nine_nodes.bus_port)
        handing.join()

    assert outcomes == [Outcome.HANDED_OVER]
    assert nine_nodes.is_master(candidate)
    nine_nodes.launch(other)


def test_a_replica_is_found_where_it_follows_from(nine_nodes: LocalCluster) -> None:
    """After its restart DNS still has the address before, where nobody is any more."""
    members = nine_nodes.shard_members(1)
    wait_until(nine_nodes.is_healthy, "healthy again after the tests before")
    (master,) = [member for member in members if nine_nodes.is_master(member)]
    followers = [member for member in members if member != master]
    for follower in followers:
        nine_nodes.wait_until_known(follower)
        nine_nodes.ask(follower, "CONFIG", "SET", "bind-source-addr", nine_nodes.addresses[follower.host])
    nine_nodes.ask(master, "CLIENT", "KILL", "TYPE", "replica")
    sources = [
        f"ip={nine_nodes.addresses[follower.host]},port={nine_nodes.port},state=online" for follower in followers
    ]
    wait_until(
        lambda: all(source in nine_nodes.ask(master, "INFO", "replication") for source in sources), "they follow anew"
    )
    empty, hosts = nine_nodes.fresh_address(), {member.host for member in members}

    def stale(host: str) -> list[str]:
        return [empty] if host in hosts else nine_nodes.resolve(host)

    # A node can be elected again only after four node timeouts, so another one has to be asked than before.
    assert run(nine_nodes, master, connector=replace(nine_nodes.connector, resolve=stale)) is Outcome.HANDED_OVER
    assert not nine_nodes.is_master(master)


def test_a_replica_that_is_made_master_while_it_ends_hands_over_too(nine_nodes: LocalCluster) -> None:
    """By another draining master, which has looked a moment before."""
    wait_until(nine_nodes.is_healthy, "healthy again after the tests before")
    candidate = nine_nodes.topology.member(0, 0)
    master = nine_nodes.master(0)
    (replica,) = {*nine_nodes.shard_members(0)} - {candidate, master}
    for each in (candidate, replica):
        nine_nodes.wait_until_known(each)
    nine_nodes.set_mark(master, draining=True)

    made: list[str] = []

    def make_master(command: str) -> None:
        if command == "INFO persistence" and not made:
            made.append(replica.pod)
            nine_nodes.ask(replica, "CLUSTER", "FAILOVER")
            wait_until(lambda: nine_nodes.is_master(replica), "a hand-over")

    connector = WatchedConnector.like(nine_nodes.connector, before=make_master)

    assert run(nine_nodes, replica, connector=connector) is Outcome.HANDED_OVER

    assert nine_nodes.master(0) == candidate
    for member in (master, replica):
        nine_nodes.set_mark(member, draining=False)


def test_all_pods_asked_at_once_all_end(nine_nodes: LocalCluster) -> None:
    """The last test of this cluster."""
    wait_until(nine_nodes.is_healthy, "healthy again after the tests before")
    outcomes: dict[str, Outcome] = {}

    def end(member: Member) -> None:
        outcomes[member.pod] = run(nine_nodes, member)
        nine_nodes.terminate(member)

    members = nine_nodes.topology.members()
    threads = [threading.Thread(target=end, args=(member,)) for member in members]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Remembering().event(f"all ended after {time.monotonic() - started:.1f} s: {outcomes}")

    assert len(outcomes) == len(members)
    assert time.monotonic() - started < 50


def test_a_redis_that_does_not_run_has_nothing_to_hand_over() -> None:
    console = Remembering()
    assert hand_over(HandOverOptions(), Connector(lambda: "", 1, resolve=lambda _: []), console) is Outcome.FAILED
    assert console.said("this pod's Redis does not accept connections")
