"""One shard: a StatefulSet of a master and its replicas, each with the agent beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apps.v1 import StatefulSet, StatefulSetSpecArgs
from pulumi_kubernetes.core.v1 import (
    AffinityArgs,
    ConfigMapVolumeSourceArgs,
    ContainerArgs,
    ContainerPortArgs,
    EmptyDirVolumeSourceArgs,
    EnvVarArgs,
    EnvVarSourceArgs,
    ExecActionArgs,
    ObjectFieldSelectorArgs,
    PodAffinityTermArgs,
    PodAntiAffinityArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
    ProbeArgs,
    TopologySpreadConstraintArgs,
    VolumeArgs,
    VolumeMountArgs,
    WeightedPodAffinityTermArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from components.redis_cluster.agent_container import PASSWORD_FILE, AgentContainers, auth_mount, auth_volume
from components.redis_cluster.parts import UID, ClusterParts
from components.redis_cluster.probes import RUN_FOLDER
from components.redis_cluster.redis_conf import BUS_PORT, CONF_FOLDER, DATA_FOLDER, PORT
from components.redis_cluster.services import BUS, CLIENT_PORT
from components.redis_cluster.storage import CLAIM, claim_template
from components.shared.checksum import CONFIG_CHECKSUM_ANNOTATION
from components.shared.security import restricted_container, restricted_pod

GRACE_SECONDS = 60
"""For Redis to write its data and to let its replicas catch up."""


@dataclass(frozen=True)
class ShardFiles:
    """What a shard's pods mount, by name, and the checksum that restarts them when it changes."""

    secret: pulumi.Input[str]
    conf: pulumi.Input[str]
    checksum: str
    account: pulumi.Input[str]
    nodes_service: pulumi.Input[str]


def make_shard(
    parts: ClusterParts,
    shard: int,
    files: ShardFiles,
    agent: AgentContainers,
    volumes: Sequence[pulumi.Resource],
) -> StatefulSet:
    """The StatefulSet of shard number `shard`. `volumes` are made before it, and deleted after it.

    The shards do not wait for each other: after a destroy and an up none of them is ready until a
    majority of the masters is back.
    """
    name = parts.shard_name(shard)
    return StatefulSet(
        name,
        metadata=parts.metadata(name, parts.shard_labels(shard)),
        spec=StatefulSetSpecArgs(
            replicas=parts.settings.members_per_shard,
            service_name=files.nodes_service,
            # One after the other, the first pod of a cluster that was down would wait for the rest.
            pod_management_policy="Parallel",
            revision_history_limit=5,
            selector=LabelSelectorArgs(match_labels=parts.shard_selector(shard)),
            template=PodTemplateSpecArgs(
                metadata=ObjectMetaArgs(
                    labels=parts.shard_labels(shard),
                    annotations={CONFIG_CHECKSUM_ANNOTATION: files.checksum},
                ),
                spec=_pod(parts, shard, files, agent),
            ),
            volume_claim_templates=[claim_template(parts)],
        ),
        opts=parts.child(*volumes, protect=parts.protect),
    )


def _pod(parts: ClusterParts, shard: int, files: ShardFiles, agent: AgentContainers) -> PodSpecArgs:
    """Nothing in here may depend on how many nodes there are: growing would restart every pod."""
    return PodSpecArgs(
        service_account_name=files.account,
        automount_service_account_token=False,
        enable_service_links=False,
        security_context=restricted_pod(UID, fs_group=UID),
        termination_grace_period_seconds=GRACE_SECONDS,
        affinity=_apart(parts, shard),
        topology_spread_constraints=[
            _spread("topology.kubernetes.io/zone", parts.shard_selector(shard)),
            _spread("kubernetes.io/hostname", parts.selector),
        ],
        init_containers=[
            agent.container(
                "prepare",
                ["prepare", "--nodes-file", f"{DATA_FOLDER}/nodes.conf", "--own-ip", "$(POD_IP)"],
                mounts=[_data_mount()],
                env=[_field("POD_IP", "status.podIP")],
            )
        ],
        containers=[
            _redis(parts),
            agent.container(
                "agent",
                ["heal", "--domain", parts.domain, "--password-file", PASSWORD_FILE],
                mounts=[auth_mount()],
            ),
        ],
        volumes=[
            VolumeArgs(name="conf", config_map=ConfigMapVolumeSourceArgs(name=files.conf)),
            VolumeArgs(name="run", empty_dir=EmptyDirVolumeSourceArgs(size_limit="1Mi")),
            auth_volume(files.secret, ["password", "auth.conf"]),
            *agent.volumes(),
        ],
    )


def _redis(parts: ClusterParts) -> ContainerArgs:
    return ContainerArgs(
        name="redis",
        image=parts.settings.image,
        image_pull_policy="IfNotPresent",
        command=["redis-server"],
        args=[
            f"{CONF_FOLDER}/redis.conf",
            "--cluster-announce-ip",
            "$(POD_IP)",
            "--cluster-announce-hostname",
            pulumi.Output.concat("$(POD_NAME).", parts.domain),
        ],
        env=[_field("POD_IP", "status.podIP"), _field("POD_NAME", "metadata.name")],
        ports=[
            ContainerPortArgs(name=CLIENT_PORT, container_port=PORT),
            ContainerPortArgs(name=BUS, container_port=BUS_PORT),
        ],
        # It answers while it loads its data, so that this is about starting the process alone.
        startup_probe=_probe("alive.sh", period=1, failures=60),
        liveness_probe=_probe("alive.sh", period=10, failures=6),
        readiness_probe=_probe("ready.sh", period=2, failures=2),
        resources=parts.settings.resources.as_args(),
        security_context=restricted_container(),
        volume_mounts=[
            VolumeMountArgs(name="conf", mount_path=CONF_FOLDER, read_only=True),
            auth_mount(),
            VolumeMountArgs(name="run", mount_path=RUN_FOLDER),
            _data_mount(),
        ],
    )


def _data_mount() -> VolumeMountArgs:
    return VolumeMountArgs(name=CLAIM, mount_path=DATA_FOLDER)


def _probe(script: str, period: int, failures: int) -> ProbeArgs:
    return ProbeArgs(
        exec_=ExecActionArgs(command=["sh", f"{CONF_FOLDER}/{script}"]),
        period_seconds=period,
        timeout_seconds=5,
        failure_threshold=failures,
    )


def _field(name: str, path: str) -> EnvVarArgs:
    reference = ObjectFieldSelectorArgs(field_path=path)
    return EnvVarArgs(name=name, value_from=EnvVarSourceArgs(field_ref=reference))


def _apart(parts: ClusterParts, shard: int) -> AffinityArgs:
    term = PodAffinityTermArgs(
        topology_key="kubernetes.io/hostname",
        label_selector=LabelSelectorArgs(match_labels=parts.shard_selector(shard)),
    )
    if parts.settings.anti_affinity == "hard":
        rules = PodAntiAffinityArgs(required_during_scheduling_ignored_during_execution=[term])
    else:
        preference = WeightedPodAffinityTermArgs(weight=100, pod_affinity_term=term)
        rules = PodAntiAffinityArgs(preferred_during_scheduling_ignored_during_execution=[preference])
    return AffinityArgs(pod_anti_affinity=rules)


def _spread(topology_key: str, selector: dict[str, str]) -> TopologySpreadConstraintArgs:
    return TopologySpreadConstraintArgs(
        max_skew=1,
        topology_key=topology_key,
        when_unsatisfiable="ScheduleAnyway",
        label_selector=LabelSelectorArgs(match_labels=selector),
    )
