"""The Job that forms the cluster, and that a deployment waits for."""

import signal
from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.batch.v1 import (
    Job,
    JobSpecArgs,
    PodFailurePolicyArgs,
    PodFailurePolicyOnExitCodesRequirementArgs,
    PodFailurePolicyOnPodConditionsPatternArgs,
    PodFailurePolicyRuleArgs,
)
from pulumi_kubernetes.core.v1 import PodSpecArgs, PodTemplateSpecArgs, Secret
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from webtier.redis_cluster.parts import AGENT_APPLICATION, ClusterParts
from webtier.redis_cluster.pod.agent_container import AUTH_MOUNT, AUTH_VOLUME, AgentContainers
from webtier.redis_common.conf import AUTH_FOLDER, UID
from webtier.shared.pods import secret_volume
from webtier.shared.security import restricted_pod

SHARDS = "webtier/shards"
"""Annotation of the Job's pods: how many shards the cluster has once the Job is complete."""

_CONTAINER = "converge"
_KILLED = [128 + signal.SIGKILL, 128 + signal.SIGTERM]
"""Exit codes of a process that was ended by somebody else."""


def make_converge_job(
    parts: ClusterParts,
    agent: AgentContainers,
    secret: Secret,
    passwords: pulumi.Input[Sequence[str]],
    account: pulumi.Input[str],
    after: Sequence[pulumi.Resource],
) -> Job:
    """Complete when the cluster is. Another topology makes another Job, and so do other passwords.

    It is kept when it is done: a Job that Kubernetes had cleared away would come back, and run again, with every
    deployment. Pulumi gives each Job a name of its own: while it waits it might take the completion of a Job that had
    the same name for this one's.
    """
    settings = parts.settings
    parts = parts.part(AGENT_APPLICATION, "converge")
    return Job(
        f"{parts.name}-converge",
        metadata=parts.metadata(None),
        spec=JobSpecArgs(
            backoff_limit=0,
            active_deadline_seconds=settings.ready_timeout_seconds + 60,
            pod_failure_policy=_failure_policy(),
            template=PodTemplateSpecArgs(
                metadata=ObjectMetaArgs(
                    labels=parts.labels,
                    annotations={SHARDS: str(settings.shards)},
                ),
                spec=PodSpecArgs(
                    service_account_name=account,
                    automount_service_account_token=False,
                    enable_service_links=False,
                    restart_policy="Never",
                    security_context=restricted_pod(UID, fs_group=UID),
                    containers=[agent.container(_CONTAINER, _arguments(parts), mounts=[AUTH_MOUNT])],
                    volumes=[secret_volume(AUTH_VOLUME, secret.metadata.name), *agent.volumes()],
                ),
            ),
        ),
        opts=parts.options(
            *after,
            timeout=f"{settings.ready_timeout_seconds + 120}s",
            # Most of a Job can't be changed, and the provider doesn't know of all that. The old topology's Job must not
            # run while the new one's does.
            replace_on_changes=["spec"],
            # Only the stack's state has them: a checksum in the object would tell something about them, and the
            # version of the Secret is known too late for a preview.
            replacement_trigger=passwords,
            delete_before_replace=True,
        ),
    )


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
