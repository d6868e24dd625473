"""What all of a Redis Cluster's objects share: names, labels, addresses, options."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from webtier.redis_cluster.settings import RedisClusterSettings
from webtier.redis_common.conf import UID as UID
from webtier.shared.labels import recommended_labels, selector_labels

APPLICATION = "redis"
AGENT_APPLICATION = "redis-agent"
"""The Job's pods: under the other name, Services and the disruption budget would count them as Redis."""


@dataclass(frozen=True)
class ClusterParts:
    """One cluster as its objects see it. `name` is the component's own."""

    name: str
    settings: RedisClusterSettings
    namespace: pulumi.Output[str]
    labels: Mapping[str, str]
    parent: pulumi.Resource
    protect: bool

    @property
    def nodes_service(self) -> str:
        """The headless Service, under which every pod has a DNS name."""
        return f"{self.name}-nodes"

    @property
    def domain(self) -> pulumi.Output[str]:
        """The headless Service's DNS name."""
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
        """The name of a shard's StatefulSet."""
        return f"{self.name}-shard-{shard}"

    def shard_selector(self, shard: int) -> dict[str, str]:
        """Picks the Redis pods of one shard."""
        return selector_labels(APPLICATION, self.name, f"shard-{shard}")

    def shard_labels(self, shard: int) -> dict[str, str]:
        """For a shard's objects and pods."""
        return {**self.labels, **recommended_labels(APPLICATION, self.name, f"shard-{shard}")}

    @property
    def own_labels(self) -> dict[str, str]:
        """For the objects of the cluster as a whole."""
        return {**self.labels, **recommended_labels(APPLICATION, self.name)}

    def agent_labels(self) -> dict[str, str]:
        """For the Job and its pods."""
        return {**self.labels, **recommended_labels(AGENT_APPLICATION, self.name, "converge")}

    def metadata(
        self, name: str | None, labels: Mapping[str, str] | None = None, annotations: Mapping[str, str] | None = None
    ) -> ObjectMetaArgs:
        """For an object in the cluster's namespace, with a fixed name, or None for one that Pulumi makes up."""
        return ObjectMetaArgs(
            name=name,
            namespace=self.namespace,
            labels=labels or self.own_labels,
            annotations=annotations,
        )

    def child(
        self, *depends_on: pulumi.Resource, timeout: str = "10m", protect: bool | None = None
    ) -> pulumi.ResourceOptions:
        """Options of a child of the component."""
        return pulumi.ResourceOptions(
            parent=self.parent,
            depends_on=list(depends_on),
            protect=protect,
            custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout, delete="10m"),
        )
