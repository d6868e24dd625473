"""The stack `local`: everything between `make up` on a fresh machine and the addresses to try."""

import json
import os
import re
import secrets
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from command_line.errors import UserError
from command_line.files import write_whole
from command_line.pulumi_runner import Pulumi
from command_line.subprocesses import succeeds
from devcluster.images import ON_DEMAND, reference
from devcluster.paths import ClusterPaths
from devcluster.up import environment as cluster_environment
from operations.locks import read_locks, refuse_if_held
from operations.stacks import LOCAL, PROJECT

STACK = LOCAL
PASSPHRASE = "webtier-local"  # noqa: S105
"""Not a secret: it encrypts the state of a cluster that only this machine reaches."""


@dataclass(frozen=True)
class LocalStack:
    paths: ClusterPaths

    @classmethod
    def from_environment(cls) -> Self:
        """The one whose files are in the folders that the environment names."""
        return cls(ClusterPaths.from_environment())

    @property
    def redis_password_file(self) -> Path:
        return self.paths.state / "redis-password"

    def environment(self) -> Mapping[str, str]:
        """What a shell needs so that plain `pulumi`, `kubectl` and `python` talk to the embedded cluster."""
        return {
            **cluster_environment(self.paths),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "WEBTIER_KUBECONFIG": str(self.paths.kubeconfig),
            "WEBTIER_REDIS_PASSWORD_FILE": str(self.redis_password_file),
        }

    def is_prepared(self) -> bool:
        return self.redis_password_file.exists() and self.paths.kubeconfig.exists()

    @staticmethod
    def images_on_demand() -> list[str]:
        """The images that the stack's file names and the embedded cluster has on demand alone."""
        settings = (PROJECT / f"Pulumi.{STACK}.yaml").read_text(encoding="utf-8", errors="replace")
        return [image for image in ON_DEMAND if re.search(rf"{re.escape(reference(image))}(?![\w.-])", settings)]

    def exports(self) -> str:
        """Shell lines for `eval`: one export a variable."""
        if not self.paths.kubeconfig.exists():
            raise UserError("The embedded cluster has never been up on this machine: run `make up` first.")
        return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in self.environment().items())

    def prepare(self) -> None:
        """Make the state that the stack needs before its first `pulumi up`; what is there stays."""
        self.paths.pulumi_backend.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.redis_password_file.exists():
            write_whole(self.redis_password_file, secrets.token_urlsafe(24), 0o600)
        self._pulumi.run("stack", "select", "--create", STACK)

    def mend(self) -> None:
        """Take away what a killed `pulumi` left: its lock, and operations whose end it did not record.

        Raises UserError while one that lives has the lock.
        """
        locks = read_locks(f"file://{self.paths.pulumi_backend}", STACK)
        refuse_if_held(locks, STACK)
        if not locks:
            return
        print("The last `pulumi` on this stack was cut off: unlocking its state and reading it anew.", file=sys.stderr)
        self._pulumi.run("cancel", "--stack", STACK, "--yes")
        self._refresh()

    def up(self) -> None:
        """`pulumi up` of the stack, shown as it goes. Raises UserError when it fails: the engine said why.

        A deletion that was cut off can have taken objects away which the state still has. That is looked for after a
        failure alone, since on a stack that is well it would take longer than all the rest.
        """
        self._wait_for_controller()
        if self._up():
            return
        if self._forget_what_is_gone():
            print("Objects of the state are gone from the cluster: making them again.", file=sys.stderr)
            if self._up():
                return
        raise UserError(
            "`pulumi up` did not finish; what it said is above. Mend that and run `make up` again, or look "
            'around with `eval "$(make -s env)"` and then kubectl or pulumi.'
        )

    def _up(self) -> bool:
        words = ("up", "--stack", STACK, "--yes", "--skip-preview", "--suppress-outputs")
        return self._pulumi.show(*words, live=True) == 0

    def _wait_for_controller(self) -> None:
        """After a power cut it is still starting, and Pulumi would send Ingresses at once, which its webhook takes."""
        words = ["--all-namespaces", "--selector", "app.kubernetes.io/name=ingress-nginx"]
        succeeds(
            ["kubectl", "wait", "deployment", *words, "--for=condition=Available", "--timeout=90s"],
            env={**os.environ, **self.environment()},
        )

    def _forget_what_is_gone(self) -> bool:
        """Whether the state had objects that the cluster has no longer."""
        before = self._resources_of_state()
        self._refresh()
        return bool(before - self._resources_of_state())

    def _refresh(self) -> None:
        self._pulumi.run("refresh", "--stack", STACK, "--yes", "--skip-preview", "--clear-pending-creates")

    def _resources_of_state(self) -> set[str]:
        deployment = json.loads(self._pulumi.run("stack", "export", "--stack", STACK))["deployment"]
        return {resource["urn"] for resource in deployment.get("resources", ())}

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets included; empty while there is no stack."""
        done = self._pulumi.attempt("stack", "output", "--json", "--show-secrets", "--stack", STACK)
        return json.loads(done.stdout) if done.returncode == 0 else {}

    @property
    def _pulumi(self) -> Pulumi:
        return Pulumi(PROJECT, self.environment())
