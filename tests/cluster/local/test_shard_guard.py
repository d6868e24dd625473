"""A shard that holds data can't be deleted, whoever asks."""

from tests.cluster.harness.tier import Tier

SHARD = "redis-shard-2"
REASON = f"StatefulSet {SHARD} holds a part of the data: 3 shards are in use"


def test_kubectl_is_refused_but_for_an_orphaning_deletion(tier: Tier) -> None:
    words = ("kubectl", "delete", "statefulset", SHARD, "-n", tier.namespace, "--dry-run=server")
    done = tier.run(*words)
    assert done.returncode != 0
    assert REASON in done.stderr
    assert tier.run(*words, "--cascade=orphan").returncode == 0
