"""Claims for every kind of storage, and volumes made beforehand for the static ones."""

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
    PersistentVolumeClaimSpecArgs,
    PersistentVolumeSpecArgs,
    VolumeNodeAffinityArgs,
    VolumeResourceRequirementsArgs,
)
from pulumi_kubernetes.storage.v1 import StorageClass

from webtier.redis_common.storage import DynamicStorage, LocalStorage, NfsStorage
from webtier.shared.children import Children

CLAIM = "data"
ACCESS_MODE = "ReadWriteOnce"

StaticStorage = LocalStorage | NfsStorage


def claim_spec(
    storage: StaticStorage | DynamicStorage, namespace: pulumi.Output[str], name: str
) -> PersistentVolumeClaimSpecArgs:
    """The claim of one volume of the Redis called `name`."""
    is_dynamic = isinstance(storage, DynamicStorage)
    return PersistentVolumeClaimSpecArgs(
        access_modes=[ACCESS_MODE],
        storage_class_name=storage.storage_class if is_dynamic else _static_class_name(storage, namespace, name),
        resources=VolumeResourceRequirementsArgs(requests={"storage": storage.size}),
    )


def make_storage_class(name: str, children: Children, storage: StaticStorage) -> StorageClass:
    """The class of the volumes that are made beforehand for the Redis called `name`."""
    return StorageClass(
        f"{name}-volumes",
        metadata=children.cluster_wide(_static_class_name(storage, children.namespace, name)),
        provisioner="kubernetes.io/no-provisioner",
        volume_binding_mode="WaitForFirstConsumer",
        reclaim_policy="Retain",
        opts=children.options(),
    )


def make_volume(
    resource_name: str,
    children: Children,
    storage: StaticStorage,
    *,
    name: str,
    claim: str,
    folder: str,
    node: str | None,
    protect: bool,
) -> PersistentVolume:
    """The volume of one claim of the Redis called `name`: what is in `folder`, of `node` if it is a local one."""
    namespace = _only_the_text(children.namespace)
    path = pulumi.Output.concat(
        storage.root if isinstance(storage, LocalStorage) else storage.path, "/", namespace, "/", folder
    )
    return PersistentVolume(
        resource_name,
        metadata=children.cluster_wide(pulumi.Output.concat(namespace, "-", claim)),
        spec=PersistentVolumeSpecArgs(
            access_modes=[ACCESS_MODE],
            capacity={"storage": storage.size},
            storage_class_name=_static_class_name(storage, namespace, name),
            persistent_volume_reclaim_policy="Retain",
            # Bound beforehand, or after a destroy and an up a Redis could get another's data. Without
            # a uid, so that the claim of that name is welcome again when it has been made anew.
            claim_ref=ObjectReferenceArgs(
                api_version="v1", kind="PersistentVolumeClaim", namespace=namespace, name=claim
            ),
            local=LocalVolumeSourceArgs(path=path) if isinstance(storage, LocalStorage) else None,
            nfs=NFSVolumeSourceArgs(server=storage.server, path=path) if isinstance(storage, NfsStorage) else None,
            node_affinity=None if node is None else _on_node(node),
        ),
        opts=children.options(protect=protect),
    )


def _static_class_name(storage: StaticStorage, namespace: pulumi.Output[str], name: str) -> pulumi.Input[str]:
    return storage.storage_class or pulumi.Output.concat(_only_the_text(namespace), "-", name)


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
