"""The pods of each stack and the Services before them: Redis, the web services, what is elsewhere."""

import json
from collections.abc import Iterator
from typing import Any

from tests.unit.environment.program.recorded_program import (
    DEPLOYMENT,
    INGRESS,
    SERVICE,
    STATEFUL_SET,
    recorded,
    run,
)
from tests.unit.environment.stack_files import stack_config
from tests.unit.harness.recording import Recorded, Recording

WORKLOADS = (DEPLOYMENT, STATEFUL_SET, "kubernetes:batch/v1:Job")
PUBLIC_IMAGES = {
    "docker.io/library/redis:8.2.10-bookworm",
    "docker.io/nginxinc/nginx-unprivileged:1.30.5-trixie",
    "registry.k8s.io/ingress-nginx/controller:v1.15.1",
    "docker.io/library/python:3.13.7-slim-bookworm",
    "docker.io/oliver006/redis_exporter:v1.74.0",
}


def pod_specs(recording: Recording) -> Iterator[tuple[Recorded, dict[str, Any]]]:
    for kind in WORKLOADS:
        for workload in recording.of_type(kind):
            yield workload, workload.inputs["spec"]["template"]["spec"]


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod.get("initContainers", []), *pod["containers"]]


def test_every_container_fits_the_restricted_standard(stack: str) -> None:
    for workload, pod in pod_specs(recorded(stack)):
        assert pod["securityContext"]["runAsNonRoot"] is True, workload.name
        assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault", workload.name
        for container in containers(pod):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, (workload.name, container["name"])
            assert context["capabilities"]["drop"] == ["ALL"], (workload.name, container["name"])
            assert set(context["capabilities"].get("add", [])) <= {"NET_BIND_SERVICE"}
            assert not context.get("privileged")


def test_every_container_says_what_it_needs_and_may_have(stack: str) -> None:
    for workload, pod in pod_specs(recorded(stack)):
        for container in containers(pod):
            assert {"cpu", "memory"} <= set(container["resources"]["requests"]), workload.name
            assert "memory" in container["resources"]["limits"], workload.name


def test_images_are_local_or_official_and_never_pulled_again(stack: str) -> None:
    found = [container for _, pod in pod_specs(recorded(stack)) for container in containers(pod)]
    assert {container["imagePullPolicy"] for container in found} == {"IfNotPresent"}
    images = {container["image"] for container in found}
    if stack == "local":
        assert all(image.startswith("webtier.local/") and image.endswith(":debian-12") for image in images)
    else:
        assert images <= PUBLIC_IMAGES


def test_redis_has_a_stateful_set_for_each_shard(stack: str) -> None:
    sets = recorded(stack).of_type(STATEFUL_SET)
    assert len(sets) == 3
    assert {one.inputs["spec"]["replicas"] for one in sets} == {3 if stack == "prod" else 2}


def test_prod_keeps_a_shards_pods_on_different_nodes() -> None:
    for shard in recorded("prod").of_type(STATEFUL_SET):
        affinity = shard.inputs["spec"]["template"]["spec"]["affinity"]["podAntiAffinity"]
        assert affinity["requiredDuringSchedulingIgnoredDuringExecution"]


def test_single_redis_are_made_and_exported_by_name() -> None:
    recording = run("local", standalone_redis='{"sessions": {"access": {"node_port": 30020}}, "jobs": {}}')
    address = stack_config("local")["node_address"]
    exported = recording.exports["standalone_redis"]
    assert {name: (single["endpoint"], single.get("external")) for name, single in exported.items()} == {
        "sessions": ("sessions.webtier.svc.cluster.local:6379", f"{address}:30020"),
        "jobs": ("jobs.webtier.svc.cluster.local:6379", None),
    }
    passwords = {single["password"] for single in exported.values()}
    assert len(passwords) == 2
    for name in exported:
        assert recording.one(STATEFUL_SET, name).inputs["metadata"]["namespace"] == "webtier"
    assert recorded("local").exports["standalone_redis"] == {}


def test_external_services_are_made_and_given_addresses_can_be_routed_to() -> None:
    external = {
        "ledger": {
            "target": {"kind": "endpoints", "addresses": ["192.0.2.7"]},
            "ports": {"http": {"port": 80, "target_port": 8080}},
        },
        "mail": {"target": {"kind": "external_name", "host": "mail.example.com"}},
    }
    recording = run(
        "local", external_services=json.dumps(external), routes='[{"path": "/ledger", "backend": "ledger"}]'
    )
    for name, kind in (("ledger", "ClusterIP"), ("mail", "ExternalName")):
        service = recording.one(SERVICE, name).inputs
        assert (service["metadata"]["namespace"], service["spec"]["type"]) == ("webtier", kind)
    backends = {
        path["path"]: path["backend"]["service"]
        for ingress in recording.of_type(INGRESS)
        for each in ingress.inputs["spec"].get("rules", ())
        for path in each["http"]["paths"]
    }
    assert backends[r"/(?-i:ledger)(?:/|\z)"] == {"name": "ledger", "port": {"number": 80}}


def test_web_services_have_their_replicas() -> None:
    expected = {
        "local": {"user-v1": 3, "pay-v1": 2},
        "dev": {"user-v1": 1, "pay-v1": 1},
        "staging": {"user-v1": 2, "pay-v1": 2},
        "prod": {"user-v1": 4, "pay-v1": 3},
    }
    for name, replicas in expected.items():
        for service, count in replicas.items():
            assert recorded(name).one(DEPLOYMENT, service).inputs["spec"]["replicas"] == count


def test_node_ports_are_those_of_the_issue_and_none_is_used_twice(stack: str) -> None:
    ports = [
        port["nodePort"]
        for service in recorded(stack).of_type(SERVICE)
        for port in service.inputs["spec"]["ports"]
        if "nodePort" in port
    ]
    assert len(ports) == len(set(ports))
    of_pods = {30100 + 22 * shard + port for shard in range(3) for port in range(4)} if stack == "local" else set[int]()
    # The ingress is a LoadBalancer in the other two, and Redis is for the cluster alone in production.
    of_redis = set[int]() if stack == "prod" else {30010}
    assert set(ports) - of_pods == of_redis | ({31234, 31235} if stack in ("local", "dev") else set[int]())
    assert of_pods <= set(ports)
