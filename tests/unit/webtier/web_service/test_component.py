"""`WebService`: what it sends to the cluster, and which settings it refuses."""

from typing import Any

import pytest

from tests.unit.harness.recording import Recording, run_recorded
from webtier.web_service import WebService, WebServiceArgs, WebServiceSettings

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SERVICE = "kubernetes:core/v1:Service"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
ACCOUNT = "kubernetes:core/v1:ServiceAccount"
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


def test_selector_depends_on_the_name_alone() -> None:
    # It is immutable in the cluster: a change here replaces every Deployment of every user.
    first = {"app": "user-v1", "app.kubernetes.io/instance": "user-v1"}
    for settings in (
        {},
        {"app": "account", "version": "7", "labels": {"team": "red"}, "exposure": {"kind": "headless"}},
    ):
        recording = record(**settings)
        assert recording.one(DEPLOYMENT, "user-v1").inputs["spec"]["selector"]["matchLabels"] == first
        assert recording.one(SERVICE, "user-v1").inputs["spec"]["selector"] == first


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


def probes(**settings: Any) -> dict[str, dict[str, Any] | None]:
    asked = container(record(**settings))
    return {kind: asked.get(f"{kind}Probe") for kind in ("startup", "readiness", "liveness")}


def test_probes_ask_over_http_unless_told_otherwise() -> None:
    for probe in probes().values():
        assert probe is not None
        assert probe["httpGet"] == {"path": "/", "port": "http"}
    asked = probes(probes={"check": {"kind": "http", "path": "/healthz"}, "startup": {"failure_threshold": 7}})
    for probe in asked.values():
        assert probe is not None
        assert probe["httpGet"] == {"path": "/healthz", "port": "http"}
    assert asked["startup"] == {
        "httpGet": {"path": "/healthz", "port": "http"},
        "periodSeconds": 5,
        "timeoutSeconds": 2,
        "failureThreshold": 7,
    }


def test_each_probe_asks_in_a_way_of_its_own_or_not_at_all() -> None:
    asked = probes(
        ports={"web": {"port": 80, "target_port": 8080}, "admin": {"port": 81, "target_port": 9000}},
        probes={
            "check": {"kind": "tcp"},
            "startup": None,
            "readiness": {"check": {"kind": "exec", "command": ["true"]}, "success_threshold": 2},
            "liveness": {"check": {"kind": "grpc", "port": "admin", "service": "s"}, "initial_delay_seconds": 3},
        },
    )
    assert asked["startup"] is None
    assert asked["readiness"] is not None
    assert asked["readiness"]["exec"] == {"command": ["true"]}
    assert asked["readiness"]["successThreshold"] == 2
    assert asked["liveness"] is not None
    # Kubernetes takes no name for it.
    assert asked["liveness"]["grpc"] == {"port": 9000, "service": "s"}
    assert asked["liveness"]["initialDelaySeconds"] == 3
    startup = probes(
        ports={"b": {"port": 81}, "a": {"port": 8080}},
        security={"unprivileged_ports_from": 0},
        probes={"check": {"kind": "tcp"}},
    )["startup"]
    assert startup is not None
    assert startup["tcpSocket"] == {"port": "b"}


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


def test_pods_are_waited_for_at_the_deployment_and_not_at_the_service() -> None:
    for replicas in (0, 1):
        recording = record(replicas=replicas)
        skip = {"pulumi.com/skipAwait": "true"}
        assert recording.one(SERVICE, "user-v1").inputs["metadata"]["annotations"] == skip
        waited_for = recording.one(DEPLOYMENT, "user-v1").inputs["metadata"]["annotations"]["pulumi.com/waitFor"]
        # A status leaves out what is 0.
        assert ("availableReplicas}=1" in waited_for) is (replicas == 1)
        assert "NewReplicaSetAvailable" in waited_for


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


def test_ports_are_named_in_the_container_and_answered_by_name() -> None:
    recording = record(
        ports={
            "http": {"port": 80, "target_port": 8080, "app_protocol": "http"},
            "old": {"port": 8080},
            "dns": {"port": 53, "target_port": 5353, "protocol": "UDP"},
            "metrics": {"port": 9100, "target_port": "exporter"},
        },
        sidecars={"exporter": {"image": IMAGE, "ports": {"exporter": 9113}}},
    )
    assert recording.one(SERVICE, "user-v1").inputs["spec"]["ports"] == [
        {"name": "dns", "port": 53, "targetPort": "dns", "protocol": "UDP"},
        {"name": "http", "port": 80, "targetPort": "http", "appProtocol": "http"},
        {"name": "metrics", "port": 9100, "targetPort": "exporter"},
        {"name": "old", "port": 8080, "targetPort": "http"},
    ]
    main, exporter = pod(recording)["containers"]
    assert main["ports"] == [
        {"name": "dns", "containerPort": 5353, "protocol": "UDP"},
        {"name": "http", "containerPort": 8080},
    ]
    assert exporter["ports"] == [{"name": "exporter", "containerPort": 9113}]


def test_node_port_opens_the_service_on_every_node() -> None:
    http = {"port": 80, "target_port": 8080, "node_port": 30080}
    spec = record(exposure={"kind": "node_port"}, ports={"http": http}).one(SERVICE, "user-v1").inputs["spec"]
    assert (spec["type"], spec["ports"][0]["nodePort"]) == ("NodePort", 30080)
    assert record().one(SERVICE, "user-v1").inputs["spec"]["type"] == "ClusterIP"


def test_headless_service_is_reached_at_the_containers_port() -> None:
    recording = record(exposure={"kind": "headless"})
    component = recording.one("webtier:index:WebService", "user-v1")
    assert recording.outputs[component.urn]["url"] == "http://user-v1.shop.svc:8080"


def test_outputs_say_where_it_is() -> None:
    recording = record(ports={"http": {"port": 8000, "target_port": 8080}})
    component = recording.one("webtier:index:WebService", "user-v1")
    assert recording.outputs[component.urn] == {
        "service_name": "user-v1",
        "port": 8000,
        "ports": {"http": 8000},
        "url": "http://user-v1.shop.svc:8000",
        "external_endpoints": {},
    }


def test_all_is_named_after_the_component_and_below_it() -> None:
    recording = record("pay-v1", files={"/a": "b"})
    for resource in recording.resources[1:]:
        assert resource.parent_name == "pay-v1"
        assert resource.name.startswith("pay-v1")


# --- versions side by side ---


@pytest.mark.parametrize(
    ("name", "settings", "application", "version"),
    [
        ("user-v1", {}, "user", "v1"),
        ("user-v2-1", {}, "user-v2-1", None),
        ("pay-api-v12", {}, "pay-api", "v12"),
        ("user-vip", {}, "user-vip", None),
        ("shop", {}, "shop", None),
        ("user-green", {"app": "user", "version": "2.1.0"}, "user", "2.1.0"),
        ("user-v1", {"version": "1.4.2"}, "user", "1.4.2"),
    ],
)
def test_versions_of_an_application_are_found_by_label(
    name: str, settings: dict[str, Any], application: str, version: str | None
) -> None:
    recording = record(name, **settings)
    for labels in (
        recording.one(SERVICE, name).inputs["metadata"]["labels"],
        recording.one(DEPLOYMENT, name).inputs["spec"]["template"]["metadata"]["labels"],
    ):
        assert labels["app.kubernetes.io/name"] == application
        assert labels.get("app.kubernetes.io/version") == version
        assert labels["app.kubernetes.io/instance"] == name
        assert labels["app.kubernetes.io/component"] == "web-service"


# --- autoscaling ---


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


# --- availability ---


def test_budget_says_what_has_to_stay() -> None:
    spec = record(replicas=4, budget={"min_available": "50%"}).one(BUDGET, "user-v1").inputs["spec"]
    assert spec["minAvailable"] == "50%"
    assert "maxUnavailable" not in spec
    assert record(budget=None).of_type(BUDGET) == []


def test_spread_is_a_must_or_nothing_where_it_is_told_so() -> None:
    [constraint] = pod(record(spread={"zones": "required", "nodes": "none"}))["topologySpreadConstraints"]
    assert constraint["topologyKey"] == "topology.kubernetes.io/zone"
    assert constraint["whenUnsatisfiable"] == "DoNotSchedule"
    assert "topologySpreadConstraints" not in pod(record(spread={"zones": "none", "nodes": "none"}))


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


# --- the pod ---


def test_secrets_are_named_and_never_copied() -> None:
    recording = record(
        env={"PLAIN": "x"},
        secret_env={"REDIS_PASSWORD": {"secret": "redis-app", "key": "password"}},
        secret_files={"/etc/tls": "shop-tls"},
    )
    assert container(recording)["env"] == [
        {"name": "PLAIN", "value": "x"},
        {"name": "REDIS_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "redis-app", "key": "password"}}},
    ]
    [mount] = [mount for mount in container(recording)["volumeMounts"] if mount["mountPath"] == "/etc/tls"]
    [volume] = [volume for volume in pod(recording)["volumes"] if volume["name"] == mount["name"]]
    assert mount["readOnly"] is True
    assert volume["secret"] == {"secretName": "shop-tls", "defaultMode": 0o440}
    # Its group can read them.
    assert pod(recording)["securityContext"]["fsGroup"] == 101


def test_containers_before_and_beside_share_files_and_are_as_restricted() -> None:
    recording = record(
        files={"/etc/shop.conf": "x"},
        init_containers=[{"name": "b", "image": IMAGE, "command": ["true"]}, {"name": "a", "image": IMAGE}],
        sidecars={"log": {"image": IMAGE, "args": ["--follow"], "env": {"A": "b"}}},
    )
    spec = pod(recording)
    assert [each["name"] for each in spec["initContainers"]] == ["b", "a"]
    assert [each["name"] for each in spec["containers"]] == ["web", "log"]
    assert spec["initContainers"][0]["command"] == ["true"]
    assert spec["containers"][1]["args"] == ["--follow"]
    for each in [*spec["initContainers"], *spec["containers"]]:
        assert each["securityContext"] == spec["containers"][0]["securityContext"]
        assert each["volumeMounts"] == spec["containers"][0]["volumeMounts"]
        assert "memory" in each["resources"]["limits"]
    assert "startupProbe" not in spec["containers"][1]
    # It has to stay as long as the service may still need it.
    assert spec["containers"][1]["lifecycle"] == spec["containers"][0]["lifecycle"]


def test_pods_have_an_account_without_rights_or_a_token() -> None:
    recording = record()
    account = recording.one(ACCOUNT, "user-v1").inputs
    assert account["automountServiceAccountToken"] is False
    assert pod(recording)["serviceAccountName"] == "user-v1"
    named = record(service_account={"name": "shop", "mount_token": True})
    assert named.of_type(ACCOUNT) == []
    assert pod(named)["serviceAccountName"] == "shop"
    assert pod(named)["automountServiceAccountToken"] is True


def test_scheduling_and_user_are_as_told() -> None:
    spec = pod(
        record(
            image_pull_secrets=["registry"],
            scheduling={
                "priority_class": "high",
                "node_selector": {"disk": "ssd"},
                "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoExecute", "toleration_seconds": 30}],
            },
            security={"run_as_user": 1000, "run_as_group": 2000, "fs_group": 3000, "unprivileged_ports_from": 80},
            ports={"http": {"port": 80}},
        )
    )
    assert spec["priorityClassName"] == "high"
    assert spec["nodeSelector"] == {"disk": "ssd"}
    assert spec["tolerations"] == [{"key": "gpu", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 30}]
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    security = spec["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"], security["fsGroup"]) == (1000, 2000, 3000)
    assert security["sysctls"] == [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "80"}]
    assert spec["containers"][0]["ports"] == [{"name": "http", "containerPort": 80}]
