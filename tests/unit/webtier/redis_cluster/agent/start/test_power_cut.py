"""All pods restart at once and come back at other addresses: Redis alone stays down, the agent mends it."""

import re
from collections.abc import Callable

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.agents import heal, healer
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster, wait_until
from webtier.redis_cluster.agent.console import Console
from webtier.redis_cluster.agent.healing.heal import Healer
from webtier.redis_cluster.agent.start.prepare import prepare


def cut_power(cluster: LocalCluster, new_address: Callable[[int], str]) -> None:
    """Ends every process and moves member number n to `new_address(n)`. None runs after it."""
    members = cluster.topology.members()
    cluster.kill(*members)
    addresses = [new_address(number) for number in range(len(members))]
    for member, address in zip(members, addresses, strict=True):
        cluster.addresses[member.host] = address


def launch_all(cluster: LocalCluster) -> None:
    cluster.launch(*cluster.topology.members())


def prepare_all(cluster: LocalCluster) -> None:
    for member in cluster.topology.members():
        prepare(cluster.data(member) / "nodes.conf", cluster.announced(member), cluster.resolve, Console())


def nobody_is_in_touch(cluster: LocalCluster) -> bool:
    """Every member's last peer has become unreachable: this does not pass by itself."""
    return all(
        cluster.ask(member, "CLUSTER", "NODES").count("disconnected") == len(cluster.topology.members()) - 1
        for member in cluster.topology.members()
    )


def test_prepared_nodes_find_each_other_at_new_addresses(formed: LocalCluster) -> None:
    cut_power(formed, lambda _: formed.fresh_address())

    prepare_all(formed)
    launch_all(formed)

    wait_until(formed.is_healthy, "healthy after prepare alone")
    assert formed.count_keys() == 90


def test_prepared_nodes_find_each_other_when_addresses_are_swapped(formed: LocalCluster) -> None:
    old = [formed.addresses[member.host] for member in formed.topology.members()]
    cut_power(formed, lambda number: old[number - 1])

    prepare_all(formed)
    launch_all(formed)

    wait_until(formed.is_healthy, "healthy after prepare alone")


def test_healing_finds_peers_that_were_not_known_at_the_start(formed: LocalCluster) -> None:
    ids = formed.node_ids()
    cut_power(formed, lambda _: formed.fresh_address())
    launch_all(formed)
    wait_until(lambda: nobody_is_in_touch(formed), "Redis alone has lost every peer")

    healers = [healer(formed, member) for member in formed.topology.members()]

    def healed() -> bool:
        heal(*healers)
        return formed.is_healthy()

    wait_until(healed, "healthy by healing alone")
    assert formed.node_ids() == ids
    assert formed.count_keys() == 90


def test_replication_follows_a_master_that_peers_found_first(formed: LocalCluster) -> None:
    """When one node alone introduces the others, replicas mostly go on dialling their master's old address."""
    members = formed.topology.members()
    replicas = [member for member in members if member.index > 0]

    def dial_old_addresses() -> bool:
        current = set(formed.addresses.values())
        links = [formed.ask(replica, "INFO", "replication") for replica in replicas]
        hosts = [found.group(1) for link in links if (found := re.search(r"master_host:(\S+)", link))]
        return any(host not in current for host in hosts)

    for _ in range(8):
        cut_power(formed, lambda _: formed.fresh_address())
        launch_all(formed)
        first = healer(formed, members[0])

        def introduced(first: Healer = first) -> bool:
            heal(first)
            views = [formed.ask(member, "CLUSTER", "NODES") for member in members]
            return not any("disconnected" in view or "fail" in view for view in views)

        wait_until(introduced, "one node introduces all others")
        if dial_old_addresses():
            break
        wait_until(formed.is_healthy, "healthy for another try")
    if not dial_old_addresses() and "valkey_version" in formed.ask(members[0], "INFO", "server"):
        pytest.skip("a Valkey follows a master to the address that others say")
    assert dial_old_addresses(), "no replica kept its master's old address"

    for replica in replicas:
        heal(healer(formed, replica))
    wait_until(formed.is_healthy, "every replica follows its master")


def test_a_stranger_at_a_peers_address_is_not_introduced(two_nodes: LocalCluster) -> None:
    """DNS may lag behind: only the node's own id says who answers."""
    two_nodes.converge()
    master, replica = two_nodes.shard_members(0)
    two_nodes.kill(master)
    stranger = two_nodes.topology.member(7, 0)
    two_nodes.start(stranger)
    two_nodes.addresses[master.host] = two_nodes.addresses[stranger.host]
    view = two_nodes.ask(stranger, "CLUSTER", "NODES")
    wait_until(lambda: "fail" in two_nodes.ask(replica, "CLUSTER", "NODES"), "the master is missed")

    heal(healer(two_nodes, replica))

    assert "handshake" not in two_nodes.ask(replica, "CLUSTER", "NODES")
    assert two_nodes.ask(stranger, "CLUSTER", "NODES").split()[0] == view.split()[0]
    assert len(two_nodes.ask(stranger, "CLUSTER", "NODES").splitlines()) == 1
