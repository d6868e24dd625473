"""Where the data is: claims for every kind of storage, volumes made beforehand for the static ones."""

import pulumi
from pulumi_kubernetes.core.v1 import PersistentVolumeClaimArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from webtier.redis_cluster.parts import ClusterParts
from webtier.redis_common import volumes
from webtier.redis_common.storage import DynamicStorage
from webtier.redis_common.volumes import CLAIM


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
    names = [f"{parts.shard_name(shard)}-{member}" for member in range(parts.settings.members_per_shard)]
    return [
        volumes.make_claim(
            f"{pod}-data",
            parts.shard(shard),
            parts.settings.storage,
            name=parts.name,
            claim=f"{CLAIM}-{pod}",
            volume_name=pod,
            folder=f"{CLAIM}-{pod}",
            # Neighbouring members of a shard, and of neighbouring shards, get different nodes.
            node=shard + member,
            protect=parts.protect,
        )
        for member, pod in enumerate(names)
    ]


def make_storage_class(parts: ClusterParts) -> None:
    """The class of volumes that are made beforehand; none where the cluster has its own."""
    storage = parts.settings.storage
    if not isinstance(storage, DynamicStorage):
        volumes.make_storage_class(parts.name, parts.labelled(parts.user_labels), storage)
