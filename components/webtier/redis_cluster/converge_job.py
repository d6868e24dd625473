"""The Job that forms the cluster, and that a deployment waits for."""

import json
import signal
from collections.abc import Callable, Sequence

import pulumi
from pulumi_kubernetes.batch.v1 import (
    Job,
    JobSpecArgs,
    PodFailurePolicyArgs,
    PodFailurePolicyOnExitCodesRequirementArgs,
    PodFailurePolicyOnPodConditionsPatternArgs,
    PodFailurePolicyRuleArgs,
)
from pulumi_kubernetes.core.v1 import ConfigMap, PodSpecArgs, PodTemplateSpecArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs, OwnerReferenceArgs

from webtier.redis_cluster.credentials.secrets import AuthSecret
from webtier.redis_cluster.parts import AGENT_APPLICATION, ClusterParts
from webtier.redis_cluster.pod.agent_container import AUTH_MOUNT, AUTH_VOLUME, AgentContainers
from webtier.redis_cluster.settings import AgentSettings, RedisClusterSettings
from webtier.redis_common.conf import AUTH_FOLDER, UID
from webtier.shared.checksum import checksum
from webtier.shared.pods import secret_volume
from webtier.shared.scheduling import place
from webtier.shared.security import restricted_pod

SHARDS = "webtier/shards"
"""Annotation of the Job's pods: how many shards the cluster has once the Job is complete."""

_CONTAINER = "converge"
_KILLED = [128 + signal.SIGKILL, 128 + signal.SIGTERM]
"""Exit codes of a process that was ended by somebody else."""


def make_converge_job(
    parts: ClusterParts,
    agent: AgentContainers,
    auth: AuthSecret,
    account: pulumi.Input[str],
    after: Sequence[pulumi.Resource],
) -> Job:
    """Complete when the cluster is. Another topology makes another Job, and so do other passwords.

    It is kept when it is done: a Job that Kubernetes had cleared away would come back, and run again, with every
    deployment. Its name says what it is for: an update that was killed while it made the Job finds it again. For
    something else it has another name, since Pulumi might take the completion of an older Job for this one's.

    It belongs to a ConfigMap with its name, which every other goal replaces. So a Job that no state knows goes with its
    goal: where one came back later, a completion from before would be taken for its own.
    """
    settings = parts.settings
    parts = parts.part(AGENT_APPLICATION, "converge")
    name = pulumi.Output.all(*_purpose(parts, agent), auth.mark).apply(_named_for(parts.name))
    return Job(
        f"{parts.name}-converge",
        metadata=ObjectMetaArgs(
            name=name,
            namespace=parts.namespace,
            labels=parts.labels,
            owner_references=[_owner(_make_goal(parts, name))],
        ),
        spec=JobSpecArgs(
            backoff_limit=0,
            active_deadline_seconds=settings.ready_timeout_seconds + 60,
            pod_failure_policy=_failure_policy(),
            template=PodTemplateSpecArgs(
                metadata=ObjectMetaArgs(
                    labels=parts.labels,
                    annotations={**settings.pod_annotations, SHARDS: str(settings.shards)},
                ),
                spec=place(
                    PodSpecArgs(
                        service_account_name=account,
                        automount_service_account_token=False,
                        enable_service_links=False,
                        restart_policy="Never",
                        security_context=restricted_pod(UID, fs_group=UID),
                        containers=[agent.container(_CONTAINER, _arguments(parts), mounts=[AUTH_MOUNT])],
                        volumes=[secret_volume(AUTH_VOLUME, auth.secret.metadata.name), *agent.volumes()],
                    ),
                    settings.scheduling,
                    settings.image_pull_secrets,
                ),
            ),
        ),
        opts=parts.options(
            *after,
            timeout=f"{settings.ready_timeout_seconds + 120}s",
            # Most of a Job can't be changed, and the provider doesn't know of all that. The old topology's Job must not
            # run while the new one's does.
            replace_on_changes=["spec", "metadata.ownerReferences"],
            delete_before_replace=True,
        ),
    )


def _make_goal(parts: ClusterParts, job: pulumi.Input[str]) -> ConfigMap:
    name = f"{parts.name}-goal"
    # Gone before it is made anew, and with it what belongs to it.
    options = parts.options(replace_on_changes=["data"], delete_before_replace=True)
    return ConfigMap(name, metadata=parts.metadata(name), data={"job": job}, opts=options)


def _owner(goal: ConfigMap) -> OwnerReferenceArgs:
    """Nobody waits for the Job when its goal goes: that may take a right of its own (`blockOwnerDeletion`)."""
    return OwnerReferenceArgs(
        api_version="v1",
        kind="ConfigMap",
        name=goal.metadata.apply(lambda metadata: metadata.name or ""),
        uid=goal.metadata.apply(lambda metadata: metadata.uid or ""),
    )


def _purpose(parts: ClusterParts, agent: AgentContainers) -> list[pulumi.Input[str]]:
    """What makes another Job of it, apart from the passwords."""
    labels, settings = json.dumps(dict(parts.labels), sort_keys=True), _as_text(agent.settings)
    secured = str(agent.tls is not None)
    return [*_arguments(parts), labels, settings, agent.code_checksum, secured, *_placement(parts.settings)]


def _as_text(settings: AgentSettings) -> str:
    """What is set of the agent. A field that came later is left out where it is not set, so that the name stays."""
    sides = {"requests": settings.resources.requests, "limits": settings.resources.limits}
    later = {side: {"ephemeral_storage"} for side, amounts in sides.items() if amounts.ephemeral_storage is None}
    return settings.model_dump_json(exclude={"resources": later})


def _placement(settings: RedisClusterSettings) -> list[str]:
    """Where its pods run, and what is said of them; nothing where nothing is set, so that the name stays."""
    fields = {"scheduling", "image_pull_secrets", "pod_annotations"}
    changed = settings.model_dump(include=fields, exclude_defaults=True)
    return [json.dumps(changed, sort_keys=True)] if changed else []


def _named_for(cluster: str) -> Callable[[list[str]], str]:
    return lambda purpose: f"{cluster}-converge-{checksum({'purpose': json.dumps(purpose)})[:8]}"


def _arguments(parts: ClusterParts) -> list[pulumi.Input[str]]:
    settings = parts.settings
    return [
        "converge",
        f"--name={parts.name}",
        pulumi.Output.concat("--domain=", parts.domain),
        f"--shards={settings.shards}",
        f"--replicas-per-shard={settings.replicas_per_shard}",
        f"--min-replicas-to-write={settings.min_replicas_to_write}",
        f"--deadline={settings.ready_timeout_seconds}",
        f"--auth={AUTH_FOLDER}",
    ]


def _failure_policy() -> PodFailurePolicyArgs:
    """A pod that was drained, or killed, is replaced; one that gave up ends the Job.

    Not by the action FailJob: Pulumi's provider sees a failure in the reasons BackoffLimitExceeded and DeadlineExceeded
    alone, and waits on after all others, for as long as any pod of the namespace changes.
    """
    drained = PodFailurePolicyOnPodConditionsPatternArgs(type="DisruptionTarget", status="True")
    killed = PodFailurePolicyOnExitCodesRequirementArgs(container_name=_CONTAINER, operator="In", values=_KILLED)
    return PodFailurePolicyArgs(
        rules=[
            PodFailurePolicyRuleArgs(action="Ignore", on_pod_conditions=[drained]),
            PodFailurePolicyRuleArgs(action="Ignore", on_exit_codes=killed),
        ]
    )
