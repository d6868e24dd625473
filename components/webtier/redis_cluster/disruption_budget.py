"""How many Redis pods may be evicted at a time."""

from webtier.redis_cluster.parts import ClusterParts
from webtier.shared import pods


def make_disruption_budget(parts: ClusterParts) -> None:
    """One for the whole cluster: one for each shard would let two masters go at once.

    A pod that is not ready may be evicted at any time: it serves nobody, its data is on its volume, and one that waits
    for a person's decision would keep its node from ever being drained. A master that serves is ready until it ends.
    """
    pods.make_disruption_budget(parts.name, parts, parts.selector, max_unavailable=1)
