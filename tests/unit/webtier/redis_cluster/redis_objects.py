"""A Redis Cluster's objects, as they would be sent to the cluster: what its tests have in common."""

from collections.abc import Iterator
from typing import Any

import pulumi
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from tests.unit.harness.recording import Recording, run_recorded
from webtier.redis_cluster import RedisCluster, RedisClusterArgs, RedisClusterSettings

PASSWORD = "correct horse battery staple"

STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
JOB = "kubernetes:batch/v1:Job"
SERVICE = "kubernetes:core/v1:Service"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
VOLUME = "kubernetes:core/v1:PersistentVolume"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
SECRET = "kubernetes:core/v1:Secret"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
STORAGE_CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"

LOCAL = {"kind": "local", "nodes": ["webtier-a", "webtier-b", "webtier-c"], "size": "2Gi"}


def record(settings: dict[str, Any] | None = None, *, password: str = PASSWORD, **arguments: Any) -> Recording:
    """The component in a namespace that the same program makes."""

    def program() -> None:
        namespace = Namespace("shop", metadata=ObjectMetaArgs(name="shop"))
        cluster = RedisCluster(
            "redis",
            RedisClusterArgs(
                settings=RedisClusterSettings.model_validate(settings or {}),
                namespace=namespace.metadata.name,
                password=password,
                **arguments,
            ),
        )
        for output in ("endpoint", "access_port", "external_endpoint", "password"):
            pulumi.export(output, getattr(cluster, output))

    return run_recorded(program)


def template(recording: Recording, shard: int = 0) -> dict[str, Any]:
    return recording.one(STATEFUL_SET, f"redis-shard-{shard}").inputs["spec"]["template"]


def pod_specs(recording: Recording) -> Iterator[dict[str, Any]]:
    for stateful_set in recording.of_type(STATEFUL_SET):
        yield stateful_set.inputs["spec"]["template"]["spec"]
    for job in recording.of_type(JOB):
        yield job.inputs["spec"]["template"]["spec"]


def containers(recording: Recording) -> Iterator[dict[str, Any]]:
    for spec in pod_specs(recording):
        yield from spec.get("initContainers", [])
        yield from spec["containers"]


def checksum_of(recording: Recording) -> str:
    return template(recording)["metadata"]["annotations"]["webtier/config-checksum"]
