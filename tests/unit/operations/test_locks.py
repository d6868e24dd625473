"""Who holds a stack's lock: a deployment that runs, one that was cut off, or one on another machine."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line.errors import UserError
from command_line.pulumi_runner import Pulumi
from devcluster.paths import ClusterPaths
from operations import deploy
from operations.local import STACK, LocalStack
from operations.locks import read_locks, refuse_if_locked
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import wait_until

OURS = socket.gethostname()


@pytest.fixture
def living(tmp_path: Path) -> Iterator[int]:
    """The number of a process that is called as the CLI is."""
    pulumi = tmp_path / "pulumi"
    shutil.copy("/bin/sleep", pulumi)
    with subprocess.Popen([pulumi, "600"]) as process:
        # A moment after its start its command line is still empty.
        wait_until(lambda: bool(Path(f"/proc/{process.pid}/cmdline").read_text()), "it has begun")
        yield process.pid
        process.kill()


@pytest.fixture
def dead() -> int:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return process.pid


def lock(root: Path, process: int, host: str = OURS, stack: str = STACK) -> Path:
    file = root / ".pulumi" / "locks" / "organization" / "webtier" / stack / "a-lock.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    written = {"pid": process, "username": "ann", "hostname": host, "timestamp": "2026-11-26T04:00:00Z"}
    file.write_text(json.dumps(written))
    return file


def test_a_second_deployment_is_told_who_is_at_work(
    tmp_path: Path, living: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(tmp_path, living, stack="dev")
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    with pytest.raises(UserError) as refused:
        deploy.deploy("dev")
    said = str(refused.value)
    assert f"ann@{OURS}, process {living}, since 2026-11-26T04:00:00Z, which runs" in said
    assert "Wait until it has ended" in said
    refuse_if_locked(f"file://{tmp_path}", "prod")


def test_one_that_was_cut_off_is_said_to_be_with_what_to_run(tmp_path: Path, dead: int) -> None:
    lock(tmp_path, dead, stack="dev")
    with pytest.raises(UserError, match=r"was cut off:\n.*has ended without.*\n`pulumi cancel --stack dev`"):
        refuse_if_locked(f"file://{tmp_path}", "dev")


def test_another_machines_is_never_taken_for_dead(tmp_path: Path, dead: int) -> None:
    lock(tmp_path, dead, host="elsewhere", stack="dev")
    with pytest.raises(UserError, match=r"is at work:\n.*can only be seen there\nWait"):
        refuse_if_locked(f"file://{tmp_path}", "dev")


def test_another_program_with_the_number_is_no_deployment(tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "600"]) as process:
        lock(tmp_path, process.pid)
        (found,) = read_locks(f"file://{tmp_path}", STACK)
        assert not found.is_held
        process.kill()


def test_a_lock_that_can_not_be_read_counts(tmp_path: Path) -> None:
    lock(tmp_path, 1).write_text("{")
    with pytest.raises(UserError, match="somebody@"):
        refuse_if_locked(f"file://{tmp_path}", STACK)


def test_make_up_steals_no_lock_of_a_deployment_that_runs(
    tmp_path: Path, living: int, dead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = ClusterPaths(tmp_path / "cache", tmp_path / "state")
    asked: list[tuple[str, ...]] = []

    def run(_: Pulumi, *words: str) -> None:
        asked.append(words)

    monkeypatch.setattr(Pulumi, "run", run)
    LocalStack(paths).mend()
    lock(paths.pulumi_backend, living)
    with pytest.raises(UserError, match=f"process {living}"):
        LocalStack(paths).mend()
    assert asked == []

    lock(paths.pulumi_backend, dead)
    LocalStack(paths).mend()
    assert [words[0] for words in asked] == ["cancel", "refresh"]


def test_a_state_that_is_not_in_files_is_left_to_pulumi() -> None:
    assert read_locks("s3://bucket", STACK) == []
    assert os.environ.get("PULUMI_ACCESS_TOKEN") is None or read_locks("", STACK) == []
