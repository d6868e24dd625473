"""Where the data is: claims for every kind of storage, volumes made beforehand for the static ones."""

from typing import cast

import pulumi
from pulumi_kubernetes.core.v1 import (
    LocalVolumeSourceArgs,
    NFSVolumeSourceArgs,
    NodeSelectorArgs,
    NodeSelectorRequirementArgs,
    NodeSelectorTermArgs,
    ObjectReferenceArgs,
    PersistentVolume,
    PersistentVolumeClaimArgs,
    PersistentVolumeClaimSpecArgs,
    PersistentVolumeSpecArgs,
    VolumeNodeAffinityArgs,
    VolumeResourceRequirementsArgs,
)
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.storage.v1 import StorageClass

from components.redis_cluster.parts import ClusterParts
from components.redis_cluster.settings import DynamicStorage, LocalStorage, NfsStorage

CLAIM = "data"
ACCESS_MODE = "ReadWriteOnce"


def claim_template(parts: ClusterParts) -> PersistentVolumeClaimArgs:
    """Part of a StatefulSet that can never change: no labels, nothing that a later version might add to."""
    return PersistentVolumeClaimArgs(
        metadata=ObjectMetaArgs(name=CLAIM),
        spec=PersistentVolumeClaimSpecArgs(
            access_modes=[ACCESS_MODE],
            storage_class_name=_storage_class_name(parts),
            resources=VolumeResourceRequirementsArgs(requests={"storage": parts.settings.storage.size}),
        ),
    )


def make_volumes(parts: ClusterParts, shard: int) -> list[pulumi.Resource]:
    """A shard's PersistentVolumes; none where the cluster's provisioner makes them."""
    storage = parts.settings.storage
    if isinstance(storage, DynamicStorage):
        return []
    return [_volume(parts, storage, shard, member) for member in range(parts.settings.members_per_shard)]


def make_storage_class(parts: ClusterParts) -> None:
    """The class of volumes that are made beforehand; none where the cluster has its own."""
    if isinstance(parts.settings.storage, DynamicStorage):
        return
    StorageClass(
        f"{parts.name}-volumes",
        metadata=ObjectMetaArgs(name=_storage_class_name(parts), labels=parts.labels),
        provisioner="kubernetes.io/no-provisioner",
        volume_binding_mode="WaitForFirstConsumer",
        reclaim_policy="Retain",
        opts=parts.child(),
    )


def _storage_class_name(parts: ClusterParts) -> pulumi.Output[str] | str | None:
    storage = parts.settings.storage
    if storage.storage_class is not None or isinstance(storage, DynamicStorage):
        return storage.storage_class
    return pulumi.Output.concat(_only_the_text(parts.namespace), "-", parts.name)


def _volume(parts: ClusterParts, storage: LocalStorage | NfsStorage, shard: int, member: int) -> PersistentVolume:
    claim = f"{CLAIM}-{parts.shard_name(shard)}-{member}"
    namespace = _only_the_text(parts.namespace)
    return PersistentVolume(
        f"{parts.shard_name(shard)}-{member}",
        metadata=ObjectMetaArgs(name=pulumi.Output.concat(namespace, "-", claim), labels=parts.shard_labels(shard)),
        spec=PersistentVolumeSpecArgs(
            access_modes=[ACCESS_MODE],
            capacity={"storage": storage.size},
            storage_class_name=_storage_class_name(parts),
            persistent_volume_reclaim_policy="Retain",
            # Bound beforehand, or after a destroy and an up a shard could get another's data. Without
            # a uid, so that the claim of that name is welcome again when it has been made anew.
            claim_ref=ObjectReferenceArgs(
                api_version="v1", kind="PersistentVolumeClaim", namespace=namespace, name=claim
            ),
            local=_local_source(storage, namespace, claim) if isinstance(storage, LocalStorage) else None,
            nfs=_nfs_source(storage, namespace, claim) if isinstance(storage, NfsStorage) else None,
            node_affinity=_on_node(storage.node_of(shard, member)) if isinstance(storage, LocalStorage) else None,
        ),
        opts=parts.child(protect=parts.protect),
    )


def _local_source(storage: LocalStorage, namespace: pulumi.Output[str], claim: str) -> LocalVolumeSourceArgs:
    return LocalVolumeSourceArgs(path=pulumi.Output.concat(storage.root, "/", namespace, "/", claim))


def _nfs_source(storage: NfsStorage, namespace: pulumi.Output[str], claim: str) -> NFSVolumeSourceArgs:
    return NFSVolumeSourceArgs(
        server=storage.server, path=pulumi.Output.concat(storage.path, "/", namespace, "/", claim)
    )


def _on_node(node: str) -> VolumeNodeAffinityArgs:
    is_node = NodeSelectorRequirementArgs(key="kubernetes.io/hostname", operator="In", values=[node])
    return VolumeNodeAffinityArgs(
        required=NodeSelectorArgs(node_selector_terms=[NodeSelectorTermArgs(match_expressions=[is_node])])
    )


def _only_the_text(namespace: pulumi.Output[str]) -> pulumi.Output[str]:
    """The namespace's name without its dependency on the namespace.

    A volume can't be deleted before its claim, and the claims go with the namespace: if the volume
    depended on it, a destroy would delete the volume first, and wait for ever.
    """
    return cast(
        "pulumi.Output[str]",
        pulumi.Output(set[pulumi.Resource](), namespace.future(), namespace.is_known(), namespace.is_secret()),
    )
