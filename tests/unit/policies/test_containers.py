"""The rules of containers: images, limits, the restricted context, and credentials."""

from typing import Any

import pytest

from tests.unit.policies.objects import container, of_kind, workload
from webtier_policies.credentials import plain_text_credentials
from webtier_policies.images import missing_digests, moving_tags
from webtier_policies.limits import missing_limits
from webtier_policies.pod_security import unrestricted
from webtier_policies.resources import UNKNOWN

DIGEST = f"sha256:{'a' * 64}"
CHECKS = (moving_tags, missing_limits, unrestricted, plain_text_credentials)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"])
def test_a_good_workload_breaks_none(check: Any, kind: str) -> None:
    assert list(check(workload(container(), kind=kind))) == []


@pytest.mark.parametrize("check", [*CHECKS, missing_digests])
def test_what_makes_no_pods_breaks_none(check: Any) -> None:
    assert list(check(of_kind("ConfigMap", data={"image": "nginx"}))) == []


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("kind", ["Pod", "Deployment", "CronJob"])
@pytest.mark.parametrize("group", ["containers", "initContainers", "ephemeralContainers"])
def test_every_container_of_every_kind_is_looked_at(check: Any, kind: str, group: str) -> None:
    bad = {"name": "bad", "image": "nginx", "env": [{"name": "PASSWORD", "value": "hunter2"}]}
    pod = {"containers": [container()], group: [bad]}
    resource = of_kind("Pod", spec=pod) if kind == "Pod" else workload(kind=kind, pod=pod)
    found = list(check(resource))
    assert found
    assert all("'bad'" in each for each in found)


@pytest.mark.parametrize(
    ("image", "moves"),
    [
        ("nginx", True),
        ("nginx:latest", True),
        ("registry.example.com:5000/web/nginx", True),
        ("registry.example.com:5000/web/nginx:latest", True),
        ("", True),
        ("nginx:1.29.1", False),
        ("registry.example.com:5000/web/nginx:1.29.1", False),
        (f"nginx@{DIGEST}", False),
        (f"nginx:latest@{DIGEST}", False),
        (UNKNOWN, False),
    ],
)
def test_an_image_stays_the_same(image: Any, moves: bool) -> None:
    assert len(list(moving_tags(workload(container(image=image))))) == moves


@pytest.mark.parametrize(("image", "breaks"), [("nginx:1.29.1", True), (f"nginx:1@{DIGEST}", False), (UNKNOWN, False)])
def test_an_image_is_named_by_its_digest(image: Any, breaks: bool) -> None:
    assert len(list(missing_digests(workload(container(image=image))))) == breaks


@pytest.mark.parametrize(
    ("resources", "named"),
    [
        ({}, ["memory limit", "cpu request"]),
        ({"limits": {"cpu": "1"}}, ["memory limit"]),
        ({"limits": {"memory": "1Gi"}, "requests": {"memory": "1Gi"}}, ["cpu request"]),
        ({"limits": {"memory": "1Gi", "cpu": "1"}}, []),
        ({"limits": {"memory": UNKNOWN}, "requests": UNKNOWN}, []),
        (UNKNOWN, []),
    ],
)
def test_a_container_has_limits(resources: Any, named: list[str]) -> None:
    found = list(missing_limits(workload(container(resources=resources))))
    assert [name for name in ("memory limit", "cpu request") if any(name in each for each in found)] == named


SECURITY = container()["securityContext"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"privileged": True}, "privileged"),
        ({"allowPrivilegeEscalation": True}, "may gain privileges"),
        ({"allowPrivilegeEscalation": None}, "may gain privileges"),
        ({"runAsNonRoot": False}, "may run as root"),
        ({"runAsUser": 0}, "runs as root"),
        ({"seccompProfile": {"type": "Unconfined"}}, "seccomp"),
        ({"seccompProfile": None}, "seccomp"),
        ({"capabilities": {"drop": ["KILL"]}}, "keeps capabilities"),
        ({"capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]}}, "NET_ADMIN"),
        ({"procMount": "Unmasked"}, "procMount"),
        ({"appArmorProfile": {"type": "Unconfined"}}, "AppArmor"),
        ({"seLinuxOptions": {"type": "spc_t"}}, "SELinux"),
        ({"windowsOptions": {"hostProcess": True}}, "hostProcess"),
    ],
)
def test_a_container_is_restricted(change: dict[str, Any], said: str) -> None:
    (found,) = unrestricted(workload(container(securityContext={**SECURITY, **change})))
    assert said in found


@pytest.mark.parametrize(
    ("pod", "said"),
    [
        ({"hostNetwork": True}, "hostNetwork"),
        ({"hostPID": True}, "hostPID"),
        ({"hostIPC": True}, "hostIPC"),
        ({"volumes": [{"name": "root", "hostPath": {"path": "/"}}]}, "hostPath"),
        ({"volumes": [{"name": "share", "nfs": {"server": "a"}}]}, "nfs"),
        ({"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}}, "kernel.msgmax"),
    ],
)
def test_a_pod_is_restricted(pod: dict[str, Any], said: str) -> None:
    (found,) = unrestricted(workload(container(), pod=pod))
    assert said in found


def test_a_port_of_the_node_is_not_taken() -> None:
    (found,) = unrestricted(workload(container(ports=[{"containerPort": 80, "hostPort": 80}])))
    assert "hostPort" in found


def test_what_a_pod_sets_counts_for_its_containers() -> None:
    own = {name: value for name, value in SECURITY.items() if name not in ("runAsNonRoot", "seccompProfile")}
    of_pod = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert list(unrestricted(workload(container(securityContext=own), pod={"securityContext": of_pod}))) == []
    assert len(list(unrestricted(workload(container(securityContext=own))))) == 2


def test_what_is_not_known_yet_breaks_nothing() -> None:
    assert list(unrestricted(workload(container(securityContext=UNKNOWN)))) == []
    unknown = dict.fromkeys((*SECURITY, "runAsUser", "procMount", "appArmorProfile"), UNKNOWN)
    assert list(unrestricted(workload(container(securityContext=unknown)))) == []
    assert list(unrestricted(workload(pod={"containers": UNKNOWN}))) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_PASSWORD", "hunter2"),
        ("password", "hunter2"),
        ("API_KEY", "hunter2"),
        ("SECRET_KEY_BASE", "hunter2"),
        ("github-token", "hunter2"),
        ("TOKEN2", "hunter2"),
        ("REDIS_URL", "redis://app:hunter2@redis:6379"),
        ("REDIS_URL", "redis://:hunter2@redis:6379"),
        ("CERTIFICATE", "-----BEGIN RSA PRIVATE KEY-----\nhunter2"),
    ],
)
def test_a_credential_is_found_and_not_repeated(name: str, value: str) -> None:
    (found,) = plain_text_credentials(workload(container(env=[{"name": name, "value": value}])))
    assert name in found
    assert "hunter2" not in found


@pytest.mark.parametrize(
    "variable",
    [
        {"name": "REDIS_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "redis", "key": "password"}}},
        {"name": "REDIS_PASSWORD", "value": "$(FROM_SECRET)"},
        {"name": "REDIS_PASSWORD", "value": ""},
        {"name": "REDIS_PASSWORD", "value": UNKNOWN},
        {"name": "REDIS_PASSWORD_FILE", "value": "/run/secrets/redis"},
        {"name": "ALLOW_EMPTY_PASSWORD", "value": "no"},
        {"name": "TOKEN_SECONDS", "value": "3600"},
        {"name": "MONKEY", "value": "caesar"},
        {"name": "PUBLIC_KEY", "value": "ssh-ed25519 AAAA"},
        {"name": "REDIS_URL", "value": "redis://redis:6379"},
        {"name": "REDIS_URL", "value": "redis://app:$(PASSWORD)@redis:6379"},
        {"name": "CONTACT", "value": "https://example.com/a:b@c"},
    ],
)
def test_what_is_no_credential_is_left_alone(variable: dict[str, Any]) -> None:
    assert list(plain_text_credentials(workload(container(env=[variable])))) == []
