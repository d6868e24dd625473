"""The pods of a `WebService`: what their containers may do, mount and know, and how they are probed."""

from typing import Any

from tests.unit.webtier.web_service.service_objects import DEPLOYMENT, IMAGE, container, pod, record

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"


def probes(**settings: Any) -> dict[str, dict[str, Any] | None]:
    asked = container(record(**settings))
    return {kind: asked.get(f"{kind}Probe") for kind in ("startup", "readiness", "liveness")}


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
