"""How a Redis Cluster's pods are kept apart, and as whom they are known to the cloud: plain data."""

from pydantic import Field

from webtier.shared.model import QualifiedName, Settings
from webtier.shared.pods import HOST_TOPOLOGY, ZONE_TOPOLOGY


class TopologyKeys(Settings):
    """Labels of nodes: pods that shall be kept apart go to nodes with different values."""

    node: QualifiedName = Field(
        default=HOST_TOPOLOGY,
        description="By which members of a shard keep apart (`anti_affinity`), and all pods are spread: a node, or a "
        "larger thing that fails as one, such as a rack.",
    )
    zone: QualifiedName | None = Field(
        default=ZONE_TOPOLOGY, description="By which members of a shard are spread where there is room; null for none."
    )


class RedisAccountSettings(Settings):
    """The ServiceAccount of Redis' pods. It has no rights in the cluster, and its token is not mounted."""

    annotations: dict[QualifiedName, str] = Field(
        default_factory=dict, description="For the account, such as a cloud's for its roles."
    )
