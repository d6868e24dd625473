"""The shell steps of the pipelines, read from their files, and a machine of stubs that they run on."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from operations.stacks import PROJECT

WORKFLOWS = PROJECT / ".github" / "workflows"
GITLAB_FILES = (PROJECT / ".gitlab-ci.yml", PROJECT / ".gitlab" / "preview-stack.yml")
_OF_PROJECT = ("command_line", "devcluster", "environment", "operations", "tests", "tools")


@dataclass(frozen=True)
class Step:
    """What one step runs, and the variables that it is given, as they are written down."""

    place: str
    script: str
    variables: Mapping[str, str] = field(default_factory=dict[str, str])


def github_steps() -> dict[str, Step]:
    """Every `run:` by its place: `workflow/job/name`."""
    found: dict[str, Step] = {}
    for file in sorted(WORKFLOWS.glob("*.yaml")):
        for job, content in _read(file)["jobs"].items():
            for step in content.get("steps", ()):
                if "run" in step:
                    place = f"{file.stem}/{job}/{step.get('name', step['run'])}"
                    assert place not in found, f"two steps are called {place}"
                    found[place] = Step(place, step["run"], step.get("env", {}))
    return found


def gitlab_steps() -> dict[str, Step]:
    """Every list of commands by its place: `file/job/script`, with the variables of file and job."""
    found: dict[str, Step] = {}
    for file in GITLAB_FILES:
        content = _read(file)
        for name, job in content.items():
            if not isinstance(job, dict) or name in ("default", "variables", "workflow") or name.startswith("."):
                continue
            whole = _extended(content, cast("dict[str, Any]", job))
            variables = {**content.get("variables", {}), **whole.get("variables", {})}
            for part in ("before_script", "script", "after_script"):
                if part in whole:
                    place = f"{file.stem.removeprefix('.')}/{name}/{part}"
                    found[place] = Step(place, "\n".join(whole[part]), variables)
    return found


def _extended(content: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, Any]:
    base = _extended(content, content[job["extends"]]) if "extends" in job else {}
    return {**base, **job, "variables": {**base.get("variables", {}), **job.get("variables", {})}}


def _read(file: Path) -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.safe_load(file.read_text()))


@dataclass(frozen=True)
class Machine:
    """A folder as a job finds it: the project's own scripts and packages, and stubs in place of commands that do much.

    Each stub notes how it was called, and with which variables that may be credentials. `make` ends with `make_ends`.
    """

    folder: Path
    make_ends: int = 0

    def prepare(self) -> None:
        """Puts stubs and links there."""
        self.work.mkdir()
        (self.folder / "home").mkdir()
        for name in _OF_PROJECT:
            (self.work / name).symlink_to(PROJECT / name)
        (self.work / ".venv").symlink_to(sys.prefix)
        stubs = self.folder / "bin"
        stubs.mkdir()
        for name in ("make", "git", "apt-get", "curl", "chown", "sudo"):
            (stubs / name).write_text(_STUB.format(python=sys.executable, notes=str(self._notes), ends=self.make_ends))
            (stubs / name).chmod(0o755)
        (stubs / "python").symlink_to(sys.executable)

    @property
    def work(self) -> Path:
        """The job's own folder."""
        return self.folder / "work"

    @property
    def _notes(self) -> Path:
        return self.folder / "calls"

    def run(self, step: Step, given: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Runs a step as its system does, with the values of all expressions and variables that it names."""
        variables = {name: _filled(str(text), given) for name, text in step.variables.items()}
        environment = {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{Path(sys.prefix) / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin",
            "HOME": str(self.folder / "home"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "TMPDIR": str(self.folder / "home"),
            **{name: value for name, value in given.items() if re.fullmatch(r"\w+", name)},
            **variables,
        }
        words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.script]
        return subprocess.run(
            words, cwd=self.work, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    def calls(self) -> list[str]:
        """The commands of all stubs, in order."""
        return [shlex.join(each["words"]) for each in self._calls()]

    def variables(self, number: int = 0) -> dict[str, str]:
        """What one call saw of credentials; files by what was in them."""
        return [*self._calls()][number]["variables"]

    def _calls(self) -> Iterator[dict[str, Any]]:
        if self._notes.exists():
            yield from map(json.loads, self._notes.read_text().splitlines())


def _filled(text: str, given: Mapping[str, str]) -> str:
    """A value with its expressions, or variables of GitLab's, replaced. KeyError for one that has no value here."""
    text = re.sub(r"\$\{\{\s*(.*?)\s*\}\}", lambda found: given[found[1]], text)
    return re.sub(r"\$([A-Z]\w+)", lambda found: given[found[1]], text)


_STUB = """#!{python}
import json, os, sys
from pathlib import Path
words = [Path(sys.argv[0]).name, *sys.argv[1:]]
seen = {{}}
for name, value in os.environ.items():
    if name.startswith(("PULUMI_", "KUBECONFIG", "IDENTITY", "ACTIONS_", "AWS_", "AZURE_", "FAULT", "STACK", "BASE")):
        file = Path(value)
        seen[name] = file.read_text() if name.endswith(("FILE", "KUBECONFIG")) and file.is_file() else value
if words[0] == "curl":
    seen["stdin"] = sys.stdin.read()
with open({notes!r}, "a") as notes:
    notes.write(json.dumps({{"words": words, "variables": seen}}) + "\\n")
if words[0] == "sudo" and words[1] == "env":
    # What root would run; all else that it does is not done here.
    os.execvp(words[1], words[1:])
if words[0] == "curl":
    print(json.dumps({{"value": "a-token-of-the-job"}}))
if words[0] == "make":
    sys.exit({ends})
"""
