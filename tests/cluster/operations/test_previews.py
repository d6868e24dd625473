"""`make preview` of the stacks whose clusters this machine can't reach."""

import os
import re
import subprocess

import pytest

from operations.local import PROJECT
from tests.cluster.harness.sample import sampled
from tests.cluster.harness.tier import Tier


@pytest.mark.usefixtures("tier")
@sampled("stack", ("dev", "staging", "prod"), ("prod",))
def test_a_preview_needs_neither_cluster_nor_state(stack: str) -> None:
    kept = {file: file.read_text() for file in PROJECT.glob("Pulumi*.yaml")}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "KUBE"))}
    words = ["make", "preview", f"STACK={stack}"]
    done = subprocess.run(words, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{stack}: safe" in done.stdout
    assert "compared with an empty state" in done.stdout
    assert re.search(r"redis \(RedisCluster\): \d+ objects to create", done.stdout)
    assert len(done.stdout.splitlines()) <= 25
    written = [(PROJECT / "build" / "preview" / f"report.{form}").read_text() for form in ("md", "json", "html")]
    assert all("redis-shard-0" in each for each in written[1:])
    assert not [each for each in (done.stdout, *written) if "placeholder-for-a-secret" in each]
    assert {file: file.read_text() for file in PROJECT.glob("Pulumi*.yaml")} == kept


def test_an_unknown_stack_lists_the_known_ones(tier: Tier) -> None:
    done = tier.run("make", "preview", "STACK=prd")
    assert done.returncode != 0
    assert "STACK is 'prd'" in done.stderr
    assert "dev, local, prod, staging" in done.stderr
