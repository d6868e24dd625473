"""A master is gone: which of its replicas takes over, long before Redis itself would let one."""

import time
from dataclasses import replace

from tests.unit.webtier.redis_cluster.agent.harness.agents import Running, follow, listening, step_until, watcher
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster, wait_until
from tests.unit.webtier.redis_cluster.agent.harness.remembering import Remembering
from tests.unit.webtier.redis_cluster.agent.harness.shard_writer import ShardWriter
from tests.unit.webtier.redis_cluster.agent.harness.watched_connector import WatchedConnector
from webtier.redis_cluster.agent.failover.fast_failover import FastFailoverOptions
from webtier.redis_cluster.agent.redis.topology import Member
from webtier.redis_cluster.agent.redis.view import parse_view

PERSISTENT = FastFailoverOptions(give_up_after=60.0)
"""On a busy machine it may have to ask more than once."""


def test_a_killed_master_is_replaced(slow: LocalCluster) -> None:
    master, replica = slow.shard_members(1)
    members = slow.topology.members()
    console = Remembering()
    watchers = {member: watcher(slow, member, PERSISTENT, console) for member in members}
    with listening(slow, *members), Running(watchers.values()), ShardWriter(slow, 1) as writer:
        wait_until(lambda: writer.acknowledged > 300, "writes before")
        wait_until(lambda: watchers[replica].ready, "the replica could take over")
        writer.longest_gap = 0.0
        slow.kill(master)
        wait_until(lambda: slow.is_master(replica), "a failover")
        so_far = writer.acknowledged
        wait_until(lambda: writer.acknowledged > so_far + 100, "writes after")
        wait_until(lambda: console.said(f"took over from {master.pod}"), "the agent has seen it")
        # The old master comes back as a replica, and nobody is confused by it.
        slow.launch(master)
        wait_until(lambda: is_linked(slow, master), "it follows")
    console.event(f"longest gap {writer.longest_gap:.2f} s")

    # One write may have been acknowledged and not been sent on: replication does not wait.
    assert len(writer.lost(replica)) <= 1
    assert slow.is_master(replica)


def join(cluster: LocalCluster, member: Member, master: Member, password: str | None = None) -> None:
    """Another replica; with a wrong password for its master it never gets any data."""
    cluster.start(member)
    if password is not None:
        cluster.ask(member, "CONFIG", "SET", "masterauth", password)
    master_id = cluster.ask(master, "CLUSTER", "MYID")
    met = 0.0

    def knows_all() -> bool:
        nonlocal met
        if time.monotonic() - met > 5:
            # A handshake that takes longer than the node timeout is forgotten.
            met = time.monotonic()
            for other in cluster.topology.members():
                cluster.ask(member, "CLUSTER", "MEET", cluster.addresses[other.host], cluster.port, cluster.bus_port)
        view = parse_view(cluster.ask(member, "CLUSTER", "NODES"))
        return len(view.masters) == 3 and all(peer.reachable and peer.address.hostname for peer in view.peers)

    wait_until(knows_all, f"{member.pod} has been introduced")
    cluster.ask(member, "CLUSTER", "REPLICATE", master_id)
    cluster.wait_until_known(member)
    cluster.set_node_timeout(60, member)


def is_linked(cluster: LocalCluster, member: Member) -> bool:
    return "master_link_status:up" in cluster.ask(member, "INFO", "replication")


def cut_off(cluster: LocalCluster, replica: Member, master: Member) -> None:
    """It has lost its master, and dials it no more: a stopped one would take the connection as if it were back."""
    with cluster.tester.open(cluster.addresses[replica.host]) as node:
        node.ask("DEBUG", "PAUSE-CRON", 1)
        node.ask("CONFIG", "SET", "masterauth", "wrong")
        cluster.ask(master, "CLIENT", "KILL", "TYPE", "replica")
        wait_until(lambda: node.ask("ROLE")[3] == "connect", f"{replica.pod} has been refused")


def test_only_the_replica_with_all_data_takes_over(slow: LocalCluster) -> None:
    master, best = slow.shard_members(2)
    behind, empty = slow.topology.member(2, 2), slow.topology.member(2, 3)
    join(slow, behind, master)
    join(slow, empty, master, password="wrong")
    wait_until(lambda: is_linked(slow, behind), "the first copy")
    console = Remembering()
    connector = WatchedConnector.like(slow.connector)
    due = replace(PERSISTENT, threshold=2.0)
    best_agent, behind_agent = (
        watcher(slow, best, replace(due, threshold=60.0)),
        watcher(slow, behind, replace(due, threshold=60.0), console),
    )
    empty_agent = watcher(slow, empty, due, connector=connector)

    with listening(slow, *slow.topology.members()), Running([best_agent, empty_agent]):
        follow(behind_agent)
        # Now it falls behind, and its agent does not see it.
        cut_off(slow, behind, master)
        with ShardWriter(slow, 2) as writer:
            wait_until(lambda: writer.acknowledged > 10, "writes")
        wait_until(lambda: is_linked(slow, best) and not writer.lost(best), "one replica has them")
        wait_until(lambda: best_agent.ready, "its agent has seen that")
        slow.kill(master)
        behind_agent.step()
        behind_agent.options = replace(behind_agent.options, threshold=due.threshold)
        step_until(behind_agent, lambda: console.said(f"{best.pod} takes precedence"), "it has asked")
        best_agent.options = replace(best_agent.options, threshold=due.threshold)
        wait_until(lambda: slow.is_master(best), "a failover")
        slow.launch(master)

    assert connector.changes == []
    wait_until(lambda: not slow.is_master(master) and is_linked(slow, master), "the old master follows")
    assert not writer.lost(best)
