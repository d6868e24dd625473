"""The StatefulSet: one pod with one container.

Not a Deployment, which starts another pod while a deleted or evicted one is still writing its data to the volume that
both have. `Recreate` keeps the two apart in an update alone, and of that Pulumi sees nothing: it says that all is done
while the old pod ends (https://github.com/kubernetes/kubernetes/issues/115538).
"""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.apps.v1 import StatefulSet, StatefulSetSpecArgs
from pulumi_kubernetes.core.v1 import (
    EmptyDirVolumeSourceArgs,
    PersistentVolumeClaimVolumeSourceArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from webtier.redis_common.conf import AUTH_FOLDER, CONF_FOLDER, DATA_FOLDER, UID
from webtier.redis_common.container import CLI, KIND, redis_container
from webtier.redis_standalone.settings import RedisStandaloneSettings
from webtier.shared.checksum import CONFIG_CHECKSUM_ANNOTATION
from webtier.shared.children import Children
from webtier.shared.pods import config_volume, secret_volume
from webtier.shared.scheduling import place
from webtier.shared.security import restricted_pod
from webtier.shared.waiting import counts, wait_for

GRACE_SECONDS = 60
"""For Redis to write its data."""

START_SCRIPT = f"""\
#!/bin/sh
{KIND}exec "$kind-server" {CONF_FOLDER}/redis.conf
"""
"""The container's command."""

READY_SCRIPT = f"""\
#!/bin/sh
# Ready once the data is loaded and the password is the one that clients have.
IFS= read -r REDISCLI_AUTH < {AUTH_FOLDER}/password
export REDISCLI_AUTH
{KIND}answer=$({CLI} ping 2>&1)
[ "$answer" = PONG ] && exit 0
echo "$answer"
exit 1
"""


def make_stateful_set(
    name: str, children: Children, selector: Mapping[str, str], template: PodTemplateSpecArgs
) -> StatefulSet:
    """One pod, or for a moment none: two would have two data sets, and one volume."""
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
            selector=LabelSelectorArgs(match_labels=selector),
            template=template,
        ),
        # What it was before. The old pod has to be gone before the new one opens the volume.
        opts=children.options(
            aliases=[pulumi.Alias(type_="kubernetes:apps/v1:Deployment")], delete_before_replace=True
        ),
    )


def pod_template(
    labels: Mapping[str, str],
    settings: RedisStandaloneSettings,
    *,
    secret: pulumi.Input[str],
    conf: pulumi.Input[str],
    conf_checksum: str,
    claim: pulumi.Input[str] | None,
) -> PodTemplateSpecArgs:
    """The pod, which mounts the objects of these names, `claim` None for no volume. `conf_checksum` replaces it."""
    data = VolumeArgs(name="data")
    if claim is None:
        data.empty_dir = EmptyDirVolumeSourceArgs(size_limit=settings.storage.size)
    else:
        data.persistent_volume_claim = PersistentVolumeClaimVolumeSourceArgs(claim_name=claim)
    mounts = [
        VolumeMountArgs(name="auth", mount_path=AUTH_FOLDER, read_only=True),
        VolumeMountArgs(name="data", mount_path=DATA_FOLDER),
    ]
    container = redis_container(settings.image, settings.resources, ["sh", f"{CONF_FOLDER}/start.sh"], mounts)
    annotations = {**settings.pod_annotations, CONFIG_CHECKSUM_ANNOTATION: conf_checksum}
    pod = PodSpecArgs(
        automount_service_account_token=False,
        enable_service_links=False,
        security_context=restricted_pod(UID, fs_group=UID),
        termination_grace_period_seconds=GRACE_SECONDS,
        containers=[container],
        volumes=[config_volume("conf", conf), secret_volume("auth", secret), data],
    )
    return PodTemplateSpecArgs(
        metadata=ObjectMetaArgs(labels=labels, annotations=annotations),
        spec=place(pod, settings.scheduling, settings.image_pull_secrets),
    )
