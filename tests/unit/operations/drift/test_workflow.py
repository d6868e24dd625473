"""The steps of the nightly workflow, run as a runner does, with a `make` that stands for ours."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from operations.stacks import PROJECT

FILE = PROJECT / ".github" / "workflows" / "drift.yaml"
WITH_DRIFT = 'mkdir -p build/drift; echo {} > build/drift/report.json; echo "# told" > build/drift/report.md; exit 2'


def steps(job: str) -> dict[str, dict[str, Any]]:
    read = yaml.safe_load(FILE.read_text())
    return {each["name"]: each for each in read["jobs"][job]["steps"] if "name" in each}


def run(folder: Path, script: str, make: str) -> subprocess.CompletedProcess[str]:
    """`make` is what the command of that name does."""
    (folder / "bin").mkdir(exist_ok=True)
    if not (folder / "tools").exists():
        (folder / "tools").symlink_to(PROJECT / "tools")
    stand_in = folder / "bin" / "make"
    stand_in.write_text(
        f'#!/bin/sh\nenv > "{folder}/environment"; echo "$@" > "{folder}/words"\n'
        f'echo "$KUBECONFIG" > "{folder}/place"\n'
        f'stat -c %a "$KUBECONFIG" > "{folder}/mode"; cp "$KUBECONFIG" "{folder}/seen"\n{make}\n'
    )
    stand_in.chmod(0o755)
    environment = {
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "RUNNER_TEMP": str(folder),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "STACK": "prod",
        "KUBECONFIG_CONTENT": "a 'kubeconfig' with $HOME\n",
    }
    # As GitHub runs a step.
    return subprocess.run(
        ["bash", "-e", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_a_comparison_with_drift_ends_well_and_keeps_the_credential_to_itself(tmp_path: Path) -> None:
    done = run(tmp_path, steps("compare")["Compare"]["run"], WITH_DRIFT)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "words").read_text() == "drift STACK=prod\n"
    assert (tmp_path / "mode").read_text() == "600\n"
    assert (tmp_path / "seen").read_text() == "a 'kubeconfig' with $HOME\n"
    assert "KUBECONFIG_CONTENT" not in (tmp_path / "environment").read_text()
    assert (tmp_path / "summary").read_text() == "# told\n"
    assert not Path((tmp_path / "place").read_text().strip()).exists()


def test_a_comparison_that_did_not_come_to_its_end_fails(tmp_path: Path) -> None:
    assert run(tmp_path, steps("compare")["Compare"]["run"], "exit 2").returncode != 0


def test_the_issue_is_about_all_stacks_that_are_compared() -> None:
    read = yaml.safe_load(FILE.read_text())
    stacks = read["jobs"]["compare"]["strategy"]["matrix"]["stack"]
    [step] = [each for each in read["jobs"]["issue"]["steps"] if "run" in each]
    assert step["run"] == f"make drift-issue STACK={','.join(stacks)}"
    assert read["permissions"] == {}
    assert read["jobs"]["compare"]["permissions"] == {"contents": "read"}
    assert "environment" not in read["jobs"]["issue"], "what writes the issue has no credential of a stack"


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_its_credentials_are_not_those_of_the_deployments(stack: str) -> None:
    read = yaml.safe_load(FILE.read_text())
    deploy = yaml.safe_load((FILE.parent / "deploy.yaml").read_text())
    own, others = (str(each["jobs"][job]["environment"]) for each, job in ((read, "compare"), (deploy, "deploy")))
    assert own.replace("${{ matrix.stack }}", stack) != others.replace("${{ matrix.stack }}", stack)
