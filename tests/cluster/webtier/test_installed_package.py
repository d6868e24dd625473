"""What `pip install "git+…#subdirectory=components"` gives: components for a program that has nothing else of ours."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pulumi import automation

from devcluster.plan import CONTEXT, NODES
from operations.local import PROJECT
from tests.cluster.harness.client_pod import get_inside, run_client
from tests.cluster.harness.stacks.program_stack import ProgramStack, stack_of_folder
from tests.cluster.harness.tier import Tier

NAMESPACE = "installed-test"
PASSWORD = "not-for-long"
README = PROJECT / "components" / "README.md"
REDIS = {
    "image": "webtier.local/redis:debian-12",
    "shards": 1,
    "replicas_per_shard": 0,
    "agent": {"image": "webtier.local/python:debian-12"},
    "metrics": {"enabled": False},
    "access": {"node_port": None},
    "storage": {
        "kind": "local",
        "root": "/var/lib/webtier-volumes",
        "nodes": [node.name for node in NODES],
        "size": "1Gi",
    },
    "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment with nothing in it but the package, as git has it, and what the package asks for."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    # Versions that are tested here, and that pip has in its cache.
    words = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--constraint",
        PROJECT / "constraints.txt",
    ]
    subprocess.run([python, *words, f"git+file://{PROJECT}#subdirectory=components"], check=True, timeout=500)
    return python


def test_it_comes_with_its_types_and_without_the_rest_of_the_project(python: Path, tmp_path: Path) -> None:
    ask = "import json, sys, webtier; print(json.dumps([webtier.__file__, sys.path]))"
    found = subprocess.run([python, "-c", ask], cwd=tmp_path, env={}, capture_output=True, text=True, check=True)
    file, path = json.loads(found.stdout)
    assert (Path(file).parent / "py.typed").exists()
    assert Path(file).is_relative_to(python.parent.parent)
    assert not [folder for folder in path if Path(folder).is_relative_to(PROJECT)]


def test_a_program_of_twenty_lines_deploys_a_redis_cluster_and_a_web_service(
    tier: Tier, python: Path, tmp_path: Path
) -> None:
    (written,) = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    assert len(written.splitlines()) <= 25
    program = tmp_path / "program"
    program.mkdir()
    (program / "__main__.py").write_text(written)
    (program / "Pulumi.yaml").write_text("name: installed\nruntime: python\n")
    stack = stack_of_folder(tier, "test", tmp_path, program, python=python.parent)
    stack.set_all_config(
        {
            "context": automation.ConfigValue(CONTEXT),
            "kubeconfig": automation.ConfigValue(str(tier.paths.kubeconfig)),
            "namespace": automation.ConfigValue(NAMESPACE),
            "image": automation.ConfigValue("webtier.local/nginx:debian-12"),
            "redis": automation.ConfigValue(json.dumps(REDIS)),
            "password": automation.ConfigValue(PASSWORD, secret=True),
        }
    )
    with ProgramStack(tier, stack, NAMESPACE).deployed() as made:
        assert made.outputs["redis"] == f"cart.{NAMESPACE}.svc.cluster.local:6379"
        run_client(tier, NAMESPACE)
        assert "<title>webtier</title>" in get_inside(tier, NAMESPACE, made.outputs["shop"])
        ask = f"REDISCLI_AUTH={PASSWORD} redis-cli --user app set a b"
        said = tier.kubectl("exec", "-n", NAMESPACE, "cart-shard-0-0", "-c", "redis", "--", "sh", "-c", ask)
        assert said.strip() == "OK"
