"""What all of a Redis Cluster's objects share: names, labels, addresses, options."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import pulumi

from webtier.redis_cluster.settings import RedisClusterSettings
from webtier.shared.children import Children
from webtier.shared.labels import recommended_labels, selector_labels

APPLICATION = "redis"
AGENT_APPLICATION = "redis-agent"
"""The Job's pods: under the other name, Services and the disruption budget would count them as Redis."""


@dataclass(frozen=True, kw_only=True)
class ClusterParts(Children):
    """One cluster as its objects see it. `name` is the component's own, `user_labels` are those of its users."""

    name: str
    settings: RedisClusterSettings
    user_labels: Mapping[str, str]
    protect: bool

    def part(self, application: str, component: str) -> Self:
        """The objects of one part, such as `metrics`."""
        return self.labelled({**self.user_labels, **recommended_labels(application, self.name, component)})

    def shard(self, shard: int) -> Self:
        return self.part(APPLICATION, f"shard-{shard}")

    @property
    def nodes_service(self) -> str:
        """The headless Service, under which every pod has a DNS name."""
        return f"{self.name}-nodes"

    @property
    def domain(self) -> pulumi.Output[str]:
        return pulumi.Output.concat(self.nodes_service, ".", self.namespace, ".svc.", self.settings.cluster_domain)

    @property
    def selector(self) -> dict[str, str]:
        """Picks all Redis pods of this cluster."""
        return selector_labels(APPLICATION, self.name)

    @property
    def agent_selector(self) -> dict[str, str]:
        """Picks the Job's pods."""
        return selector_labels(AGENT_APPLICATION, self.name)

    def shard_name(self, shard: int) -> str:
        return f"{self.name}-shard-{shard}"

    def shard_selector(self, shard: int) -> dict[str, str]:
        return selector_labels(APPLICATION, self.name, f"shard-{shard}")
