"""A shard that holds data can't be deleted, whoever asks."""

import json
from pathlib import Path

import yaml

from operations.local import PROJECT, STACK
from tests.cluster.checks import check_redis_topology
from tests.cluster.tier import Tier

SHARD = "redis-shard-2"
REASON = f"StatefulSet {SHARD} holds a part of the data: 3 shards are in use"


def smaller(folder: Path) -> Path:
    """The stack's settings with a shard less."""
    settings = yaml.safe_load((PROJECT / f"Pulumi.{STACK}.yaml").read_text())
    settings["config"]["webtier:redis"]["shards"] = 2
    file = folder / f"Pulumi.{STACK}.yaml"
    file.write_text(yaml.safe_dump(settings))
    return file


def test_kubectl_is_refused_but_for_an_orphaning_deletion(tier: Tier) -> None:
    words = ("kubectl", "delete", "statefulset", SHARD, "-n", tier.namespace, "--dry-run=server")
    done = tier.run(*words)
    assert done.returncode != 0
    assert REASON in done.stderr
    assert tier.run(*words, "--cascade=orphan").returncode == 0


def test_a_targeted_deployment_that_leaves_out_the_drain_deletes_nothing(tier: Tier, tmp_path: Path) -> None:
    state = json.loads(tier.pulumi("stack", "export").stdout)
    (urn,) = (
        each["urn"]
        for each in state["deployment"]["resources"]
        if each["type"] == "kubernetes:apps/v1:StatefulSet" and each["urn"].endswith(f"::{SHARD}")
    )
    words = ("up", "--yes", "--skip-preview", "--config-file", str(smaller(tmp_path)), "--target", urn)
    tier.pulumi(*words, "--target-dependents", "--continue-on-error")
    assert SHARD in {item["metadata"]["name"] for item in tier.items("statefulsets", "-n", tier.namespace)}
    check_redis_topology(tier)
    mended = tier.pulumi("up", "--yes", "--skip-preview")
    assert mended.returncode == 0, mended.stdout + mended.stderr
