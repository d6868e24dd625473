"""A whole tier beside `local` from a copy of the project, whose settings and code a test may change.

The copy has a history of one commit: so `BASE=HEAD` is what is deployed.
"""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from command_line import pulumi_installation
from command_line.pulumi_runner import Pulumi
from operations.local import PASSPHRASE, PROJECT
from operations.preview.engine import event_log
from operations.preview.model.change import Change
from operations.preview.report.as_json import JsonObject, JsonReport, JsonStack
from tests.cluster.harness.stacks.project_copy import copy_project
from tests.cluster.harness.tier import Tier

Settings = dict[str, Any]
_SALT = yaml.safe_load((PROJECT / "Pulumi.local.yaml").read_text())["encryptionsalt"]


class CopiedStack:
    """`settings` are those of the base; a change is made with `change`, and taken back with `start_from`.

    The password is in a file, unless the settings have one.
    """

    def __init__(self, tier: Tier, folder: Path, name: str, settings: Settings, password: str) -> None:
        self.tier, self.name, self.settings = tier, name, settings
        self.folder = copy_project(folder)
        (folder / "state").mkdir()
        self.password_file = folder / "password"
        self._password = password
        self.password_file.write_text(self._password)
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
        self.pulumi.run("stack", "init", name)

    @property
    def pulumi(self) -> Pulumi:
        return Pulumi(self.folder, self.environment)

    @property
    def file(self) -> Path:
        return self.folder / f"Pulumi.{self.name}.yaml"

    def write(self, settings: Settings) -> None:
        config = {f"webtier:{key}": value for key, value in settings.items()}
        self.file.write_text(yaml.safe_dump({"encryptionsalt": _SALT, "config": config}))

    def commit(self) -> None:
        """All files as they are now are the base."""
        self._git("add", "--all")
        names = ("-c", "user.name=test", "-c", "user.email=test@example.com")
        self._git(*names, "commit", "--quiet", "--allow-empty", "--message=Base")

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
        self.password_file.write_text(self._password)
        change, said = self.up()
        assert change.succeeded, said

    def preview(self, *, base: str = "HEAD", **environment: str) -> "Previewed":
        """`make preview` of this stack; the report is that of its only part."""
        words = ["-m", "operations.preview", f"--base={base}", "--", self.name]
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
            words = ("up", "--stack", self.name, "--yes", "--skip-preview", "--event-log", str(log.file))
            done = pulumi.attempt(*words, timeout=600)
        return log.change(self.name), done.stdout + done.stderr

    def _git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.folder, check=True, capture_output=True)


class Previewed:
    """What a preview has left: its exit code, its report, and all that people see."""

    def __init__(self, code: int, report: JsonStack, shown: list[str]) -> None:
        self.code, self.report, self.shown = code, report, shown


def objects_in(report: JsonStack) -> Iterator[JsonObject]:
    """All that the report tells, what is pending too."""
    return (each for component in (*report.components, *report.pending) for each in component.objects)


def steps_told(report: JsonStack) -> Mapping[str, str]:
    """What the report says that happens to each resource, by its URN."""
    return {each.urn: each.operation for each in objects_in(report)}


def steps_done(change: Change) -> Mapping[str, str]:
    """The same of what an update did."""
    return {step.urn: str(step.operation) for step in change.changing if not step.is_component}
