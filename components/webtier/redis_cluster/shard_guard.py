"""No shard is deleted before its data has been moved: the API server refuses it, whoever asks."""

import asyncio
from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.admissionregistration.v1 import ValidationArgs
from pulumi_kubernetes.batch.v1 import Job
from pulumi_kubernetes.core.v1 import ConfigMap
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs

from webtier.redis_cluster.converge_job import SHARDS
from webtier.redis_cluster.parts import ClusterParts
from webtier.shared.admission_policy import make_admission_policy, namespace_called

IN_USE = "shardsInUse"

NOTICED_SECONDS = 1.5
"""API servers look every second for policies that have changed."""


def _may_go(in_use: str) -> str:
    """An orphaning deletion leaves the pods as they are: it is how a StatefulSet's fixed fields are changed."""
    number = "int(oldObject.metadata.labels['app.kubernetes.io/component'].split('-')[1])"
    orphans = "has(request.options.propagationPolicy) && request.options.propagationPolicy == 'Orphan'"
    return f"{orphans} || {number} >= {in_use}"


def _message(in_use: str) -> str:
    return (
        f"'StatefulSet ' + oldObject.metadata.name + ' holds a part of the data: {in_use} shards are in use. Set a "
        "lower number of shards and run `pulumi up` without --target: it moves the data to the other shards, and "
        "deletes this one when that is done. `pulumi destroy` takes this guard away first, which API servers notice "
        "within a second: run it again'"
    )


def shards_in_use_name(parts: ClusterParts) -> str:
    """Of the ConfigMap. Pods mount it by this name, although it is made after them."""
    return f"{parts.name}-shards"


def make_shards_in_use(parts: ClusterParts, job: Job) -> ConfigMap:
    """There once the cluster has been formed. It says what the Job that ended has left in use.

    The number comes from that Job, and so stays as it was when a new one failed or was left out.
    """
    name = shards_in_use_name(parts)
    return ConfigMap(
        name,
        metadata=parts.metadata(name),
        data={IN_USE: job.spec.template.metadata.annotations.apply(lambda annotations: annotations[SHARDS])},
        opts=parts.options(job),
    )


def make_shard_guard(parts: ClusterParts, in_use: ConfigMap, shards: Sequence[pulumi.Resource]) -> None:
    """Refuses to delete the StatefulSet of a shard that is in use.

    A failed Job keeps `pulumi up` from deleting what it did not drain, but not with --target or
    --continue-on-error, and not kubectl.
    """
    name = shards_in_use_name(parts)
    number = in_use.data.apply(lambda data: data[IN_USE])
    policy = make_admission_policy(
        name,
        parts.labelled(parts.user_labels).cluster_wide(pulumi.Output.concat(parts.namespace, "-", name)),
        operation="DELETE",
        api_group="apps",
        resources=["statefulsets"],
        objects=LabelSelectorArgs(match_labels=parts.selector),
        namespaces=namespace_called(parts.namespace),
        # The number itself, not a parameter: an API server that has lost a policy with a ConfigMap for its
        # parameter finds none for the next one (seen with 1.33).
        validation=ValidationArgs(expression=number.apply(_may_go), message_expression=number.apply(_message)),
        opts=parts.options(in_use),
        # Gone before the shards are, when all of it is destroyed.
        binding_opts=parts.options(*shards),
    )
    # Pulumi deletes a drained shard as soon as the program has ended.
    policy.metadata.resource_version.apply(_let_it_be_noticed)


async def _let_it_be_noticed(_version: object) -> None:
    if not pulumi.runtime.is_dry_run():
        await asyncio.sleep(NOTICED_SECONDS)
