"""The policy pack beside a real preview of the stack `prod`, as `make preview` runs it."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from operations.local import PROJECT
from tests.cluster.harness.stacks.project_copy import copy_project

_IMAGE = "docker.io/nginxinc/nginx-unprivileged:1.30.5-trixie"
BROKEN = {
    "image-tag": (f"image: {_IMAGE}", "image: docker.io/nginxinc/nginx-unprivileged:latest"),
    "private-redis": ("access: {node_port: null}", "access: {node_port: 30010}"),
    "protected-data": ("webtier:protect: true", "webtier:protect: false"),
    "credentials-in-secrets": (f"image: {_IMAGE}", f"image: {_IMAGE}\n      env: {{TOKEN: hunter2}}"),
}
"""What stands in Pulumi.prod.yaml, and what breaks a rule in its place. Other rules the settings can't break at all."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, with the same virtual environments."""
    return copy_project(tmp_path_factory.mktemp("copy"))


def preview(project: Path, settings: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the report of the stack, whose file has these settings."""
    (project / "Pulumi.prod.yaml").write_text(settings)
    others = ("PULUMI_", "KUBE", "WEBTIER_", "MAKE", "MFLAGS")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    words = ["make", "preview", "STACK=prod"]
    done = subprocess.run(words, cwd=project, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert "hunter2" not in done.stdout + done.stderr
    report = json.loads((project / "build" / "preview" / "report.json").read_text())
    return done.returncode, report["stacks"][0]


def names_of(report: dict[str, Any], level: str) -> set[str]:
    return {each["policy"] for each in report["messages"] if each["severity"] == level}


def test_the_shipped_production_keeps_to_the_policies(project: Path) -> None:
    code, report = preview(project, (PROJECT / "Pulumi.prod.yaml").read_text())
    assert names_of(report, "mandatory") == set()
    # The images of the example are named without a digest, which is to be seen, and is no reason to refuse it.
    assert names_of(report, "advisory") == {"image-digest"}
    assert (code, report["verdict"], report["dangers"]) == (0, "safe", [])


def test_what_breaks_them_is_refused_and_said(project: Path) -> None:
    settings = (PROJECT / "Pulumi.prod.yaml").read_text()
    for before, after in BROKEN.values():
        # Of two that stand in the same place the second takes the other service's.
        assert before in settings
        settings = settings.replace(before, after, 1)
    code, report = preview(project, settings)
    assert names_of(report, "mandatory") == {*BROKEN}
    assert code != 0
    assert report["verdict"] == "failed"
    assert {each["kind"] for each in report["dangers"]} == {"refused by a policy"}
    # All that it would do is known all the same.
    assert report["counts"]["create"] > 60


def test_the_same_in_another_environment_is_advice(project: Path) -> None:
    (project / "policies" / "stacks" / "prod.json").write_text('{"all": "advisory"}')
    before, after = BROKEN["private-redis"]
    try:
        code, report = preview(project, (PROJECT / "Pulumi.prod.yaml").read_text().replace(before, after))
    finally:
        shutil.copy(PROJECT / "policies" / "stacks" / "prod.json", project / "policies" / "stacks")
    assert "private-redis" in names_of(report, "advisory")
    assert (code, names_of(report, "mandatory")) == (0, set())
