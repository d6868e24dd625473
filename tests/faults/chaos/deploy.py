"""The Redis Cluster of a random run."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from command_line.errors import UserError
from devcluster.cluster import worker
from devcluster.images import ON_DEMAND, reference
from tests.cluster.harness.tier import Tier, eventually
from tests.faults.chaos.schedule import Schedule
from tests.faults.harness.deployment import RedisDeployment, merged
from tests.faults.harness.harness import time_limit
from tests.faults.harness.observer import Observer, Shape
from webtier.redis_cluster.settings import RedisClusterSettings

BASE: Mapping[str, Any] = {
    # Neither those of the stack `local` nor of the fault suite.
    "access": {"pods": {"kind": "node_ports", "first": 31900}},
    # Up to twelve pods on one machine: what does not matter here is left out.
    "metrics": {"enabled": False},
}
DEPLOY_SECONDS = 600.0
HEALTHY_SECONDS = 120.0
LEAST_SHARDS, MOST_PODS = 3, 12


def deployment_of(tier: Tier, namespace: str, schedule: Schedule) -> RedisDeployment:
    return RedisDeployment(tier, namespace, merged(BASE, schedule.settings))


def check_settings(deployment: RedisDeployment) -> RedisClusterSettings:
    """UserError, naming the setting, for what is not possible or not for a random run."""
    try:
        settings = deployment.settings()
    except ValidationError as error:
        raise UserError(f"SETTINGS: {error}") from error
    pods = settings.shards * settings.members_per_shard
    if settings.shards < LEAST_SHARDS:
        raise UserError(f"SETTINGS: shards is {settings.shards}; allowed: at least {LEAST_SHARDS}, who elect")
    if settings.replicas_per_shard < 1:
        raise UserError("SETTINGS: replicas_per_shard is 0; allowed: at least 1, since else a lost volume is lost data")
    if pods > MOST_PODS:
        raise UserError(
            f"SETTINGS: shards {settings.shards} and replicas_per_shard {settings.replicas_per_shard} are {pods} pods; "
            f"allowed: at most {MOST_PODS} on one machine"
        )
    if not settings.conf.appendonly:
        raise UserError(
            "SETTINGS: conf.appendonly is false; allowed: true, since without it a process ends with its data"
        )
    return settings


def image_named(name: str) -> str:
    """The image as pods ask for it; those that are made on demand have a short name."""
    return reference(name) if name in ON_DEMAND else name


def check_image(tier: Tier, image: str) -> None:
    """UserError for one that is not on every node."""
    missing = [node.name for node in tier.cluster.nodes if image not in worker.images(node)]
    if missing:
        raise UserError(
            f"IMAGE: '{image}' is not on {', '.join(missing)}; allowed: an image that is there, or one of "
            f"{', '.join(ON_DEMAND)}, which `python -m devcluster up --image NAME` makes"
        )


def deploy(deployment: RedisDeployment, shards: int) -> None:
    """A new one without data, and well."""
    replicas = deployment.settings().replicas_per_shard
    with time_limit(DEPLOY_SECONDS, "deploying the Redis Cluster"):
        deployment.fresh({"shards": shards})
    deployment.write_access()
    with Observer(deployment.access_file, Shape(shards, replicas)) as observer:

        def healthy() -> None:
            assert observer.good_for() >= 1.0, observer.complaint()

        eventually(healthy, HEALTHY_SECONDS, pause=0.1)
