"""One shard: a StatefulSet of a master and its replicas, each with the agent beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apps.v1 import StatefulSet, StatefulSetSpecArgs
from pulumi_kubernetes.core.v1 import (
    AffinityArgs,
    ContainerArgs,
    ContainerPortArgs,
    EmptyDirVolumeSourceArgs,
    ExecActionArgs,
    LifecycleArgs,
    LifecycleHandlerArgs,
    PodAffinityTermArgs,
    PodAntiAffinityArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
    TopologySpreadConstraintArgs,
    VolumeArgs,
    VolumeMountArgs,
    WeightedPodAffinityTermArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from webtier.redis_cluster.credentials.tls import TlsFiles
from webtier.redis_cluster.monitoring.exporter import exporter_annotations, exporter_containers, exporter_volumes
from webtier.redis_cluster.parts import ClusterParts
from webtier.redis_cluster.pod.agent_container import AUTH_MOUNT, AUTH_VOLUME, AgentContainers
from webtier.redis_cluster.pod.lifecycle import HAND_OVER_SECONDS
from webtier.redis_cluster.pod.redis_conf import BUS_PORT, RUN_FOLDER
from webtier.redis_cluster.pod.storage import claim_template
from webtier.redis_cluster.services import BUS
from webtier.redis_cluster.settings import FAST_FAILOVER_AFTER_MS, NODE_TIMEOUT_MS, RedisClusterSettings
from webtier.redis_cluster.shard_guard import IN_USE, shards_in_use_name
from webtier.redis_common.access import CLIENT_PORT
from webtier.redis_common.conf import AUTH_FOLDER, CONF_FOLDER, DATA_FOLDER, PORT, UID
from webtier.redis_common.container import redis_container
from webtier.redis_common.volumes import CLAIM
from webtier.shared.checksum import CONFIG_CHECKSUM_ANNOTATION
from webtier.shared.pods import config_volume, pod_field, secret_volume, spread
from webtier.shared.scheduling import place
from webtier.shared.security import restricted_pod
from webtier.shared.waiting import counts, wait_for

FORMED_FOLDER = "/etc/webtier-redis/formed"
ANNOUNCED_FOLDER = "/etc/webtier-redis/announced"

_RUN_MOUNT = VolumeMountArgs(name="run", mount_path=RUN_FOLDER)
_DATA_MOUNT = VolumeMountArgs(name=CLAIM, mount_path=DATA_FOLDER)
_FORMED_MOUNT = VolumeMountArgs(name="formed", mount_path=FORMED_FOLDER, read_only=True)
_ANNOUNCED_MOUNT = VolumeMountArgs(name="announced", mount_path=ANNOUNCED_FOLDER, read_only=True)

GRACE_SECONDS = HAND_OVER_SECONDS + 30
"""For the hand-over, and then for Redis to write its data."""


@dataclass(frozen=True)
class ShardFiles:
    """What a shard's pods mount, by name, and the checksum that restarts them when it changes."""

    secret: pulumi.Input[str]
    announced: pulumi.Input[str] | None
    conf: pulumi.Input[str]
    checksum: str
    tls: TlsFiles | None
    account: pulumi.Input[str]
    nodes_service: pulumi.Input[str]


def make_shard(
    parts: ClusterParts, shard: int, files: ShardFiles, agent: AgentContainers, after: Sequence[pulumi.Resource]
) -> StatefulSet:
    """The StatefulSet of shard number `shard`, made after its claims and changed after the shard before it."""
    name = parts.shard_name(shard)
    parts = parts.shard(shard)
    annotations = {
        **parts.settings.pod_annotations,
        CONFIG_CHECKSUM_ANNOTATION: files.checksum,
        **exporter_annotations(parts.settings.metrics),
    }
    return StatefulSet(
        name,
        metadata=parts.metadata(name, _rolled(parts)),
        spec=StatefulSetSpecArgs(
            replicas=parts.settings.members_per_shard,
            service_name=files.nodes_service,
            # One after the other, the first pod of a cluster that was down would wait for the rest.
            pod_management_policy="Parallel",
            revision_history_limit=5,
            selector=LabelSelectorArgs(match_labels=parts.shard_selector(shard)),
            template=PodTemplateSpecArgs(
                metadata=ObjectMetaArgs(labels=parts.labels, annotations=annotations),
                spec=_pod(parts, shard, files, agent),
            ),
            volume_claim_templates=[claim_template(parts)],
        ),
        # Kubernetes refuses any change of the templates, and the claims that it would make are there already.
        opts=parts.options(*after, protect=parts.protect, ignore_changes=["spec.volumeClaimTemplates"]),
    )


def _rolled(parts: ClusterParts) -> Mapping[str, str]:
    """What Pulumi waits for before it goes on to the next shard.

    When a StatefulSet is made that its pods are, ready or not: after a destroy and an up none of them is ready until a
    majority of all masters is back. When it is changed that every pod has been replaced and is ready: only then does
    Kubernetes count the new revision as the current one.
    """
    replaced = counts(parts.settings.members_per_shard, "currentReplicas", "updatedReplicas")
    return wait_for(replaced, labels=parts.labels)


def _pod(parts: ClusterParts, shard: int, files: ShardFiles, agent: AgentContainers) -> PodSpecArgs:
    """Nothing in here may depend on how many nodes there are: growing would restart every pod."""
    announced = files.announced
    pod = PodSpecArgs(
        service_account_name=files.account,
        automount_service_account_token=False,
        enable_service_links=False,
        security_context=restricted_pod(UID, fs_group=UID),
        termination_grace_period_seconds=GRACE_SECONDS,
        affinity=_apart(parts, shard),
        topology_spread_constraints=_spread(parts, shard),
        init_containers=[
            agent.container(
                "agent",
                [
                    "run",
                    pulumi.Output.concat("--domain=", parts.domain),
                    "--pod=$(POD_NAME)",
                    "--own-ip=$(POD_IP)",
                    "--host-ip=$(HOST_IP)",
                    f"--data={DATA_FOLDER}",
                    f"--run={RUN_FOLDER}",
                    f"--auth={AUTH_FOLDER}",
                    f"--formed={FORMED_FOLDER}/{IN_USE}",
                    *_times(parts.settings),
                    *([] if parts.settings.conf.appendonly else ["--no-appendonly"]),
                    *([] if parts.settings.fast_failover else ["--no-fast-failover"]),
                    *([f"--announced={ANNOUNCED_FOLDER}"] if announced is not None else []),
                ],
                mounts=[
                    AUTH_MOUNT,
                    _RUN_MOUNT,
                    _DATA_MOUNT,
                    _FORMED_MOUNT,
                    *([] if announced is None else [_ANNOUNCED_MOUNT]),
                ],
                env=[
                    pod_field("POD_NAME", "metadata.name"),
                    pod_field("POD_IP", "status.podIP"),
                    pod_field("HOST_IP", "status.hostIP"),
                ],
                sidecar=True,
            )
        ],
        containers=[_redis(parts, files), *exporter_containers(parts.settings.metrics, files.tls)],
        volumes=[
            config_volume("conf", files.conf),
            # In memory: it holds the hashes of passwords, and the agent's own.
            VolumeArgs(name="run", empty_dir=EmptyDirVolumeSourceArgs(medium="Memory", size_limit="1Mi")),
            secret_volume(AUTH_VOLUME, files.secret),
            # Made after the cluster has been formed, which waits for the pods.
            config_volume("formed", shards_in_use_name(parts), optional=True),
            *([] if announced is None else [config_volume("announced", announced)]),
            *agent.volumes(),
            *exporter_volumes(parts.settings.metrics, files.secret),
        ],
    )
    return place(pod, parts.settings.scheduling, parts.settings.image_pull_secrets)


def _times(settings: RedisClusterSettings) -> list[str]:
    """What the agent does not know by itself."""
    timeout, threshold = settings.conf.node_timeout_ms, settings.failover_threshold_ms
    return [
        *([] if timeout == NODE_TIMEOUT_MS else [f"--node-timeout-ms={timeout}"]),
        *([] if threshold == FAST_FAILOVER_AFTER_MS else [f"--fast-failover-after-ms={threshold}"]),
    ]


def _redis(parts: ClusterParts, files: ShardFiles) -> ContainerArgs:
    tls = [] if files.tls is None else [files.tls.mount()]
    container = redis_container(
        parts.settings.image,
        parts.settings.resources,
        ["sh", f"{CONF_FOLDER}/start.sh"],
        [AUTH_MOUNT, _RUN_MOUNT, _DATA_MOUNT, *tls],
    )
    bus = ContainerPortArgs(name=BUS, container_port=BUS_PORT)
    container.ports = [ContainerPortArgs(name=CLIENT_PORT, container_port=PORT), bus]
    stop = ExecActionArgs(command=["sh", f"{CONF_FOLDER}/stop.sh"])
    container.lifecycle = LifecycleArgs(pre_stop=LifecycleHandlerArgs(exec_=stop))
    return container


def _spread(parts: ClusterParts, shard: int) -> list[TopologySpreadConstraintArgs]:
    keys = parts.settings.topology_keys
    over_zones = [] if keys.zone is None else [spread(keys.zone, parts.shard_selector(shard), by_revision=False)]
    return [*over_zones, spread(keys.node, parts.selector, by_revision=False)]


def _apart(parts: ClusterParts, shard: int) -> AffinityArgs:
    selector = LabelSelectorArgs(match_labels=parts.shard_selector(shard))
    term = PodAffinityTermArgs(topology_key=parts.settings.topology_keys.node, label_selector=selector)
    if parts.settings.anti_affinity == "required":
        rules = PodAntiAffinityArgs(required_during_scheduling_ignored_during_execution=[term])
    else:
        preference = WeightedPodAffinityTermArgs(weight=100, pod_affinity_term=term)
        rules = PodAntiAffinityArgs(preferred_during_scheduling_ignored_during_execution=[preference])
    return AffinityArgs(pod_anti_affinity=rules)
