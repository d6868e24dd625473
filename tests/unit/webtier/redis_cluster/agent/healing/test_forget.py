"""Which peers are forgotten and when, and how a node that was away or lost its data finds its place again."""

import shutil
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest
from typing_extensions import override

from tests.unit.webtier.redis_cluster.agent.harness.agents import heal, healer
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import (
    DOMAIN,
    LocalCluster,
    local_cluster,
    wait_until,
)
from webtier.redis_cluster.agent.healing.forget import StaleNodeWatch, stale_nodes, successor
from webtier.redis_cluster.agent.healing.heal import Healer
from webtier.redis_cluster.agent.redis.client import Connector, Node
from webtier.redis_cluster.agent.redis.topology import Member, Topology
from webtier.redis_cluster.agent.redis.view import ClusterView, parse_view


def view(*lines: str) -> ClusterView:
    """Of `<letter> <pod or -> <flags> <letter of the master or -> [slots]`. a is the node itself, b another master."""
    always = ("a shard-0-0 myself,master - 0-8191", "b shard-1-0 master - 8192-16383")
    return parse_view("\n".join(_line(*line.split()) for line in (*always, *lines)))


def _line(letter: str, pod: str, flags: str, master: str, *slots: str) -> str:
    host = "" if pod == "-" else f",redis-{pod}.{DOMAIN}"
    link = "disconnected" if {"fail", "fail?", "noaddr"} & set(flags.split(",")) else "connected"
    master = "-" if master == "-" else master * 40
    return " ".join((letter * 40, f"10.0.0.1:6379@16379{host}", flags, master, "0 0 1", link, *slots))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["c shard-2-0 master,fail -"], "c"),
        (["c shard-0-1 slave,fail a"], "c"),
        (["c shard-0-1 slave,noaddr a"], "c"),
        (["c shard-2-0 master,fail?  -"], ""),
        (["c shard-2-0 master -"], ""),
        (["c shard-2-0 master,fail - 5"], ""),
        (["c shard-2-0 master,fail -", "d shard-2-1 slave c"], ""),
        (["c shard-2-0 master,fail -", "d shard-2-1 slave,fail c"], "cd"),
        (["c shard-2-0 handshake,fail -"], ""),
    ],
)
def test_a_ghost_has_failed_owns_nothing_and_is_followed_by_nobody_alive(lines: list[str], expected: str) -> None:
    assert [record.id[0] for record in stale_nodes(view(*lines))] == list(expected)


def test_the_master_of_the_node_itself_is_no_ghost() -> None:
    lines = ("a shard-0-1 myself,slave c", "b shard-1-0 master - 0-16383", "c shard-0-0 master,fail -")
    assert stale_nodes(parse_view("\n".join(_line(*line.split()) for line in lines))) == []


def test_where_nobody_else_can_agree_a_suspicion_is_enough() -> None:
    lines = ("a shard-0-0 myself,master - 0-16383", "b shard-0-1 slave,fail? a")
    assert [record.id[0] for record in stale_nodes(parse_view("\n".join(_line(*line.split()) for line in lines)))] == [
        "b"
    ]


def test_a_pod_that_came_back_under_another_id_is_the_successor() -> None:
    both = view("c shard-0-1 slave,fail a", "d shard-0-1 slave a")
    assert successor(both, both.records["c" * 40]) is both.records["d" * 40]
    gone = view("c shard-0-1 slave,fail a", "d shard-0-1 slave,fail a", "e - master,fail -", "f - master -")
    assert successor(gone, gone.records["c" * 40]) is None
    assert successor(gone, gone.records["e" * 40]) is None


class Names:
    """A DNS and a clock in the test's hands."""

    def __init__(self, *hosts: str) -> None:
        self.hosts = {f"redis-{host}.{DOMAIN}" for host in hosts} | {DOMAIN}
        self.now = 1000.0

    def resolve(self, host: str) -> list[str]:
        return ["10.0.0.9"] if host in self.hosts else []

    def due(self, watch: StaleNodeWatch, seen: ClusterView, after: float) -> str:
        self.now += after
        return "".join(record.id[0] for record in watch.due(seen))


def test_a_ghost_is_due_when_its_pod_has_had_no_address_for_long() -> None:
    names = Names("shard-2-0")
    watch = StaleNodeWatch(DOMAIN, names.resolve, 30.0, 60.0, 300.0, lambda: names.now)
    seen = view("c shard-2-0 master,fail -", "d shard-2-1 slave,fail c", "e - slave,fail -")
    assert names.due(watch, seen, 0) == ""
    assert names.due(watch, seen, 59) == ""
    assert names.due(watch, seen, 1) == "de"
    # Who answers in between begins anew, and so does who has an address in between.
    names.hosts.remove(f"redis-shard-2-0.{DOMAIN}")
    assert names.due(watch, view("d shard-2-1 slave c"), 1) == ""
    assert names.due(watch, seen, 1) == ""
    names.hosts.add(f"redis-shard-2-1.{DOMAIN}")
    assert names.due(watch, seen, 30) == ""
    names.hosts.remove(f"redis-shard-2-1.{DOMAIN}")
    assert names.due(watch, seen, 30) == "ce"
    assert names.due(watch, seen, 59) == "ce"
    assert names.due(watch, seen, 1) == "cde"


@pytest.mark.parametrize(
    "line",
    ["c shard-0-1 slave,fail a", "c shard-0-1 master,fail -", "c - slave,fail a"],
    ids=["replica", "new", "nameless"],
)
def test_a_pod_of_a_shard_that_lives_on_may_be_moving(line: str) -> None:
    names = Names()
    watch = StaleNodeWatch(DOMAIN, names.resolve, 30.0, 60.0, 300.0, lambda: names.now)
    seen = view(line, "d shard-2-0 master,fail -", "e - master,fail -")
    assert names.due(watch, seen, 0) == ""
    assert names.due(watch, seen, 60) == "de"
    assert names.due(watch, seen, 239) == "de"
    assert names.due(watch, seen, 1) == "cde"


def test_without_dns_nobody_is_due() -> None:
    names = Names()
    watch = StaleNodeWatch(DOMAIN, names.resolve, 30.0, 60.0, 300.0, lambda: names.now)
    seen = view("c shard-2-0 master,fail -", "e - slave,fail -")
    names.hosts.clear()
    assert names.due(watch, seen, 0) == ""
    assert names.due(watch, seen, 600) == ""
    names.hosts.add(DOMAIN)
    assert names.due(watch, seen, 1) == ""
    assert names.due(watch, seen, 60) == "ce"


def test_the_former_self_of_a_pod_is_due_sooner() -> None:
    names = Names("shard-0-1")
    watch = StaleNodeWatch(DOMAIN, names.resolve, 30.0, 60.0, 300.0, lambda: names.now)
    seen = view("c shard-0-1 slave,fail a", "d shard-0-1 slave a")
    assert names.due(watch, seen, 0) == ""
    assert names.due(watch, seen, 29) == ""
    assert names.due(watch, seen, 1) == "c"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Three shards with a replica each, formed, with 10 keys a shard. Shared: leave it healthy."""
    for cluster in local_cluster(tmp_path_factory.mktemp("healed"), 3, 1):
        cluster.converge()
        cluster.write_keys(10)
        yield cluster


def healers(cluster: LocalCluster, *members: Member) -> list[Healer]:
    patient = (healer(cluster, member, patience=0.5) for member in members)
    return [replace(each, gone_for=0.5, absent_for=1.0, moving_for=1.0, ask_peer_every=0.1) for each in patient]


def known(cluster: LocalCluster) -> list[int]:
    return [len(cluster.ask(member, "CLUSTER", "NODES").splitlines()) for member in cluster.topology.members()]


def introduce(cluster: LocalCluster, *members: Member) -> None:
    first = cluster.topology.member(0, 0)
    for member in members:
        cluster.ask(first, "CLUSTER", "MEET", cluster.addresses[member.host], cluster.port, cluster.bus_port)


def heal_until_six_know_six(cluster: LocalCluster) -> None:
    working = healers(cluster, *cluster.topology.members())

    def healed() -> bool:
        heal(*working)
        return known(cluster) == [6] * 6 and cluster.is_healthy()

    wait_until(healed, "six nodes know six nodes")


def test_a_replica_that_lost_its_volume_joins_its_shard_and_its_former_self_is_forgotten(cluster: LocalCluster) -> None:
    master, replica = cluster.master_and_replica(1)
    former = cluster.node_ids()[replica.pod]
    cluster.kill(replica)
    shutil.rmtree(cluster.data(replica))
    cluster.start(replica)
    assert cluster.node_ids()[replica.pod] != former

    heal_until_six_know_six(cluster)
    (working,) = healers(cluster, replica)

    def copied() -> bool:
        heal(working)
        return cluster.ask(replica, "DBSIZE") == "10"

    wait_until(copied, "it has its shard's data")
    seen = parse_view(cluster.ask(replica, "CLUSTER", "NODES"))
    assert seen.myself.master_id == cluster.node_ids()[master.pod]


def test_pods_that_are_no_more_are_forgotten_by_everybody(cluster: LocalCluster) -> None:
    topology = Topology("redis", DOMAIN, 4, 1)
    master, replica = topology.member(3, 0), topology.member(3, 1)
    cluster.start(master, replica)
    introduce(cluster, master, replica)
    wait_until(lambda: known(cluster) == [8] * 6, "all know the new ones")
    master_id = cluster.ask(master, "CLUSTER", "MYID")
    wait_until(lambda: master_id in cluster.ask(replica, "CLUSTER", "NODES"), "the new ones know each other")
    cluster.ask(replica, "CLUSTER", "REPLICATE", master_id)
    cluster.delete(master, replica)

    heal_until_six_know_six(cluster)


class BehindNodePorts(Connector):
    """Nodes are announced at addresses of machines, where they do not answer agents; DNS has those of pods."""

    _OF_PODS = "pod."

    @override
    def open(self, ip: str) -> Node:
        if ip.startswith(self._OF_PODS) or ip == self.local_ip:
            return super().open(ip.removeprefix(self._OF_PODS))
        return super().open("127.255.255.253")

    @classmethod
    def of(cls, connector: Connector) -> "BehindNodePorts":
        """The same nodes."""
        values: dict[str, Any] = {each.name: getattr(connector, each.name) for each in fields(connector)}

        def resolve(host: str) -> list[str]:
            return [cls._OF_PODS + ip for ip in connector.resolve(host)]

        values["resolve"] = resolve
        return cls(**values)


@pytest.mark.parametrize("announced", ["pods", "node_ports"])
def test_who_was_away_for_so_long_that_it_was_forgotten_makes_itself_known(
    cluster: LocalCluster, announced: str
) -> None:
    _, replica = cluster.master_and_replica(2)
    former = cluster.node_ids()
    cluster.kill(replica)
    absent = cluster.addresses.pop(replica.host)
    others = [member for member in cluster.topology.members() if member != replica]
    working = healers(cluster, *others)

    def forgotten() -> bool:
        heal(*working)
        return all(former[replica.pod] not in cluster.ask(member, "CLUSTER", "NODES") for member in others)

    wait_until(forgotten, "the others forget it")
    cluster.addresses[replica.host] = absent
    cluster.launch(replica)

    if announced == "node_ports":
        (alone,) = healers(cluster, replica)
        alone.connector = BehindNodePorts.of(alone.connector)

        def is_known() -> bool:
            heal(alone)
            return known(cluster) == [6] * 6

        wait_until(is_known, "all know it again")
    heal_until_six_know_six(cluster)
    assert cluster.node_ids() == former


def test_a_new_shards_node_and_one_with_keys_stay_as_they_are(cluster: LocalCluster) -> None:
    newcomer = Topology("redis", DOMAIN, 4, 1).member(3, 0)
    cluster.start(newcomer)
    for _ in range(3):
        heal(*healers(cluster, newcomer))
    assert len(cluster.ask(newcomer, "CLUSTER", "NODES").splitlines()) == 1
    cluster.delete(newcomer)

    odd = Topology("redis", DOMAIN, 3, 2).member(0, 2)
    cluster.start(odd)
    cluster.ask(odd, "DEBUG", "POPULATE", 1, "precious")
    for _ in range(3):
        heal(*healers(cluster, odd))
    assert cluster.ask(odd, "DBSIZE") == "1"
    assert len(cluster.ask(odd, "CLUSTER", "NODES").splitlines()) == 1

    introduce(cluster, odd)
    wait_until(lambda: len(cluster.ask(odd, "CLUSTER", "NODES").splitlines()) == 7, "it knows all")
    for _ in range(3):
        heal(*healers(cluster, odd))
    assert cluster.is_master(odd)
    assert cluster.ask(odd, "DBSIZE") == "1"
    cluster.delete(odd)
    heal_until_six_know_six(cluster)
