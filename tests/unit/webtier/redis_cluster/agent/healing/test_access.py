"""The generation of the internal passwords is raised by more than one: everything goes on, and the Job waits."""

import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import INTERNAL, LocalCluster, wait_until
from tests.unit.webtier.redis_cluster.agent.harness.scripted_pod import Pod
from tests.unit.webtier.redis_cluster.agent.reconcile.test_converge_unlucky import job
from tests.unit.webtier.redis_cluster.agent.redis.test_users import LOGIN, replication_password, secret_folder
from webtier.redis_cluster.agent import __main__ as agent
from webtier.redis_cluster.agent.console import Console
from webtier.redis_cluster.agent.errors import NodeUnavailableError
from webtier.redis_cluster.agent.healing.access import LAST_USED, Access
from webtier.redis_cluster.agent.redis.client import Connector
from webtier.redis_cluster.agent.redis.users import AccessFiles
from webtier.redis_cluster.agent.start.start_handshake import StartHandshake
from webtier.redis_cluster.credentials.acl import AGENT_USER, EXPORTER_USER, REPLICATION_USER, InternalPasswords

LATER = InternalPasswords("a seed", 5)
QUESTIONS = {AGENT_USER: "PING", REPLICATION_USER: "PING", EXPORTER_USER: "INFO"}


@pytest.fixture
def pods(two_nodes: LocalCluster) -> Iterator[list[Pod]]:
    """Both run, with their agents, in a cluster that is formed; the first one is the master."""
    two_nodes.converge()
    found = [Pod(two_nodes, index) for index in (0, 1)]
    for pod in found:
        pod.start_agent()
        pod.start_redis()
    for pod in found:
        wait_until(pod.answers, "Redis runs")
    wait_until(two_nodes.is_healthy, "the cluster is healthy")
    for pod in found:
        wait_until((pod.folder / LAST_USED).exists, "the agent has looked")
    yield found
    for pod in found:
        pod.stop.set()


def accepts(cluster: LocalCluster, ip: str, internal: InternalPasswords) -> bool:
    """Of all of the cluster's own users."""
    for user, question in QUESTIONS.items():
        password = replication_password if user == REPLICATION_USER else partial(InternalPasswords.current, user=user)
        connector = Connector(partial(password, internal), cluster.port, cluster.bus_port, user=user)
        try:
            with connector.open(ip) as node:
                node.ask(question)
        except NodeUnavailableError:
            return False
    return True


def link_anew(pods: list[Pod]) -> None:
    """The replica has to log in again."""
    cluster, (master, replica) = pods[0].cluster, pods
    cluster.ask(master.member, "CLIENT", "KILL", "TYPE", "replica")
    wait_until(lambda: is_linked(pods), f"{replica.member.pod} is linked to its master again")


def is_linked(pods: list[Pod]) -> bool:
    """As both say: the replica may not have noticed yet that its connection has ended."""
    cluster, (master, replica) = pods[0].cluster, pods
    online = "state=online" in cluster.ask(master.member, "INFO", "replication")
    return online and "master_link_status:up" in cluster.ask(replica.member, "INFO", "replication")


def test_both_are_accepted_until_the_job_has_come_to_every_node(
    pods: list[Pod], two_nodes: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "job").mkdir()
    secret_folder(tmp_path / "job", ["password"], LATER)
    monkeypatch.setattr(agent, "Connector", partial(Connector, resolve=two_nodes.resolve))
    ended: list[int] = []
    running = threading.Thread(target=lambda: ended.append(job(two_nodes, tmp_path / "job", deadline=120)))
    running.start()

    # Kubelets bring the Secret one after the other.
    for pod in pods:
        assert not accepts(two_nodes, pod.ip, LATER)
        assert not ended, "the Job waits"
        pod.mount(LATER)
        wait_until(lambda pod=pod: accepts(two_nodes, pod.ip, LATER), "the new passwords are accepted")
        if pod is pods[0]:
            assert accepts(two_nodes, pod.ip, INTERNAL)
            assert pod.sidecar.connector.password() == INTERNAL.current(AGENT_USER), "others know no newer one"
            link_anew(pods)
    running.join()

    assert ended == [0]
    for pod in pods:
        assert not accepts(two_nodes, pod.ip, INTERNAL)
        wait_until(lambda pod=pod: pod.sidecar.connector.password() == LATER.current(AGENT_USER), "it is used")
        assert (pod.folder / LAST_USED).stat().st_mode & 0o777 == 0o600
    link_anew(pods)
    assert two_nodes.is_healthy()


def test_an_agent_that_was_away_brings_them_in_too(pods: list[Pod], two_nodes: LocalCluster) -> None:
    replica = pods[1]
    replica.stop.set()
    replica.mount(LATER)
    replica.start_agent()
    wait_until(lambda: accepts(two_nodes, replica.ip, LATER), "the new passwords are accepted")


def test_without_the_job_the_old_ones_are_dropped_in_time(two_nodes: LocalCluster, tmp_path: Path) -> None:
    two_nodes.converge()
    member = two_nodes.topology.member(0, 1)
    ip = two_nodes.addresses[member.host]
    files = secret_folder(tmp_path, ["password"], INTERNAL)
    access = access_of(two_nodes, ip, files, tmp_path)
    look(access)
    assert accepts(two_nodes, ip, INTERNAL)

    secret_folder(tmp_path, ["password"], LATER)
    began = time.monotonic()
    look(access)
    assert accepts(two_nodes, ip, INTERNAL)
    assert accepts(two_nodes, ip, LATER)
    while replication_password(LATER) not in two_nodes.ask(member, "CONFIG", "GET", "masterauth"):
        look(access)
    assert time.monotonic() - began >= access.use_after
    assert access.password() == LATER.current(AGENT_USER)
    while accepts(two_nodes, ip, INTERNAL):
        look(access)
    assert time.monotonic() - began >= access.drop_after
    assert accepts(two_nodes, ip, LATER)


def test_a_redis_that_was_away_for_long_is_told_too(two_nodes: LocalCluster, tmp_path: Path) -> None:
    """Others have changed meanwhile, so that they are asked with the new password; it still knows none but the old."""
    ip = two_nodes.addresses[two_nodes.topology.member(0, 1).host]
    access = access_of(two_nodes, ip, secret_folder(tmp_path, ["password"], INTERNAL), tmp_path)
    look(access)
    secret_folder(tmp_path, ["password"], LATER)
    assert access.password() == INTERNAL.current(AGENT_USER)
    wait_until(lambda: access.password() == LATER.current(AGENT_USER), "others are asked with the new one")
    look(access)
    assert accepts(two_nodes, ip, LATER)


def test_a_generation_more_is_used_at_once(two_nodes: LocalCluster, tmp_path: Path) -> None:
    ip = two_nodes.addresses[two_nodes.topology.member(0, 1).host]
    access = access_of(two_nodes, ip, secret_folder(tmp_path, ["password"], INTERNAL), tmp_path)
    look(access)
    following = InternalPasswords("a seed", 2)
    secret_folder(tmp_path, ["password"], following)
    look(access)
    assert access.password() == following.current(AGENT_USER)
    assert accepts(two_nodes, ip, INTERNAL), "as the one before"
    assert not accepts(two_nodes, ip, InternalPasswords("a seed", 0))


def access_of(cluster: LocalCluster, ip: str, files: AccessFiles, folder: Path) -> Access:
    connector = Connector(lambda: files.password(AGENT_USER), cluster.port, cluster.bus_port, local_ip=ip)
    run = folder / "run"
    run.mkdir(exist_ok=True)
    return Access(files, LOGIN, connector, StartHandshake(run), Console(), use_after=1.0, drop_after=2.0)


def look(access: Access) -> None:
    with access.open() as redis:
        access.step(redis)
