"""What keeps a shard, and all that it needs, until its data is elsewhere."""

from tests.unit.harness.recording import Recording, run_recorded
from webtier.redis_cluster import RedisCluster, RedisClusterArgs, RedisClusterSettings

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
JOB = "kubernetes:batch/v1:Job"
STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"


def record() -> Recording:
    settings = RedisClusterSettings.model_validate({"access": {"pods": {"kind": "node_ports", "first": 30200}}})

    def program() -> None:
        RedisCluster("redis", RedisClusterArgs(settings=settings, namespace="shop", password="secret"))

    return run_recorded(program)


def test_what_a_shard_needs_can_only_be_deleted_after_it() -> None:
    """Pulumi goes the other way round: what something depends on goes after it, and stays when it may not go."""
    shard = record().one(STATEFUL_SET, "redis-shard-2")
    pods = [f"redis-shard-2-{member}" for member in range(2)]
    assert {*pods, *(f"{pod}-data" for pod in pods)} <= shard.dependencies


def test_another_job_replaces_the_one_that_can_not_be_changed() -> None:
    job = record().one(JOB, "redis-converge")
    assert "spec" in job.options.replaceOnChanges
    assert job.options.deleteBeforeReplace


def test_a_job_goes_with_its_goal() -> None:
    """One that no state knows would be taken for the next one with its name, and what it has done for done again."""
    recording = record()
    job, goal = recording.one(JOB, "redis-converge"), recording.one(CONFIG_MAP, "redis-goal")
    assert goal.inputs["data"] == {"job": job.inputs["metadata"]["name"]}
    assert goal.options.deleteBeforeReplace
    assert list(goal.options.replaceOnChanges) == ["data"]
    (owner,) = job.inputs["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"]) == ("ConfigMap", "redis-goal")
    assert "blockOwnerDeletion" not in owner
    assert goal.urn in job.options.propertyDependencies["metadata"].urns, "its uid is not the goal's"
    # Without it an update would look for a Job that is gone.
    assert "metadata.ownerReferences" in job.options.replaceOnChanges


def test_pulumi_sees_that_the_job_has_given_up() -> None:
    """Its provider knows no other reasons of a failure than BackoffLimitExceeded and DeadlineExceeded."""
    spec = record().one(JOB, "redis-converge").inputs["spec"]
    assert spec["backoffLimit"] == 0
    assert {rule["action"] for rule in spec["podFailurePolicy"]["rules"]} == {"Ignore"}
    codes = [rule["onExitCodes"]["values"] for rule in spec["podFailurePolicy"]["rules"] if "onExitCodes" in rule]
    assert codes == [[137, 143]], "one that was killed is replaced"
    assert spec["activeDeadlineSeconds"] == 660
