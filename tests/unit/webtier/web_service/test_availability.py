"""How many pods a `WebService` has, where they run, and how they are exchanged."""

import pytest

from tests.unit.webtier.web_service.service_objects import BUDGET, DEPLOYMENT, SERVICE, container, pod, record

AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"


def test_update_starts_a_new_pod_before_it_stops_an_old_one() -> None:
    recording = record()
    strategy = recording.one(DEPLOYMENT, "user-v1").inputs["spec"]["strategy"]
    assert strategy["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    # Without this sleep 4 of 600 requests failed during a roll.
    assert container(recording)["lifecycle"] == {"preStop": {"sleep": {"seconds": 5}}}
    assert pod(recording)["terminationGracePeriodSeconds"] > 5


def test_grace_is_always_longer_than_the_drain() -> None:
    recording = record(rollout={"drain_seconds": 60, "grace_seconds": 30})
    assert pod(recording)["terminationGracePeriodSeconds"] == 61


def test_rollout_is_as_told_and_waited_for_so_long() -> None:
    recording = record(
        rollout={
            "max_surge": 0,
            "max_unavailable": "25%",
            "min_ready_seconds": 10,
            "progress_deadline_seconds": 60,
            "timeout_seconds": 90,
        }
    )
    deployment = recording.one(DEPLOYMENT, "user-v1")
    spec = deployment.inputs["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": "25%"}
    assert (spec["minReadySeconds"], spec["progressDeadlineSeconds"]) == (10, 60)
    for awaited in (deployment, recording.one(SERVICE, "user-v1")):
        assert (awaited.options.customTimeouts.create, awaited.options.customTimeouts.update) == ("90s", "90s")


def test_pods_are_waited_for_at_the_deployment_and_not_at_the_service() -> None:
    for replicas in (0, 1):
        recording = record(replicas=replicas)
        skip = {"pulumi.com/skipAwait": "true"}
        assert recording.one(SERVICE, "user-v1").inputs["metadata"]["annotations"] == skip
        waited_for = recording.one(DEPLOYMENT, "user-v1").inputs["metadata"]["annotations"]["pulumi.com/waitFor"]
        # A status leaves out what is 0.
        assert ("availableReplicas}=1" in waited_for) is (replicas == 1)
        assert "NewReplicaSetAvailable" in waited_for


def test_pods_spread_softly_over_nodes_and_zones() -> None:
    constraints = pod(record())["topologySpreadConstraints"]
    assert {constraint["topologyKey"] for constraint in constraints} == {
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
    }
    assert all(constraint["whenUnsatisfiable"] == "ScheduleAnyway" for constraint in constraints)


def test_spread_is_a_must_or_nothing_where_it_is_told_so() -> None:
    [constraint] = pod(record(spread={"zones": "required", "nodes": "none"}))["topologySpreadConstraints"]
    assert constraint["topologyKey"] == "topology.kubernetes.io/zone"
    assert constraint["whenUnsatisfiable"] == "DoNotSchedule"
    assert "topologySpreadConstraints" not in pod(record(spread={"zones": "none", "nodes": "none"}))


@pytest.mark.parametrize(("replicas", "budgets"), [(0, 0), (1, 0), (2, 1), (3, 1)])
def test_two_or_more_replicas_have_a_disruption_budget(replicas: int, budgets: int) -> None:
    recording = record(replicas=replicas)
    assert len(recording.of_type(BUDGET)) == budgets
    if budgets:
        spec = recording.one(BUDGET, "user-v1").inputs["spec"]
        assert spec["maxUnavailable"] == 1
        assert spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
        assert spec["selector"]["matchLabels"]["app"] == "user-v1"


def test_budget_says_what_has_to_stay() -> None:
    spec = record(replicas=4, budget={"min_available": "50%"}).one(BUDGET, "user-v1").inputs["spec"]
    assert spec["minAvailable"] == "50%"
    assert "maxUnavailable" not in spec
    assert record(budget=None).of_type(BUDGET) == []


def test_autoscaling_leaves_the_number_of_pods_to_the_autoscaler() -> None:
    recording = record(
        autoscaling={
            "min": 3,
            "max": 10,
            "memory_percent": 80,
            "scale_up": {"select": "min", "policies": [{"kind": "pods", "value": 2, "period_seconds": 60}]},
            "scale_down": {"stabilization_seconds": 600},
        }
    )
    deployment = recording.one(DEPLOYMENT, "user-v1")
    assert "replicas" not in deployment.inputs["spec"]
    # Else a stack that had a number of its own would fall to one pod for a moment.
    assert list(deployment.options.ignoreChanges) == ["spec.replicas"]
    assert recording.one(AUTOSCALER, "user-v1").inputs["spec"] == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "user-v1"},
        "minReplicas": 3,
        "maxReplicas": 10,
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": kind, "target": {"type": "Utilization", "averageUtilization": at}},
            }
            for kind, at in (("cpu", 70), ("memory", 80))
        ],
        "behavior": {
            "scaleUp": {"selectPolicy": "Min", "policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}]},
            "scaleDown": {"selectPolicy": "Max", "stabilizationWindowSeconds": 600},
        },
    }
    assert recording.one(BUDGET, "user-v1")


def test_without_autoscaling_the_number_of_pods_is_sent() -> None:
    recording = record(replicas=3)
    deployment = recording.one(DEPLOYMENT, "user-v1")
    assert deployment.inputs["spec"]["replicas"] == 3
    assert list(deployment.options.ignoreChanges) == []
    # The number is also the settings' where an autoscaler, or somebody, has set another one.
    assert deployment.inputs["metadata"]["annotations"]["pulumi.com/patchForce"] == "true"
    assert recording.of_type(AUTOSCALER) == []
