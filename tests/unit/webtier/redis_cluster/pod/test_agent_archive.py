"""What reaches the pods: the zips alone have to run, on nothing but Python."""

import base64
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster
from webtier.redis_cluster.pod.agent_archive import AGENT_ZIP, REDIS_PY_ZIP, agent_archive


@pytest.fixture
def python_path(tmp_path: Path) -> str:
    """The zips as a pod has them, in the order of its PYTHONPATH."""
    for name, content in agent_archive().binary_data.items():
        (tmp_path / name).write_bytes(base64.b64decode(content))
    return f"{tmp_path / AGENT_ZIP}:{tmp_path / REDIS_PY_ZIP}"


def run_python(python_path: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Without site-packages: what is installed here is not in the pods."""
    return subprocess.run(
        [sys.executable, "-S", *words],
        env={"PYTHONPATH": python_path},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_same_code_makes_the_same_archive() -> None:
    first = agent_archive()
    agent_archive.cache_clear()
    again = agent_archive()
    assert again is not first
    assert again == first


def test_only_sources_are_in_it_and_it_fits_a_config_map() -> None:
    names: list[str] = []
    size = 0
    for content in agent_archive().binary_data.values():
        raw = base64.b64decode(content)
        size += len(raw)
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names += archive.namelist()
    assert {"agent/__main__.py", "redis/__init__.py"} <= set(names)
    assert all(name.endswith(".py") for name in names)
    assert size < 1024 * 1024


def test_it_says_in_a_sentence_why_it_failed(python_path: str, tmp_path: Path) -> None:
    (tmp_path / "agent").write_text("hush-hush")
    done = run_python(
        python_path,
        *("-m", "agent"),
        *("converge", "--name=redis", "--domain=nodes.invalid", "--shards=1", "--replicas-per-shard=1"),
        *("--deadline=0", f"--auth={tmp_path}"),
    )
    assert done.returncode == 1
    assert "the cluster is not complete after 0 s: redis-shard-0-0 has no address yet" in done.stdout
    assert done.stderr == ""
    assert "hush" not in done.stdout


def test_it_runs_on_the_first_pythons_3_11(python_path: str) -> None:
    """Where redis-py asks for a package that is in no pod."""
    code = "import sys; sys.version_info = (3, 11, 2, 'final', 0); import redis.asyncio"
    done = run_python(python_path, "-c", code)
    assert (done.returncode, done.stderr) == (0, "")


def test_it_runs_until_it_is_told_to_stop(python_path: str, two_nodes: LocalCluster, tmp_path: Path) -> None:
    (tmp_path / "agent").write_text("wrong")
    (tmp_path / "users.acl").write_text("user default off")
    process = subprocess.Popen(
        [
            *(sys.executable, "-S", "-u", "-m", "agent", f"--port={two_nodes.port}"),
            *("run", "--domain=nodes.invalid", "--pod=redis-shard-0-0", "--own-ip=127.0.0.1", f"--auth={tmp_path}"),
            *(f"--run={tmp_path}", f"--data={tmp_path}"),
            *("--local-ip", two_nodes.addresses[two_nodes.topology.member(0, 0).host]),
        ],
        env={"PYTHONPATH": python_path},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        # A wrong password is no reason to end: a rotation passes through it.
        assert "this pod's Redis does not accept the password" in process.stdout.readline()
        process.terminate()
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
