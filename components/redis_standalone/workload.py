"""The Deployment: one pod with one container."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment, DeploymentSpecArgs, DeploymentStrategyArgs
from pulumi_kubernetes.core.v1 import (
    ConfigMapVolumeSourceArgs,
    ContainerArgs,
    ContainerPortArgs,
    EmptyDirVolumeSourceArgs,
    PersistentVolumeClaimVolumeSourceArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
    SecretVolumeSourceArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from components.redis_standalone.settings import RedisStandaloneSettings
from components.shared.checksum import CONFIG_CHECKSUM_ANNOTATION
from components.shared.redis.access import CLIENT_PORT
from components.shared.redis.conf import AUTH_FOLDER, CONF_FOLDER, DATA_FOLDER, PORT, UID
from components.shared.redis.probes import liveness_probe, readiness_probe, startup_probe
from components.shared.security import restricted_container, restricted_pod

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

# Readable by the pod's group, which is all that its container runs as.
_SECRET_MODE = 0o440


@dataclass(frozen=True)
class Workload:
    """What the Deployment is made from: names of the objects it mounts, `claim` None for no volume.

    The pod is replaced when `checksum` changes.
    """

    settings: RedisStandaloneSettings
    metadata: ObjectMetaArgs
    labels: Mapping[str, str]
    selector: Mapping[str, str]
    secret: pulumi.Input[str]
    conf: pulumi.Input[str]
    checksum: str
    claim: pulumi.Input[str] | None


def make_deployment(name: str, workload: Workload, opts: pulumi.ResourceOptions) -> Deployment:
    """One pod, or for a moment none: two would have two data sets, and one volume."""
    return Deployment(
        name,
        metadata=workload.metadata,
        spec=DeploymentSpecArgs(
            replicas=1,
            strategy=DeploymentStrategyArgs(type="Recreate"),
            revision_history_limit=5,
            selector=LabelSelectorArgs(match_labels=workload.selector),
            template=PodTemplateSpecArgs(
                metadata=ObjectMetaArgs(
                    labels=workload.labels, annotations={CONFIG_CHECKSUM_ANNOTATION: workload.checksum}
                ),
                spec=PodSpecArgs(
                    automount_service_account_token=False,
                    enable_service_links=False,
                    security_context=restricted_pod(UID, fs_group=UID),
                    termination_grace_period_seconds=GRACE_SECONDS,
                    containers=[_redis(workload.settings)],
                    volumes=[
                        VolumeArgs(name="conf", config_map=ConfigMapVolumeSourceArgs(name=workload.conf)),
                        VolumeArgs(
                            name="auth",
                            secret=SecretVolumeSourceArgs(secret_name=workload.secret, default_mode=_SECRET_MODE),
                        ),
                        _data_volume(workload),
                    ],
                ),
            ),
        ),
        opts=opts,
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
