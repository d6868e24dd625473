"""Where the data is: claims for every kind of storage, volumes made beforehand for the static ones."""

import pulumi
from pulumi_kubernetes.core.v1 import PersistentVolume, PersistentVolumeClaimArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from components.redis_cluster.parts import ClusterParts
from components.shared.redis import volumes
from components.shared.redis.storage import DynamicStorage, LocalStorage
from components.shared.redis.volumes import CLAIM, StaticStorage


def claim_template(parts: ClusterParts) -> PersistentVolumeClaimArgs:
    """Part of a StatefulSet that can never change: no labels, nothing that a later version might add to."""
    return PersistentVolumeClaimArgs(
        metadata=ObjectMetaArgs(name=CLAIM),
        spec=volumes.claim_spec(parts.settings.storage, parts.namespace, parts.name),
    )


def make_volumes(parts: ClusterParts, shard: int) -> list[pulumi.Resource]:
    """A shard's PersistentVolumes; none where the cluster's provisioner makes them."""
    storage = parts.settings.storage
    if isinstance(storage, DynamicStorage):
        return []
    return [_volume(parts, storage, shard, member) for member in range(parts.settings.members_per_shard)]


def make_storage_class(parts: ClusterParts) -> None:
    """The class of volumes that are made beforehand; none where the cluster has its own."""
    storage = parts.settings.storage
    if not isinstance(storage, DynamicStorage):
        volumes.make_storage_class(storage, parts.namespace, parts.name, parts.labels, parts.child())


def _volume(parts: ClusterParts, storage: StaticStorage, shard: int, member: int) -> PersistentVolume:
    pod = f"{parts.shard_name(shard)}-{member}"
    return volumes.make_volume(
        pod,
        storage,
        namespace=parts.namespace,
        name=parts.name,
        claim=f"{CLAIM}-{pod}",
        folder=f"{CLAIM}-{pod}",
        node=storage.node_of(shard, member) if isinstance(storage, LocalStorage) else None,
        labels=parts.shard_labels(shard),
        opts=parts.child(protect=parts.protect),
    )
