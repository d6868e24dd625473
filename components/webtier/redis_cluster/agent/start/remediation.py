"""What a person can do where the agent must not decide: whole command lines, to be copied."""

from dataclasses import dataclass
from pathlib import Path

from .aof import last_file
from .data_folder import ACCEPT_FILE, DataFolder


@dataclass(frozen=True)
class Remediation:
    """Commands for the node at `host`. `auth`, the mounted Secret's folder, and `tls`, the certificate's, are the same
    in all containers; without `tls` connections are plain.
    """

    host: str
    data: DataFolder
    auth: Path
    tls: Path | None = None

    def take_over(self, pod: str) -> str:
        """Makes a replica the master of its shard without any election."""
        files = f"--tls --cacert {self.tls}/ca.crt --cert {self.tls}/tls.crt --key {self.tls}/tls.key "
        options = f"--user agent {files if self.tls else ''}"
        command = f"REDISCLI_AUTH=$(cat {self.auth}/agent) {_program('cli')} {options}cluster failover takeover"
        return self._exec(pod, "redis", f"sh -c '{command}'")

    def cut_off(self) -> str:
        """Keeps the data up to where it is broken."""
        # By itself: with the manifest valkey-check-aof 9 takes a base file in Valkey's own format for the broken one.
        command = f"yes | {_program('check-aof')} --fix {self.data.path}/{last_file(self.data.path)}"
        fix = self._exec(self._pod, "redis", f"sh -c '{command}'")
        return f"{fix} && {self._kubectl} delete pod {self._pod}"

    def accept_loss(self) -> str:
        """Lets it start with what there is."""
        return self._exec(self._pod, "agent", f"touch {self.data.path}/{ACCEPT_FILE}")

    def form_anew(self) -> str:
        """Runs the converge Job again, which is done and which nothing else would make again."""
        cluster, _, _ = self._pod.rpartition("-shard-")
        labels = f"app.kubernetes.io/name=redis-agent,app.kubernetes.io/instance={cluster}"
        return f"{self._kubectl} delete job -l {labels} && pulumi up --refresh"

    def find_pod_at(self, ip: str) -> str:
        """Shows which pod has an address; where nodes announce their hosts', all pods of that host's network."""
        return f"kubectl get pods -A -o wide --field-selector=status.podIP={ip}"

    def _exec(self, pod: str, container: str, command: str) -> str:
        return f"{self._kubectl} exec {pod} -c {container} -- {command}"

    @property
    def _pod(self) -> str:
        return self.host.partition(".")[0]

    @property
    def _kubectl(self) -> str:
        """A pod's name in DNS is `<pod>.<headless service>.<namespace>.svc.<domain>`."""
        labels = self.host.split(".")
        return f"kubectl -n {labels[2]}" if len(labels) > 2 else "kubectl"


def _program(tool: str) -> str:
    """In a shell: what the container's image calls it."""
    return f"$(command -v redis-{tool} || echo valkey-{tool})"
