"""The kubelet's questions, asked by the same scripts of a real Redis."""

import subprocess
from pathlib import Path

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import INTERNAL, LocalCluster, wait_until
from tests.unit.webtier.redis_cluster.agent.harness.servers import only_its_programs
from webtier.redis_cluster.agent.redis.topology import Member
from webtier.redis_cluster.agent.start.aof import UNFINISHED
from webtier.redis_cluster.credentials.acl import EXPORTER_USER
from webtier.redis_cluster.pod.probes import alive_script, ready_script
from webtier.redis_cluster.pod.redis_conf import RUN_FOLDER
from webtier.redis_cluster.settings import RedisClusterSettings
from webtier.redis_common.conf import AUTH_FOLDER, DATA_FOLDER, PORT

ALIVE_SCRIPT = alive_script(RedisClusterSettings())
READY_SCRIPT = ready_script(RedisClusterSettings())


def ask_kubelet(cluster: LocalCluster, member: Member, script: str) -> tuple[bool, str]:
    """Whether the probe says yes, and what it says besides."""
    folder: Path = cluster.data(member)
    (folder / EXPORTER_USER).write_text(INTERNAL.current(EXPORTER_USER), encoding="utf-8")
    for mounted in (AUTH_FOLDER, RUN_FOLDER, DATA_FOLDER):
        script = script.replace(mounted, str(folder))
    script = script.replace(f"-h 127.0.0.1 -p {PORT}", f"-h {cluster.addresses[member.host]} -p {cluster.port}")
    done = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, text=True, timeout=30, check=False, env=only_its_programs()
    )
    assert not done.stderr
    return done.returncode == 0, done.stdout.strip()


def test_a_node_that_never_joined_is_ready_so_that_the_cluster_can_be_formed(two_nodes: LocalCluster) -> None:
    for member in two_nodes.topology.members():
        assert ask_kubelet(two_nodes, member, READY_SCRIPT) == (True, "")
        assert not (two_nodes.data(member) / "ready").exists()


def test_readiness_is_latched_for_the_life_of_one_process(six_nodes: LocalCluster) -> None:
    six_nodes.converge()
    master, *others = six_nodes.topology.members()
    assert ask_kubelet(six_nodes, master, READY_SCRIPT)[0]

    six_nodes.kill(*others)
    wait_until(lambda: "cluster_state:fail" in six_nodes.ask(master, "CLUSTER", "INFO"), "a cluster that is down")
    assert ask_kubelet(six_nodes, master, READY_SCRIPT)[0], "trouble elsewhere must not take it out"

    six_nodes.kill(master)
    six_nodes.launch(master)
    assert ask_kubelet(six_nodes, master, READY_SCRIPT) == (False, "the cluster is not ok yet")


def test_a_replica_whose_copy_is_not_on_its_disk_is_not_ready(six_nodes: LocalCluster) -> None:
    six_nodes.converge()
    _, replica = six_nodes.shard_members(0)
    unfinished = six_nodes.data(replica) / UNFINISHED
    unfinished.touch()
    assert ask_kubelet(six_nodes, replica, READY_SCRIPT) == (False, "the master's data is not on the disk yet")
    unfinished.unlink()
    assert ask_kubelet(six_nodes, replica, READY_SCRIPT) == (True, "")


def test_a_replica_without_its_masters_data_is_not_ready(six_nodes: LocalCluster) -> None:
    six_nodes.converge()
    master, replica = six_nodes.shard_members(0)
    six_nodes.kill(replica)
    six_nodes.ask(master, "ACL", "SETUSER", "replication", "off")
    six_nodes.launch(replica)
    wait_until(lambda: "cluster_state:ok" in six_nodes.ask(replica, "CLUSTER", "INFO"), "the replica sees the cluster")

    assert ask_kubelet(six_nodes, replica, READY_SCRIPT) == (False, "the master's data is not copied yet")


def test_a_process_that_is_gone_is_neither_alive_nor_ready(two_nodes: LocalCluster) -> None:
    member = two_nodes.topology.member(0, 0)
    assert ask_kubelet(two_nodes, member, ALIVE_SCRIPT) == (True, "")
    two_nodes.kill(member)
    alive, said = ask_kubelet(two_nodes, member, ALIVE_SCRIPT)
    assert not alive
    assert "Connection refused" in said
    assert ask_kubelet(two_nodes, member, READY_SCRIPT) == (False, "Redis does not answer, or is still loading")
