"""The agent's commands as processes of their own, which are asked to end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import webtier
from webtier.redis_cluster.credentials.acl import AGENT_USER

AT_ONCE = 15.0
"""Seconds; a pod has 30."""


def test_the_job_ends_at_once_and_says_so(tmp_path: Path) -> None:
    """As the first process of a container it would go on, by what SIGTERM does else."""
    (tmp_path / AGENT_USER).write_text("password")
    shape = ("--shards", "3", "--replicas-per-shard", "1", "--name", "redis", "--domain", "no-such-domain.invalid")
    command = [sys.executable, "-m", "webtier.redis_cluster.agent", "converge", *shape, "--auth", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(webtier.__file__).parents[1])}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "waiting: " in process.stdout.readline()
        started = time.monotonic()
        process.terminate()
        said = process.stdout.read()
    assert process.returncode == 128 + signal.SIGTERM
    assert said.endswith("stopped: asked to end; whatever runs this again goes on from here\n")
    assert time.monotonic() - started < AT_ONCE
