"""`WebService`: what it sends to the cluster, and which settings it refuses."""

from typing import Any

import pytest
from pydantic import ValidationError

from components.web_service import WebService, WebServiceArgs, WebServiceSettings
from tests.unit.recording import Recording, run_recorded

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SERVICE = "kubernetes:core/v1:Service"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
IMAGE = "webtier.local/nginx:debian-12"


def record(name: str = "user-v1", **settings: Any) -> Recording:
    args = WebServiceArgs(WebServiceSettings(image=IMAGE, **settings), "shop", {"team": "blue"})
    return run_recorded(lambda: WebService(name, args))


def pod(recording: Recording, name: str = "user-v1") -> dict[str, Any]:
    return recording.one(DEPLOYMENT, name).inputs["spec"]["template"]["spec"]


def container(recording: Recording) -> dict[str, Any]:
    return pod(recording)["containers"][0]


def test_service_selects_the_deployments_pods_by_the_label_app() -> None:
    recording = record()
    service = recording.one(SERVICE, "user-v1").inputs
    deployment = recording.one(DEPLOYMENT, "user-v1").inputs
    template = deployment["spec"]["template"]["metadata"]["labels"]

    assert service["metadata"]["name"] == "user-v1"
    assert service["metadata"]["namespace"] == "shop"
    assert service["spec"]["selector"]["app"] == "user-v1"
    assert service["spec"]["selector"] == deployment["spec"]["selector"]["matchLabels"]
    assert service["spec"]["selector"].items() <= template.items()
    assert service["spec"]["ports"] == [{"name": "http", "port": 80, "targetPort": "http"}]
    assert container(recording)["ports"] == [{"name": "http", "containerPort": 8080}]


def test_selector_is_what_it_was_in_the_first_release() -> None:
    # It is immutable in the cluster: a change here replaces every Deployment of every user.
    assert record().one(DEPLOYMENT, "user-v1").inputs["spec"]["selector"]["matchLabels"] == {
        "app": "user-v1",
        "app.kubernetes.io/name": "web-service",
        "app.kubernetes.io/instance": "user-v1",
    }


def test_users_labels_are_on_the_objects_but_in_no_selector() -> None:
    recording = record(replicas=2)
    for resource in recording.resources[1:]:
        assert resource.inputs["metadata"]["labels"]["team"] == "blue"
    assert "team" not in recording.one(SERVICE, "user-v1").inputs["spec"]["selector"]


def test_pod_is_admitted_by_the_restricted_standard() -> None:
    recording = record()
    security = pod(recording)["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] == 101
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(recording)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert pod(recording)["automountServiceAccountToken"] is False


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


def test_probes_ask_the_configured_path() -> None:
    asked = container(record(probe={"path": "/healthz", "startup_seconds": 61, "period_seconds": 10}))
    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert asked[kind]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert asked["startupProbe"]["failureThreshold"] == 7


def test_resources_have_requests_and_a_memory_limit_by_default() -> None:
    assert container(record())["resources"] == {
        "requests": {"cpu": "10m", "memory": "32Mi"},
        "limits": {"memory": "128Mi"},
    }


def test_pods_spread_softly_over_nodes_and_zones() -> None:
    constraints = pod(record())["topologySpreadConstraints"]
    assert {constraint["topologyKey"] for constraint in constraints} == {
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
    }
    assert all(constraint["whenUnsatisfiable"] == "ScheduleAnyway" for constraint in constraints)


@pytest.mark.parametrize(("replicas", "budgets"), [(0, 0), (1, 0), (2, 1), (3, 1)])
def test_two_or_more_replicas_have_a_disruption_budget(replicas: int, budgets: int) -> None:
    recording = record(replicas=replicas)
    assert len(recording.of_type(BUDGET)) == budgets
    if budgets:
        spec = recording.one(BUDGET, "user-v1").inputs["spec"]
        assert spec["maxUnavailable"] == 1
        assert spec["selector"]["matchLabels"]["app"] == "user-v1"


def test_service_without_pods_is_not_waited_for() -> None:
    skip = {"pulumi.com/skipAwait": "true"}
    assert record(replicas=0).one(SERVICE, "user-v1").inputs["metadata"]["annotations"] == skip
    assert "annotations" not in record(replicas=1).one(SERVICE, "user-v1").inputs["metadata"]


def test_files_are_mounted_one_by_one_and_roll_the_pods_when_they_change() -> None:
    def checksum_and_mounts(text: str) -> tuple[str, list[dict[str, Any]], dict[str, str]]:
        recording = record(files={"/usr/share/nginx/html/index.html": text})
        template = recording.one(DEPLOYMENT, "user-v1").inputs["spec"]["template"]
        data = recording.one(CONFIG_MAP, "user-v1-files").inputs["data"]
        mounts = [mount for mount in template["spec"]["containers"][0]["volumeMounts"] if mount["name"] == "files"]
        return template["metadata"]["annotations"]["webtier/config-checksum"], mounts, data

    checksum, mounts, data = checksum_and_mounts("user-v1")
    assert [mount["mountPath"] for mount in mounts] == ["/usr/share/nginx/html/index.html"]
    assert data[mounts[0]["subPath"]] == "user-v1"
    other_checksum, other_mounts, _ = checksum_and_mounts("user-v1, new")
    assert other_checksum != checksum
    assert other_mounts == mounts


def test_files_keep_their_keys_when_others_are_added() -> None:
    one = record(files={"/etc/b/x.conf": "b"}).one(CONFIG_MAP, "user-v1-files").inputs["data"]
    two = record(files={"/etc/a/x.conf": "a", "/etc/b/x.conf": "b"}).one(CONFIG_MAP, "user-v1-files").inputs["data"]
    assert one.items() < two.items()


def test_without_files_there_is_no_config_map() -> None:
    recording = record()
    assert recording.of_type(CONFIG_MAP) == []
    assert "annotations" not in recording.one(DEPLOYMENT, "user-v1").inputs["spec"]["template"]["metadata"]


def test_writable_folders_are_empty_volumes() -> None:
    recording = record(writable_paths=["/tmp", "/var/cache/nginx"])
    mounts = {mount["mountPath"]: mount["name"] for mount in container(recording)["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod(recording)["volumes"]}
    assert set(mounts) == {"/tmp", "/var/cache/nginx"}
    assert all(volumes[name]["emptyDir"] == {} for name in mounts.values())


def test_node_port_opens_the_service_on_every_node() -> None:
    spec = record(node_port=30080).one(SERVICE, "user-v1").inputs["spec"]
    assert (spec["type"], spec["ports"][0]["nodePort"]) == ("NodePort", 30080)
    assert record().one(SERVICE, "user-v1").inputs["spec"]["type"] == "ClusterIP"


def test_outputs_say_where_it_is() -> None:
    recording = record(port=8000)
    component = recording.one("webtier:index:WebService", "user-v1")
    assert recording.outputs[component.urn] == {
        "service_name": "user-v1",
        "port": 8000,
        "url": "http://user-v1.shop.svc:8000",
    }


def test_all_is_named_after_the_component_and_below_it() -> None:
    recording = record("pay-v1", files={"/a": "b"})
    for resource in recording.resources[1:]:
        assert resource.parent_name == "pay-v1"
        assert resource.name.startswith("pay-v1")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("replicas", -1),
        ("replicas", "3"),
        ("node_port", 80),
        ("container_port", 80),
        ("run_as_user", 0),
        ("image", "nginx"),
        ("image", "nginx :1"),
        ("files", {"relative/path": ""}),
        ("files", {"/etc/../passwd": ""}),
        ("env", {"1ST": "x"}),
        ("probe", {"path": "healthz"}),
        ("resources", {"requests": {"memory": "128m"}}),
        ("resources", {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}),
        ("resources", {"requests": {"cpu": "fast"}}),
        ("replica", 3),
    ],
)
def test_wrong_settings_are_refused(setting: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        WebServiceSettings.model_validate({"image": IMAGE, setting: value})
    assert str(caught.value.errors()[0]["loc"][0]) == setting
