"""Replication from a master that is there and does not come about is begun anew."""

import re
from dataclasses import replace

from tests.unit.webtier.redis_cluster.agent.harness.agents import heal, healer
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster, wait_until
from webtier.redis_cluster.agent.redis.topology import Member


def begun(cluster: LocalCluster, member: Member) -> int:
    """How often it has begun to replicate, by its log."""
    return len(re.findall("<-> REPLICA sync started", (cluster.data(member) / "log").read_text()))


def repl_timeout(cluster: LocalCluster, member: Member) -> str:
    return cluster.ask(member, "CONFIG", "GET", "repl-timeout")


def test_a_connection_that_hangs_is_given_up(two_nodes: LocalCluster) -> None:
    two_nodes.converge()
    two_nodes.set_node_timeout(60)
    master, replica = two_nodes.shard_members(0)
    agent = replace(healer(two_nodes, replica, patience=0.5), unlinked_for=0.5, ask_peer_every=600.0)
    heal(agent)
    usual = repl_timeout(two_nodes, replica)
    with two_nodes.stopped(master):
        # The kernel of a machine that hangs accepts the connection, and nothing comes on it.
        two_nodes.ask(replica, "CLIENT", "KILL", "TYPE", "master")
        wait_until(lambda: "master_link_status:down" in two_nodes.ask(replica, "INFO", "replication"), "it is cut")
        before = begun(two_nodes, replica)

        def again() -> bool:
            heal(agent)
            return begun(two_nodes, replica) >= before + 2

        wait_until(again, "it is begun anew", timeout=30)

    def healthy() -> bool:
        heal(agent)
        return two_nodes.is_healthy() and repl_timeout(two_nodes, replica) == usual

    wait_until(healthy, "all is as it was")
