"""Where the data is: claims for every kind of storage, volumes made beforehand for the static ones."""

import pulumi
from pulumi_kubernetes.core.v1 import PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from webtier.redis_cluster.parts import ClusterParts
from webtier.redis_common import volumes
from webtier.redis_common.storage import DynamicStorage, LocalStorage
from webtier.redis_common.volumes import CLAIM, StaticStorage
from webtier.shared.waiting import SKIP_AWAIT


def claim_template(parts: ClusterParts) -> PersistentVolumeClaimArgs:
    """Part of a StatefulSet that can never change: no labels, nothing that a later version might add to."""
    return PersistentVolumeClaimArgs(
        metadata=ObjectMetaArgs(name=CLAIM),
        spec=volumes.claim_spec(parts.settings.storage, parts.namespace, parts.name),
    )


def make_claims(parts: ClusterParts, shard: int) -> list[pulumi.Resource]:
    """A shard's claims, and the volumes behind them where no provisioner makes those.

    A StatefulSet takes the claims that have its pods' names, and makes only what is missing. Its own would stay
    when a shard or a replica is removed, and could not grow.
    """
    return [_claim(parts, shard, member) for member in range(parts.settings.members_per_shard)]


def _claim(parts: ClusterParts, shard: int, member: int) -> PersistentVolumeClaim:
    storage = parts.settings.storage
    pod = f"{parts.shard_name(shard)}-{member}"
    volume = [] if isinstance(storage, DynamicStorage) else [_volume(parts, storage, shard, member)]
    name = f"{CLAIM}-{pod}"
    return PersistentVolumeClaim(
        f"{pod}-data",
        # Bound only when its pod is there; and the provider gives up after five minutes on any change of one that is
        # bound already.
        metadata=parts.shard(shard).metadata(name, SKIP_AWAIT),
        spec=volumes.claim_spec(storage, parts.namespace, parts.name),
        opts=parts.options(*volume, protect=parts.protect),
    )


def make_storage_class(parts: ClusterParts) -> None:
    """The class of volumes that are made beforehand; none where the cluster has its own."""
    storage = parts.settings.storage
    if not isinstance(storage, DynamicStorage):
        volumes.make_storage_class(parts.name, parts.labelled(parts.user_labels), storage)


def _volume(parts: ClusterParts, storage: StaticStorage, shard: int, member: int) -> PersistentVolume:
    pod = f"{parts.shard_name(shard)}-{member}"
    return volumes.make_volume(
        pod,
        parts.shard(shard),
        storage,
        name=parts.name,
        claim=f"{CLAIM}-{pod}",
        folder=f"{CLAIM}-{pod}",
        node=storage.node_of(shard, member) if isinstance(storage, LocalStorage) else None,
        protect=parts.protect,
    )
