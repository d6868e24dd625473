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
    PersistentVolumeClaim,
    PersistentVolumeClaimSpecArgs,
    PersistentVolumeSpecArgs,
    VolumeNodeAffinityArgs,
    VolumeResourceRequirementsArgs,
)
from pulumi_kubernetes.storage.v1 import StorageClass

from webtier.redis_common.storage import DynamicStorage, LocalStorage, NfsStorage
from webtier.shared.children import Children
from webtier.shared.waiting import SKIP_AWAIT

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
        # A folder has no size of its own, but without this the API server refuses a claim that asks for more.
        allow_volume_expansion=True,
        opts=children.options(),
    )


def make_claim(
    resource_name: str,
    children: Children,
    storage: StaticStorage | DynamicStorage,
    *,
    name: str,
    claim: str,
    volume_name: str,
    folder: str,
    node: int,
    protect: bool,
) -> PersistentVolumeClaim:
    """The claim called `claim` of the Redis called `name`, and the volume behind it where no provisioner makes one.

    The volume is what is in `folder`, for a local one of node number `node` modulo their count, and its resource is
    called `volume_name`. With `protect` Pulumi deletes nothing that the data would go with.
    """
    volume: list[PersistentVolume] = []
    if not isinstance(storage, DynamicStorage):
        namespace = _only_the_text(children.namespace)
        is_local = isinstance(storage, LocalStorage)
        path = pulumi.Output.concat(storage.root if is_local else storage.path, "/", namespace, "/", folder)
        spec = PersistentVolumeSpecArgs(
            access_modes=[ACCESS_MODE],
            capacity={"storage": storage.size},
            storage_class_name=_static_class_name(storage, namespace, name),
            persistent_volume_reclaim_policy="Retain",
            # Bound beforehand, or after a destroy and an up a Redis could get another's data. Without a uid, so that
            # the claim of that name is welcome again when it has been made anew.
            claim_ref=ObjectReferenceArgs(
                api_version="v1", kind="PersistentVolumeClaim", namespace=namespace, name=claim
            ),
            local=LocalVolumeSourceArgs(path=path) if is_local else None,
            nfs=None if is_local else NFSVolumeSourceArgs(server=storage.server, path=path),
            node_affinity=_on_node(storage.nodes[node % len(storage.nodes)]) if is_local else None,
        )
        metadata = children.cluster_wide(pulumi.Output.concat(namespace, "-", claim))
        volume = [PersistentVolume(volume_name, metadata=metadata, spec=spec, opts=children.options(protect=protect))]
    return PersistentVolumeClaim(
        resource_name,
        # Of a class that binds with the first pod the provider waits for `Pending`, at an update too, and gives up
        # after five minutes on a claim that is bound. The StatefulSet is waited for anyway.
        metadata=children.metadata(claim, SKIP_AWAIT),
        spec=claim_spec(storage, children.namespace, name),
        opts=children.options(*volume, protect=protect),
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
