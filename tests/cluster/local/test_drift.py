"""The stack `local` as `make up` leaves it has not drifted: nothing in it is changed by anything but its updates."""

import json
import sys

from operations.local import PROJECT, STACK
from tests.cluster.harness.tier import Tier


def test_nothing_of_the_stack_has_drifted(tier: Tier) -> None:
    done = tier.run(sys.executable, "-m", "operations.drift", STACK)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{STACK}: no drift (" in done.stdout
    [found] = json.loads((PROJECT / "build" / "drift" / "report.json").read_text())["stacks"]
    kubernetes = [each for each in _resources(tier) if each["type"].startswith("kubernetes:")]
    assert found["looked_at"] == len(kubernetes)


def _resources(tier: Tier) -> list[dict[str, str]]:
    exported = tier.pulumi("stack", "export")
    assert exported.returncode == 0, exported.stderr
    return json.loads(exported.stdout)["deployment"]["resources"]
