"""A whole tier beside `local` from a copy of the project, whose settings and code a test may change.

The copy has a history of one commit: so `BASE=HEAD` is what is deployed.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from command_line import pulumi_installation
from command_line.pulumi_runner import Pulumi
from devcluster.plan import CONTEXT, NODES
from operations.local import PASSPHRASE, PROJECT
from operations.preview.engine import event_log
from operations.preview.model.change import Change
from operations.preview.report.as_json import JsonReport, JsonStack
from tests.cluster.harness.removal import remove_stack
from tests.cluster.harness.tier import Tier

NAME = "golden"
NAMESPACE, INGRESS_NAMESPACE, OTHER_NAMESPACE, CLASS = "golden", "golden-ingress", "golden-other", "golden"
HTTP_PORT, HTTPS_PORT, REDIS_PORT, POD_PORTS = 31272, 31273, 32299, 32300
PASSWORD = "Gold+en/pass?word=7&plain"
"""With characters that base64, URLs and quoting change."""

Settings = dict[str, Any]
_LOCAL = yaml.safe_load((PROJECT / "Pulumi.local.yaml").read_text())
_IGNORED = (".venv", ".git", "build", "tests", "__pycache__")


class GoldenStack:
    """`settings` are those of the base; a change is made with `change`, and taken back with `start_from`."""

    def __init__(self, tier: Tier, folder: Path) -> None:
        self.tier = tier
        self.folder = folder / "project"
        self.settings = _settings()
        shutil.copytree(PROJECT, self.folder, ignore=shutil.ignore_patterns(*_IGNORED))
        (self.folder / ".venv").symlink_to(sys.prefix)
        (folder / "state").mkdir()
        self.password_file = folder / "password"
        self.password_file.write_text(PASSWORD)
        found = pulumi_installation.find(tier.paths)
        assert found, "there is no engine: `make up` builds it"
        self.environment = {
            **tier.environment,
            **pulumi_installation.variables(found, tier.paths),
            "PULUMI_BACKEND_URL": f"file://{folder}/state",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "WEBTIER_REDIS_PASSWORD_FILE": str(self.password_file),
            # The copy's own components, and not those that the virtual environment has.
            "PYTHONPATH": str(self.folder / "components"),
        }
        self.write(self.settings)
        self._git("init", "--quiet")
        self.commit()
        Pulumi(self.folder, self.environment).run("stack", "init", NAME)

    @property
    def file(self) -> Path:
        return self.folder / f"Pulumi.{NAME}.yaml"

    def write(self, settings: Settings) -> None:
        config = {f"webtier:{key}": value for key, value in settings.items()}
        self.file.write_text(yaml.safe_dump({"encryptionsalt": _LOCAL["encryptionsalt"], "config": config}))

    def commit(self) -> None:
        """All files as they are now are the base."""
        self._git("add", "--all")
        names = ("-c", "user.name=golden", "-c", "user.email=golden@example.com")
        self._git(*names, "commit", "--quiet", "--allow-empty", "--message=Golden")

    def change(self, edit: Callable[[Settings], None]) -> None:
        """The base's settings with some edits."""
        edited = deepcopy(self.settings)
        edit(edited)
        self.write(edited)

    def start_from(self, edit: Callable[[Settings], None]) -> None:
        """The files of the base with some edits, which are part of it from now on, deployed."""
        self._git("checkout", "--quiet", "--", ".")
        self.change(edit)
        self.commit()
        self.password_file.write_text(PASSWORD)
        change, said = self.up()
        assert change.succeeded, said

    def preview(self, *, base: str = "HEAD", **environment: str) -> "Previewed":
        """`make preview` of this stack; the report is that of its only part."""
        words = ["-m", "operations.preview", f"--base={base}", "--", NAME]
        done = self.run(*words, **environment)
        folder = self.folder / "build" / "preview"
        read = JsonReport.model_validate_json((folder / "report.json").read_bytes())
        shown = [
            done.stdout,
            done.stderr,
            *((folder / f"report.{form}").read_text() for form in ("md", "json", "html")),
        ]
        assert {file.name for file in folder.iterdir()} == {f"report.{form}" for form in ("md", "json", "html")}
        return Previewed(done.returncode, read.stacks[0], shown)

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Python in the copy, without what these variables set to nothing."""
        variables = {**os.environ, **self.environment, **environment}
        kept = {name: value for name, value in variables.items() if value}
        python = str(self.folder / ".venv" / "bin" / "python")
        return subprocess.run(
            [python, *words], cwd=self.folder, env=kept, capture_output=True, text=True, timeout=600, check=False
        )

    def up(self) -> tuple[Change, str]:
        """`pulumi up`, what it did by its own event log, and what it said."""
        pulumi = Pulumi(self.folder, {**self.environment, "PULUMI_DEBUG_COMMANDS": "true"})
        with event_log() as log:
            words = ("up", "--stack", NAME, "--yes", "--skip-preview", "--event-log", str(log.file))
            done = pulumi.attempt(*words, timeout=600)
        return log.change(NAME), done.stdout + done.stderr

    def remove(self) -> None:
        """All of it, by other means than the engine's."""
        remove_stack(self.tier, NAMESPACE, INGRESS_NAMESPACE, OTHER_NAMESPACE, ingress_classes=[CLASS, "golden-second"])

    def _git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.folder, check=True, capture_output=True)


class Previewed:
    """What a preview has left: its exit code, its report, and all that people see."""

    def __init__(self, code: int, report: JsonStack, shown: list[str]) -> None:
        self.code, self.report, self.shown = code, report, shown


def _settings() -> Settings:
    services = deepcopy(_LOCAL["config"]["webtier:services"])
    for service in services.values():
        service["replicas"] = 2
        service["rollout"] = {"drain_seconds": 2, "grace_seconds": 10}
    storage: Mapping[str, Any] = {
        "kind": "local",
        "root": "/var/lib/webtier-volumes",
        "nodes": [node.name for node in NODES],
        "size": "1Gi",
    }
    return {
        "context": CONTEXT,
        "kubeconfig": "$WEBTIER_KUBECONFIG",
        "namespace": NAMESPACE,
        "node_address": NODES[0].address,
        "redis_password_file": "$WEBTIER_REDIS_PASSWORD_FILE",
        "redis": {
            "image": "webtier.local/redis:debian-12",
            "agent": {"image": "webtier.local/python:debian-12", "resources": {"requests": {"cpu": "5m"}}},
            "metrics": {"enabled": False},
            "storage": dict(storage),
            "resources": {"requests": {"cpu": "10m", "memory": "48Mi"}, "limits": {"memory": "160Mi"}},
            "access": {"node_port": REDIS_PORT, "pods": {"kind": "node_ports", "first": POD_PORTS}},
        },
        "services": services,
        "ingress": {
            "image": "webtier.local/ingress-nginx-controller:debian-12",
            "replicas": 1,
            "namespace": INGRESS_NAMESPACE,
            "class_name": CLASS,
            "controller_value": f"webtier.example/{CLASS}",
            "http_node_port": HTTP_PORT,
            "https_node_port": HTTPS_PORT,
            "grace_seconds": 20,
            "drain_seconds": 3,
            "resources": {"requests": {"cpu": "10m", "memory": "96Mi"}, "limits": {"memory": "384Mi"}},
        },
        "routes": [
            {"path": "/user", "backend": "user-v1", "rewrite": "strip_prefix"},
            {"path": "/pay", "backend": "pay-v1", "rewrite": "strip_prefix"},
        ],
        "default_backend": "user-v1",
    }
