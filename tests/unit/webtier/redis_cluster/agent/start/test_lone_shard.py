"""One shard with one replica, where nobody is elected: what is lost there is lost by a person's decision alone."""

import contextlib
import math
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.guarded_cluster import GuardedCluster, guarded_cluster
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import wait_until
from tests.unit.webtier.redis_cluster.agent.harness.servers import check_data, only_its_programs
from webtier.redis_cluster.agent.errors import CommandRefusedError
from webtier.redis_cluster.agent.redis.topology import Member
from webtier.redis_cluster.agent.start.aof import AOF_FOLDER

KEYS = 20


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedCluster]:
    yield from guarded_cluster(tmp_path_factory.mktemp("lone"), shards=1)


@pytest.fixture
def pair(lone: GuardedCluster) -> tuple[Member, Member]:
    """The master and its replica, with all keys in memory and on both volumes."""
    master, replica = lone.master_and_replica(0)
    if not keys(lone, master):
        wait_until(lambda: "cluster_state:ok" in lone.ask(master, "CLUSTER", "INFO"), "keys may be written")
        for number in range(KEYS):
            lone.ask(master, "SET", f"key-{number}", number)
    wait_until(lambda: is_copied(lone, master, replica), "all keys are copied")
    for member in (master, replica):
        wait_until(lambda member=member: on_volume(lone, member), "all keys are on the volume")
    return master, replica


def is_copied(cluster: GuardedCluster, master: Member, replica: Member) -> bool:
    link = cluster.ask(replica, "INFO", "replication")
    up = f"master_host:{cluster.addresses[master.host]}" in link and "master_link_status:up" in link
    return up and keys(cluster, master) == keys(cluster, replica)


def keys(cluster: GuardedCluster, member: Member) -> int:
    return int(cluster.ask(member, "DBSIZE"))


def on_volume(cluster: GuardedCluster, member: Member) -> bool:
    return "aof_buffer_length:0" in cluster.ask(member, "INFO", "persistence") and not cluster.volume(member).marked


def break_file(folder: Path) -> str:
    """Damages the last command of the append-only file and returns what the real check says."""
    file = max((folder / AOF_FOLDER).glob("*.incr.aof"))
    content = file.read_bytes()
    file.write_bytes(content[: content.rindex(b"*3\r\n")] + b"garbage\r\n" * 9)
    fault = check_data(folder)
    assert fault is not None
    return fault


def test_a_replica_with_a_broken_file_copies_its_master_again(
    lone: GuardedCluster, pair: tuple[Member, Member]
) -> None:
    master, replica = pair
    lone.kill(replica)
    fault = break_file(lone.data(replica))

    assert lone.let_in(replica, fault=fault) == {replica.pod: []}

    wait_until(lambda: is_copied(lone, master, replica), "the replica has its data again")
    assert len(list(lone.data(replica).glob("appendonlydir.broken-*"))) == 1


def test_a_broken_masters_file_is_cut_off_only_by_a_person(lone: GuardedCluster, pair: tuple[Member, Member]) -> None:
    master, replica = pair
    lone.ask(master, "SET", "last", 1)
    wait_until(lambda: on_volume(lone, master), "it is on the volume")
    lone.kill(master)
    fault = break_file(lone.data(master))

    reason = lone.reason(master, fault)

    assert re.match(r"this node's data is broken: AOF \S+/appendonly.aof.\d+.incr.aof is not valid", reason)
    assert f"0 of 1 masters answer, too few to elect {replica.pod}: if {replica.pod} has the data, let it" in reason
    commands = re.findall(r"kubectl -n test exec (\S+) -c redis -- sh -c '(.*?)'", reason)
    assert [pod for pod, _ in commands] == [replica.pod, master.pod]
    assert commands[0][1].endswith("--user agent cluster failover takeover")
    fix = ["/bin/sh", "-c", commands[1][1]]
    subprocess.run(fix, check=True, stdout=subprocess.DEVNULL, env=only_its_programs())
    lone.let_in(master)
    wait_until(lambda: is_copied(lone, *pair), "they are in touch again")
    assert [keys(lone, member) for member in pair] == [KEYS, KEYS]


def test_a_lost_nodes_conf_is_made_anew_from_a_peer(lone: GuardedCluster, pair: tuple[Member, Member]) -> None:
    """Redis would start on an empty file as another node, with its keys' slots, in a cluster of its own."""
    ids = lone.node_ids()
    for member, content in ((pair[0], ""), (pair[1], "half a li")):
        lone.kill(member)
        lone.volume(member).nodes_file.write_text(content)
        lone.volume(member).accept_file.touch()
        assert lone.let_in(member) == {member.pod: []}
        wait_until(lambda: is_copied(lone, *pair), "they are in touch again")
        assert len(list(lone.data(member).glob("nodes.conf.broken-*"))) == 1
        assert not lone.volume(member).accept_file.exists(), "what was not needed must not be applied later"
    assert lone.node_ids() == ids
    assert lone.master_and_replica(0) == pair
    assert [keys(lone, member) for member in pair] == [KEYS, KEYS]


def test_a_newcomer_at_a_lost_masters_name_is_not_copied(lone: GuardedCluster, pair: tuple[Member, Member]) -> None:
    """Nobody who knows it answers in time, so that it starts. Its replica comes later, and dials it by that name."""
    master, replica = pair
    lone.kill(*pair)
    shutil.rmtree(lone.data(master))
    lone.data(master).mkdir()
    lone.addresses[master.host] = lone.fresh_address()
    lone.events.clear()
    lone.let_in(master)
    lone.let_in(replica)

    wait_until(lambda: "replication" in lone.ask(master, "ACL", "LOG"), "the replica has tried to log in")
    wait_until(lambda: any("knows this pod as" in event for event in lone.events), "the newcomer says why")
    assert keys(lone, replica) == KEYS

    agent = lone.connector
    with agent.open(lone.addresses[replica.host]) as node:
        node.ask("CLUSTER", "FAILOVER", "TAKEOVER")
        node.ask("CLUSTER", "MEET", lone.addresses[master.host], lone.port, lone.bus_port)
    replica_id = lone.ask(replica, "CLUSTER", "MYID")
    wait_until(lambda: replica_id in lone.ask(master, "CLUSTER", "NODES"), "they know each other")
    wait_until(lambda: replicates(lone, master, replica_id), "the newcomer follows")
    wait_until(lambda: is_copied(lone, replica, master), "it has copied all keys")
    assert [keys(lone, member) for member in pair] == [KEYS, KEYS]
    wait_until(lambda: not lone.volume(master).marked, "the newcomer may take its turn as master")


def test_a_loss_is_accepted_once_and_not_while_a_replica_has_the_data(
    lone: GuardedCluster, pair: tuple[Member, Member]
) -> None:
    master, replica = pair
    ids = lone.node_ids()
    lone.kill(master)
    shutil.rmtree(lone.data(master) / AOF_FOLDER)
    accept = lone.volume(master).accept_file
    assert f"kubectl -n test exec {master.pod} -c agent -- touch {accept}" in lone.reason(master)
    accept.touch()
    assert f"{replica.pod} follows this node and would lose its {KEYS} keys" in lone.reason(master)

    lone.kill(replica)
    assert lone.let_in(master) == {master.pod: []}

    assert not accept.exists()
    lone.let_in(replica)
    wait_until(lambda: is_copied(lone, *pair), "they are in touch again")
    assert lone.node_ids() == ids
    assert [keys(lone, member) for member in pair] == [0, 0]


def test_a_cluster_without_any_volume_is_formed_anew_once_a_person_accepts_that(
    lone: GuardedCluster, pair: tuple[Member, Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last test of this cluster."""
    ids = set(lone.node_ids().values())
    monkeypatch.setattr(lone, "formation_wait", math.inf)
    lone.kill(*pair)
    for member in pair:
        shutil.rmtree(lone.data(member))
        lone.data(member).mkdir()
        (command,) = re.findall(rf"kubectl -n test exec {member.pod} -c agent -- (.*?)\. If", lone.reason(member))
        subprocess.run(["sh", "-c", command], check=True)

    assert lone.let_in(*pair) == {member.pod: [] for member in pair}

    lone.converge()
    assert lone.is_healthy()
    assert not ids & set(lone.node_ids().values())


def replicates(cluster: GuardedCluster, member: Member, master_id: str) -> bool:
    """Redis refuses until it knows that the other one is a master."""
    with contextlib.suppress(CommandRefusedError):
        cluster.ask(member, "CLUSTER", "REPLICATE", master_id)
        return True
    return False
