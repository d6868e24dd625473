"""The check of a broken append-only file, which may take far longer than Redis may be silent."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster, wait_until
from tests.unit.webtier.redis_cluster.agent.harness.scripted_pod import Pod
from webtier.redis_cluster.pod.probes import alive_script

AT_ONCE = 15.0
"""Seconds; the grace period has 60."""


@pytest.fixture
def pod(two_nodes: LocalCluster, tmp_path: Path) -> Iterator[Pod]:
    """Its check begins at once, and goes on when there is a file `go`."""
    tool = shutil.which("redis-check-aof")
    if tool is None or shutil.which("redis-cli") is None:
        pytest.skip("redis-check-aof or redis-cli is not on PATH")
    pod = Pod(two_nodes)
    folder = tmp_path / "path"
    folder.mkdir()
    slow = folder / "redis-check-aof"
    slow.write_text(f'#!/bin/sh\nwhile [ ! -e "{tmp_path}/go" ]; do sleep 0.05; done\nexec {tool} "$@"\n')
    slow.chmod(0o755)
    pod.path = str(folder)
    yield pod
    (tmp_path / "go").touch()
    pod.stop.set()


def is_alive(pod: Pod) -> bool:
    return pod.run(alive_script(pod.cluster.settings)) == 0


def begin_check(pod: Pod) -> subprocess.Popen[bytes]:
    """A Redis that failed on its data has been started again."""
    increment = max((pod.folder / "appendonlydir").glob("*.incr.aof"))
    increment.write_bytes(b"*3\r\n$3\r\nSET\r\ngarbage\r\n" * 9)
    pod.start_agent()
    failed = pod.start_redis()
    wait_until(lambda: failed.poll() is not None, "Redis refuses its data")
    process = pod.start_redis()
    wait_until((pod.folder / "checking").exists, "the check runs")
    return process


def test_a_check_takes_as_long_as_it_takes(pod: Pod, tmp_path: Path) -> None:
    begin_check(pod)
    # As often as the liveness probe has to fail.
    assert all(is_alive(pod) for _ in range(6))

    (tmp_path / "go").touch()
    wait_until(lambda: pod.console.said("is broken: AOF"), "the agent decides by the report")
    assert pod.console.said("no master of its shard answers")
    assert is_alive(pod), "waiting for the agent's word"


def test_a_check_that_is_gone_is_no_excuse(pod: Pod) -> None:
    process = begin_check(pod)
    process.kill()
    process.wait()
    checker = int((pod.folder / "checking").read_text())
    subprocess.run(["kill", "-9", str(checker)], check=True)
    wait_until(lambda: not Path(f"/proc/{checker}/cmdline").exists(), "the check is gone")
    assert not is_alive(pod)


def test_a_check_that_was_killed_begins_anew(pod: Pod, tmp_path: Path) -> None:
    """The kernel kills it where memory is short: that says nothing about the data."""
    begin_check(pod)
    checker = int((pod.folder / "checking").read_text())
    tools = subprocess.run(["pgrep", "-P", str(checker)], check=True, capture_output=True, text=True).stdout.split()
    subprocess.run(["kill", "-9", *tools], check=True)
    wait_until(lambda: pod.console.said("the check was ended by SIGKILL and has told nothing"), "it begins anew")
    wait_until((pod.folder / "checking").exists, "the check runs")
    assert not pod.console.said("is broken")

    (tmp_path / "go").touch()
    wait_until(lambda: pod.console.said("is broken: AOF"), "the agent decides by the report")


def test_a_container_that_checks_ends_when_it_is_asked_to(pod: Pod) -> None:
    process = begin_check(pod)
    checker = int((pod.folder / "checking").read_text())
    assert end(process) == 128 + signal.SIGTERM
    wait_until(lambda: not Path(f"/proc/{checker}/cmdline").exists(), "the check ends with it")


def test_a_container_that_waits_ends_when_it_is_asked_to(pod: Pod) -> None:
    """As the first process of a container it would not, by what SIGTERM does else."""
    process = pod.start_redis()
    wait_until((pod.folder / "asks").exists, "the start script asks")
    assert end(process) == 128 + signal.SIGTERM
    assert "asked to end before Redis was started" in pod.log()


def end(process: subprocess.Popen[bytes]) -> int:
    started = time.monotonic()
    process.terminate()
    status = process.wait(60)
    assert time.monotonic() - started < AT_ONCE
    return status
