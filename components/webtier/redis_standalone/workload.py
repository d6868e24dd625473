"""The StatefulSet: one pod with one container.

Not a Deployment, which starts another pod while a deleted or evicted one is still writing its data to the volume that
both have. `Recreate` keeps the two apart in an update alone, and of that Pulumi sees nothing: it says that all is done
while the old pod ends (https://github.com/kubernetes/kubernetes/issues/115538).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apps.v1 import StatefulSet, StatefulSetSpecArgs
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    ContainerPortArgs,
    EmptyDirVolumeSourceArgs,
    PersistentVolumeClaimVolumeSourceArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from webtier.redis_common.access import CLIENT_PORT
from webtier.redis_common.conf import AUTH_FOLDER, CONF_FOLDER, DATA_FOLDER, PORT, UID
from webtier.redis_common.probes import liveness_probe, readiness_probe, startup_probe
from webtier.redis_standalone.settings import RedisStandaloneSettings
from webtier.shared.checksum import CONFIG_CHECKSUM_ANNOTATION
from webtier.shared.children import Children
from webtier.shared.pods import config_volume, secret_volume
from webtier.shared.security import restricted_container, restricted_pod
from webtier.shared.waiting import counts, wait_for

GRACE_SECONDS = 60
"""For Redis to write its data."""

READY_SCRIPT = f"""\
#!/bin/sh
# Ready once the data is loaded and the password is the one that clients have.
IFS= read -r REDISCLI_AUTH < {AUTH_FOLDER}/password
export REDISCLI_AUTH
answer=$(redis-cli -h 127.0.0.1 -p {PORT} ping 2>&1)
[ "$answer" = PONG ] && exit 0
echo "$answer"
exit 1
"""

_FORMER_TYPE = "kubernetes:apps/v1:Deployment"


@dataclass(frozen=True)
class Workload:
    """What the StatefulSet is made from: names of the objects it mounts, `claim` None for no volume.

    The pod is replaced when `checksum` changes.
    """

    settings: RedisStandaloneSettings
    children: Children
    selector: Mapping[str, str]
    secret: pulumi.Input[str]
    conf: pulumi.Input[str]
    checksum: str
    claim: pulumi.Input[str] | None


def make_stateful_set(name: str, workload: Workload) -> StatefulSet:
    """One pod, or for a moment none: two would have two data sets, and one volume."""
    children = workload.children
    ready = counts(1, "currentReplicas", "updatedReplicas", "readyReplicas")
    return StatefulSet(
        name,
        metadata=children.metadata(name, wait_for(ready, labels=children.labels)),
        spec=StatefulSetSpecArgs(
            replicas=1,
            service_name=name,
            # One that never gets ready would otherwise stay, also when the next update mends it.
            pod_management_policy="Parallel",
            revision_history_limit=5,
            selector=LabelSelectorArgs(match_labels=workload.selector),
            template=pod_template(workload),
        ),
        # What it was before. The old pod has to be gone before the new one opens the volume.
        opts=children.options(aliases=[pulumi.Alias(type_=_FORMER_TYPE)], delete_before_replace=True),
    )


def pod_template(workload: Workload) -> PodTemplateSpecArgs:
    """The pod."""
    return PodTemplateSpecArgs(
        metadata=ObjectMetaArgs(
            labels=workload.children.labels, annotations={CONFIG_CHECKSUM_ANNOTATION: workload.checksum}
        ),
        spec=PodSpecArgs(
            automount_service_account_token=False,
            enable_service_links=False,
            security_context=restricted_pod(UID, fs_group=UID),
            termination_grace_period_seconds=GRACE_SECONDS,
            containers=[_redis(workload.settings)],
            volumes=[
                config_volume("conf", workload.conf),
                secret_volume("auth", workload.secret),
                _data_volume(workload),
            ],
        ),
    )


def _redis(settings: RedisStandaloneSettings) -> ContainerArgs:
    return ContainerArgs(
        name="redis",
        image=settings.image,
        image_pull_policy="IfNotPresent",
        command=["redis-server"],
        args=[f"{CONF_FOLDER}/redis.conf"],
        ports=[ContainerPortArgs(name=CLIENT_PORT, container_port=PORT)],
        startup_probe=startup_probe(),
        liveness_probe=liveness_probe(),
        readiness_probe=readiness_probe(),
        resources=settings.resources.as_args(),
        security_context=restricted_container(),
        volume_mounts=[
            VolumeMountArgs(name="conf", mount_path=CONF_FOLDER, read_only=True),
            VolumeMountArgs(name="auth", mount_path=AUTH_FOLDER, read_only=True),
            VolumeMountArgs(name="data", mount_path=DATA_FOLDER),
        ],
    )


def _data_volume(workload: Workload) -> VolumeArgs:
    if workload.claim is None:
        size = workload.settings.storage.size
        return VolumeArgs(name="data", empty_dir=EmptyDirVolumeSourceArgs(size_limit=size))
    return VolumeArgs(
        name="data", persistent_volume_claim=PersistentVolumeClaimVolumeSourceArgs(claim_name=workload.claim)
    )
