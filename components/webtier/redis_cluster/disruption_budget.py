"""How many Redis pods may be evicted at a time."""

from webtier.redis_cluster.parts import ClusterParts
from webtier.shared import pods


def make_disruption_budget(parts: ClusterParts) -> None:
    """One for the whole cluster: one for each shard would let two masters go at once."""
    pods.make_disruption_budget(parts.name, parts, parts.selector, max_unavailable=1, evict_unready=False)
