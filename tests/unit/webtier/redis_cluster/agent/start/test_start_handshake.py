"""The start and stop scripts of Redis' container with the real agent beside them."""

import shutil
import subprocess
import threading
from collections.abc import Iterator

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import DOMAIN, INTERNAL, LocalCluster, wait_until
from webtier.redis_cluster.agent.console import Console
from webtier.redis_cluster.agent.failover.draining import NO_FAILOVER
from webtier.redis_cluster.agent.sidecar import Sidecar
from webtier.redis_cluster.agent.start.announce import Pod as AgentsPod
from webtier.redis_cluster.agent.start.data_folder import DataFolder
from webtier.redis_cluster.credentials.acl import AGENT_USER, EXPORTER_USER, REPLICATION_USER
from webtier.redis_cluster.pod.lifecycle import START_SCRIPT, STOP_SCRIPT
from webtier.redis_cluster.pod.probes import alive_script
from webtier.redis_cluster.pod.redis_conf import RUN_FOLDER, START_FILE
from webtier.redis_common.conf import CONF_FOLDER, DATA_FOLDER, PORT


class Pod:
    """One member's two containers: the start script, and the agent as a thread."""

    def __init__(self, cluster: LocalCluster) -> None:
        self.cluster = cluster
        self.member = cluster.topology.member(0, 1)
        self.ip = cluster.addresses[self.member.host]
        cluster.kill(self.member)
        self.folder = cluster.data(self.member)
        for user in (AGENT_USER, REPLICATION_USER, EXPORTER_USER):
            (self.folder / user).write_text(INTERNAL.current(user))
        self.auth = self.folder / "auth"
        self.auth.mkdir()
        for name in ("users.acl", AGENT_USER, REPLICATION_USER, EXPORTER_USER):
            shutil.copy(self.folder / name, self.auth)
        (self.folder / "users.acl").unlink()
        self.stop = threading.Event()

    def script(self, text: str) -> list[str]:
        for folder in (CONF_FOLDER, DATA_FOLDER, RUN_FOLDER):
            text = text.replace(folder, str(self.folder))
        text = text.replace(f"-h 127.0.0.1 -p {PORT}", f"-h {self.ip} -p {self.cluster.port}")
        return ["sh", "-c", text, "sh"]

    def start_redis(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([*self.script(START_SCRIPT), "--bind", self.ip], stdout=subprocess.DEVNULL)
        self.cluster.processes[self.member.pod] = process
        return process

    def start_agent(self) -> None:
        pod = AgentsPod(self.member.pod, DOMAIN, self.ip)
        connector = self.cluster.beside(self.member)
        sidecar = Sidecar(pod, DataFolder(self.folder), self.folder, self.auth, connector, Console())
        threading.Thread(target=sidecar.run, args=(self.stop,), daemon=True).start()

    def run(self, script: str) -> int:
        return subprocess.run(self.script(script), timeout=60, check=False).returncode

    def answers(self) -> bool:
        return self.cluster.answers_at(self.ip)


@pytest.fixture
def pod(two_nodes: LocalCluster) -> Iterator[Pod]:
    pod = Pod(two_nodes)
    yield pod
    pod.stop.set()


def test_redis_starts_at_the_agents_word_and_stops_at_it(pod: Pod) -> None:
    pod.start_redis()
    wait_until((pod.folder / "asks").exists, "the start script asks")
    assert pod.run(alive_script(pod.cluster.settings)) == 0, "waiting is no reason to be restarted"
    assert not pod.answers()
    pod.start_agent()
    wait_until(pod.answers, "Redis runs")
    assert pod.run(STOP_SCRIPT) == 0

    pod.cluster.kill(pod.member)
    assert pod.run(alive_script(pod.cluster.settings)) == 1, "a process that is gone is not alive"
    pod.start_redis()
    wait_until(pod.answers, "Redis runs again: every start is asked for")


def test_the_users_are_those_of_the_secret_also_when_it_changes(pod: Pod) -> None:
    pod.start_redis()
    pod.start_agent()
    wait_until(pod.answers, "Redis runs")
    users = pod.auth / "users.acl"
    users.write_text(users.read_text() + "user newcomer on nopass +ping\n")
    wait_until(
        lambda: "newcomer" in pod.cluster.ask(pod.member, "ACL", "USERS"), "the running server knows the new user"
    )
    wait_until(lambda: "newcomer" in (pod.folder / "users.acl").read_text(), "so does the next start")


def test_redis_begins_as_one_that_does_not_stand_for_election_which_is_nothing_to_a_master(pod: Pod) -> None:
    pod.start_redis()
    pod.start_agent()
    wait_until(pod.answers, "Redis runs")
    assert f"{NO_FAILOVER} yes\n" in (pod.folder / START_FILE).read_text()
    wait_until(lambda: pod.cluster.stands(pod.member), "the agent has looked")
