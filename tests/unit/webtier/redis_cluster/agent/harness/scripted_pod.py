"""A Redis pod as the kubelet runs it: the real start and stop scripts, and the real agent beside them."""

import os
import subprocess
import threading
from dataclasses import replace

from tests.unit.webtier.redis_cluster.agent.harness.access_files import (
    APPLICATION_PASSWORD,
    INTERNAL,
    write_access_files,
)
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import DOMAIN, LocalCluster
from tests.unit.webtier.redis_cluster.agent.harness.remembering import Remembering
from tests.unit.webtier.redis_cluster.agent.harness.servers import only_its_programs
from webtier.redis_cluster.agent.redis.users import AccessFiles
from webtier.redis_cluster.agent.sidecar import Sidecar
from webtier.redis_cluster.agent.start.announce import Pod as AgentsPod
from webtier.redis_cluster.agent.start.data_folder import DataFolder
from webtier.redis_cluster.credentials.acl import (
    AGENT_USER,
    APPLICATION_RULES,
    EXPORTER_USER,
    REPLICATION_USER,
    InternalPasswords,
)
from webtier.redis_cluster.pod.lifecycle import START_SCRIPT
from webtier.redis_cluster.pod.redis_conf import RUN_FOLDER
from webtier.redis_common.conf import CONF_FOLDER, DATA_FOLDER, PORT


class Pod:
    """One member's two containers: the start script, and the agent as a thread. `path` comes before PATH there."""

    path: str = ""

    def __init__(self, cluster: LocalCluster, index: int = 1) -> None:
        self.cluster = cluster
        self.member = cluster.topology.member(0, index)
        self.ip = cluster.addresses[self.member.host]
        cluster.kill(self.member)
        self.folder = cluster.data(self.member)
        for user in (AGENT_USER, REPLICATION_USER, EXPORTER_USER):
            (self.folder / user).write_text(INTERNAL.current(user))
        self.auth = self.folder / "auth"
        self.mount(INTERNAL, "~* &* +@all")
        (self.folder / "users.acl").unlink()
        self.stop = threading.Event()
        self.console = Remembering()

    def mount(self, internal: InternalPasswords, rules: str = APPLICATION_RULES) -> None:
        """Another Secret."""
        write_access_files(self.auth, [APPLICATION_PASSWORD], rules, internal)

    def script(self, text: str) -> list[str]:
        for folder in (CONF_FOLDER, DATA_FOLDER, RUN_FOLDER):
            text = text.replace(folder, str(self.folder))
        text = text.replace(f"-h 127.0.0.1 -p {PORT}", f"-h {self.ip} -p {self.cluster.port}")
        return ["sh", "-c", text, "sh"]

    def start_redis(self) -> subprocess.Popen[bytes]:
        command = [*self.script(START_SCRIPT), "--bind", self.ip]
        with (self.folder / "container-log").open("ab") as log:
            process = subprocess.Popen(command, env=self._environment(), stdout=log, stderr=log)
        self.cluster.processes[self.member.pod] = process
        return process

    def _environment(self) -> dict[str, str]:
        programs = only_its_programs()
        return {**programs, "PATH": os.pathsep.join(filter(None, (self.path, programs["PATH"])))}

    def start_agent(self) -> None:
        """Also when another one has been stopped."""
        self.stop = threading.Event()
        pod = AgentsPod(self.member.pod, DOMAIN, self.ip)
        files = AccessFiles(self.auth)
        connector = replace(self.cluster.beside(self.member), password=lambda: files.password(AGENT_USER))
        self.sidecar = Sidecar(pod, DataFolder(self.folder), self.folder, self.auth, connector, self.console)
        threading.Thread(target=self.sidecar.run, args=(self.stop,), daemon=True).start()

    def run(self, script: str) -> int:
        return subprocess.run(self.script(script), timeout=60, check=False, env=self._environment()).returncode

    def log(self) -> str:
        """What the redis container has written."""
        return (self.folder / "container-log").read_text(errors="replace")

    def answers(self) -> bool:
        return self.cluster.answers_at(self.ip)
