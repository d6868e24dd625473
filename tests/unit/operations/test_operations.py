"""What people run around pulumi: stack names, previews without a state, the shell's exports."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from command_line import pulumi_installation
from command_line.errors import UserError
from command_line.files import write_whole
from command_line.pulumi_installation import Engine
from command_line.pulumi_runner import Pulumi
from devcluster.paths import ClusterPaths
from operations import deploy, stacks
from operations.local import PROJECT, LocalStack
from operations.preview import __main__ as preview


def test_an_unknown_stack_lists_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"STACK is 'prd'.*There are: dev, local, prod, staging"):
        stacks.check_known("prd")


def test_a_deployment_needs_a_place_for_its_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    monkeypatch.delenv("PULUMI_ACCESS_TOKEN", raising=False)
    with pytest.raises(UserError, match="Set PULUMI_BACKEND_URL"):
        deploy.deploy("dev")


@pytest.mark.parametrize(
    ("unreviewed", "said"),
    [("", "APPROVED is '.*', which can't be read"), ("yes", "the lock"), ("no", "is 'no'; it is 'yes'")],
)
def test_a_review_that_is_named_has_to_be_there_unless_none_is_asked_for(
    unreviewed: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def locked(*_: object) -> None:
        raise UserError("somebody has the lock")

    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://states")
    monkeypatch.setattr(deploy, "refuse_if_locked", locked)
    with pytest.raises(UserError, match=said):
        deploy.deploy("dev", str(tmp_path / "report.json"), unreviewed)


def test_exports_before_the_first_up_say_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run `make up` first"):
        LocalStack(ClusterPaths(tmp_path / "cache", tmp_path / "state")).exports()


def test_the_stack_local_is_compared_with_its_own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Mapping[str, str], tuple[str, ...]]] = []

    def attempt(pulumi: Pulumi, *words: str, **_: object) -> subprocess.CompletedProcess[str]:
        asked.append((pulumi.environment, words))
        # Of a state that can't be read.
        code = 0 if words[0] == "preview" else 1
        return subprocess.CompletedProcess(words, code, "", "")

    def ensure(*_: object) -> Engine:
        return Engine(tmp_path / "pulumi", (), is_built=False)

    monkeypatch.setattr(Pulumi, "attempt", attempt)
    monkeypatch.setattr(preview, "BUILD", tmp_path / "build")
    monkeypatch.setattr(pulumi_installation, "ensure", ensure)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    local = LocalStack.from_environment()
    write_whole(local.paths.kubeconfig, "")
    write_whole(local.redis_password_file, "a-password")
    # The engine ends well and leaves no event log: nobody knows what would change.
    assert preview.preview(["local"], "") == preview.GATE_IS_CLOSED
    assert {each["PULUMI_BACKEND_URL"] for each, _ in asked} == {f"file://{tmp_path}/webtier/pulumi/backend"}
    assert ("preview", "--stack", "local") in [words[:3] for _, words in asked]


def test_a_users_mistake_shows_no_stack_trace() -> None:
    words = [sys.executable, "-m", "operations.preview", "nowhere"]
    done = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: STACK is 'nowhere'")


@pytest.mark.parametrize("command", ["preview", "routes", "config", "diagram", "deploy"])
@pytest.mark.parametrize("origin", ["command line", "environment"])
def test_an_argument_is_no_code(command: str, origin: str, tmp_path: Path) -> None:
    touch = f"touch {tmp_path}/code-has-run"
    stack = f"-a'b\"c;{touch};$({touch})`{touch}`$(shell {touch})$$d\ne"
    given = {"STACK": stack} if origin == "environment" else {}
    words = ["make", command, *([] if given else [f"STACK={stack}"])]
    environment = {**os.environ, **given}
    done = subprocess.run(words, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert f"error: STACK is '{stack}', which has no settings file" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_make_alone_lists_the_commands() -> None:
    done = subprocess.run(["make"], cwd=PROJECT, capture_output=True, text=True, check=True)
    for command in ("up", "test", "down", "unit", "preview", "status", "lint", "env"):
        assert f"make {command} " in done.stdout
