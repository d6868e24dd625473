"""Where the data of any Redis can be, as settings."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from webtier.shared.model import AbsolutePath, DnsName, Settings
from webtier.shared.problems import wrong_setting
from webtier.shared.quantities import ByteQuantity


class _Volumes(Settings):
    size: ByteQuantity = Field(default="1Gi", description="Capacity of one volume.")


class _StaticVolumes(_Volumes):
    storage_class: DnsName | None = Field(
        default=None,
        description="Name of the StorageClass that is made for the volumes; null for `<namespace>-<name>`.",
    )


class LocalStorage(_StaticVolumes):
    """A folder on a node for each volume, bound to it for ever.

    The folder is `<root>/<namespace>/data-<cluster>-shard-<s>-<m>` for a member of a Redis Cluster
    and `<root>/<namespace>/data-<name>` for a single Redis. The embedded cluster makes these
    folders; on any other cluster make them before the first deployment.
    """

    kind: Literal["local"] = Field(description="Folders on named nodes.")
    root: AbsolutePath = Field(
        default="/var/lib/webtier-volumes",
        description="Where the folders are: `<root>/<namespace>/data-<pod>` on each node, `data-<name>` for a single "
        "Redis.",
    )
    nodes: list[DnsName] = Field(
        min_length=1,
        description="Names of nodes. In a Redis Cluster, member m of shard s gets a folder on number (s + m) modulo "
        "their count; a single Redis takes exactly one.",
    )

    @model_validator(mode="after")
    def _nodes_differ(self) -> "LocalStorage":
        for position, node in enumerate(self.nodes):
            if node in self.nodes[:position]:
                raise wrong_setting(("nodes", position), f"{node} is named twice; allowed: each node once", node)
        return self


class NfsStorage(_StaticVolumes):
    """A folder on an NFS server for each volume, bound to it for ever.

    The folders are called as those of `LocalStorage`; make them before the first deployment, owned
    by user and group 999.
    """

    kind: Literal["nfs"] = Field(description="Folders on an NFS server.")
    server: DnsName = Field(description="The server's name or IPv4 address, as the nodes reach it.")
    path: AbsolutePath = Field(
        description="The exported folder that holds `<namespace>/data-<pod>`, or `data-<name>` for a single Redis."
    )


class DynamicStorage(_Volumes):
    """Volumes that the cluster's own provisioner makes when they are claimed."""

    kind: Literal["dynamic"] = Field(description="Whatever the cluster's provisioner makes.")
    storage_class: DnsName | None = Field(
        default=None, description="An existing StorageClass; null for the cluster's default."
    )


StorageSettings = Annotated[LocalStorage | NfsStorage | DynamicStorage, Field(discriminator="kind")]
