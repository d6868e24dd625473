"""The whole program, once for each stack: what it would register, and what it exports."""

import json
import os
import re
import runpy
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from environment.settings.report import SettingsError
from tests.unit.environment.stack_files import PASSWORD, PROJECT, STACKS, engine_config, stack_config
from tests.unit.harness import recording as recording_module
from tests.unit.harness.recording import Recorded, Recording, run_recorded

NAMESPACE = "kubernetes:core/v1:Namespace"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
JOB = "kubernetes:batch/v1:Job"
INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
SERVICE = "kubernetes:core/v1:Service"
RBAC = "kubernetes:rbac.authorization.k8s.io/v1"
PROVIDER = "pulumi:providers:kubernetes"
AMBIENT_KUBECONFIG = "/home/somebody/.kube/config"
WORKLOADS = (DEPLOYMENT, STATEFUL_SET, JOB)
PUBLIC_IMAGES = {
    "docker.io/library/redis:8.2.1-bookworm",
    "docker.io/nginxinc/nginx-unprivileged:1.29.1-bookworm",
    "registry.k8s.io/ingress-nginx/controller:v1.15.1",
    "docker.io/library/python:3.13.7-slim-bookworm",
    "docker.io/oliver006/redis_exporter:v1.74.0",
}


@pytest.fixture(autouse=True)
def files_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "redis-password").write_text(PASSWORD)
    (folder / "kubeconfig").touch()
    monkeypatch.setenv("WEBTIER_KUBECONFIG", str(folder / "kubeconfig"))
    monkeypatch.setenv("KUBECONFIG", AMBIENT_KUBECONFIG)
    monkeypatch.setenv("WEBTIER_REDIS_PASSWORD_FILE", str(folder / "redis-password"))


def run(stack: str, **changes: str) -> Recording:
    config = {**engine_config(stack), **{f"webtier:{key}": value for key, value in changes.items()}}
    return run_recorded(
        lambda: runpy.run_path(str(PROJECT / "__main__.py"), run_name="__main__"),
        config=config,
        secret_config=["webtier:redis_password"],
        stack=stack,
    )


@cache
def recorded(stack: str) -> Recording:
    return run(stack)


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    return request.param


def pod_specs(recording: Recording) -> Iterator[tuple[Recorded, dict[str, Any]]]:
    for kind in WORKLOADS:
        for workload in recording.of_type(kind):
            yield workload, workload.inputs["spec"]["template"]["spec"]


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod.get("initContainers", []), *pod["containers"]]


def test_outputs_are_the_documented_ones(stack: str) -> None:
    exports = recorded(stack).exports
    always = {"namespace", "routes", "redis_endpoint", "redis_username", "redis_password", "standalone_redis"}
    addresses = {"ingress_url", "ingress_https_url", "redis_external"}
    assert always <= set(exports) <= always | addresses
    assert exports["namespace"] == "webtier"
    assert re.fullmatch(r"[a-z0-9.-]+:6379", exports["redis_endpoint"])


def test_local_outputs_have_the_nodes_address() -> None:
    exports, address = recorded("local").exports, stack_config("local")["node_address"]
    assert exports["ingress_url"] == f"http://{address}:31234"
    assert exports["ingress_https_url"] == f"https://{address}:31235"
    assert exports["redis_external"] == f"{address}:30010"
    # The recording leaves out what is null.
    assert [{"host": None, **route} for route in exports["routes"]] == [
        {"host": None, "path": path, "backend": backend, "url": f"http://{address}:31234{path}"}
        for path, backend in (("/user", "user-v1"), ("/pay", "pay-v1"), ("/", "user-v1"))
    ]


def test_routes_without_a_url_of_their_own_have_none() -> None:
    routes = [
        {"path": "/a", "redirect": {"to": "https://new.example"}},
        {"path": "/b/[0-9]+", "match": "regex", "backend": "user-v1"},
        {"host": "*.example", "path": "/", "backend": "pay-v1"},
        {"host": "a.example", "path": "/", "match": "exact", "backend": "pay-v1"},
    ]
    address = stack_config("local")["node_address"]
    assert [
        (route.get("host"), route["path"], route.get("backend"), route.get("url"))
        for route in run("local", routes=json.dumps(routes)).exports["routes"]
    ] == [
        (None, "/a", None, f"http://{address}:31234/a"),
        (None, "/b/[0-9]+", "user-v1", None),
        ("*.example", "/", "pay-v1", None),
        ("a.example", "/", "pay-v1", "http://a.example:31234/"),
        (None, "/", "user-v1", f"http://{address}:31234/"),
        ("a.example", "/", "user-v1", "http://a.example:31234/"),
    ]


def test_password_is_a_secret_wherever_it_is(stack: str) -> None:
    recording = recorded(stack)
    assert "redis_password" in recording.secret_exports
    for resource in recording.resources:
        open_inputs = {key: value for key, value in resource.inputs.items() if key not in resource.secret_inputs}
        assert PASSWORD not in repr(open_inputs), resource.name


def test_everything_goes_to_the_one_cluster_that_the_config_names(stack: str) -> None:
    recording = recorded(stack)
    [provider] = recording.of_type(PROVIDER)
    contexts = {"local": "webtier-local", "dev": "kind-webtier", "staging": "staging", "prod": "prod"}
    assert provider.inputs["context"] == contexts[stack]
    for resource in recording.resources:
        if resource.type.startswith("kubernetes:"):
            assert resource.options.provider.startswith(provider.urn), resource.name


def test_provider_changes_config_maps_in_place() -> None:
    [provider] = recorded("dev").of_type(PROVIDER)
    # Providers take every value as text.
    assert provider.inputs["enableConfigMapMutable"] in (True, "true")
    assert provider.inputs["enableServerSideApply"] in (True, "true")


def test_local_never_uses_the_ambient_kubeconfig() -> None:
    used = {stack: recorded(stack).of_type(PROVIDER)[0].inputs["kubeconfig"] for stack in ("local", "dev")}
    assert used == {"local": os.environ["WEBTIER_KUBECONFIG"], "dev": AMBIENT_KUBECONFIG}


def test_namespaces_admit_restricted_pods_only(stack: str) -> None:
    namespaces = recorded(stack).of_type(NAMESPACE)
    assert {namespace.inputs["metadata"]["name"] for namespace in namespaces} == {"webtier", "ingress-nginx"}
    for namespace in namespaces:
        labels = namespace.inputs["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


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


def test_a_stopped_service_that_answers_for_rules_is_warned_of() -> None:
    services = stack_config("dev")["services"]
    services["user-v1"]["replicas"] = 0
    warnings = run("dev", services=json.dumps(services), default_backend="user-v1").warnings
    [warning] = [each for each in warnings if each.startswith("default_backend is user-v1")]
    assert "services.user-v1.replicas is 0: requests that it is for are answered with 503" in warning
    assert not [each for each in recorded("dev").warnings if "replicas is 0" in each and "services." in each]


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


def test_every_ingress_waits_for_the_ready_controller_and_its_webhook(stack: str) -> None:
    recording = recorded(stack)
    ingresses = recording.of_type(INGRESS)
    needed = {
        recording.one(DEPLOYMENT, "ingress-nginx-controller").urn,
        recording.one(
            "kubernetes:admissionregistration.k8s.io/v1:ValidatingWebhookConfiguration", "ingress-nginx-admission"
        ).urn,
    }
    assert sorted(ingress.name.rpartition("-")[0] for ingress in ingresses) == [
        "routes-known",
        "routes-pay",
        "routes-root",
        "routes-user",
    ]
    for ingress in ingresses:
        assert needed <= set(ingress.options.dependencies)


def test_the_controller_serves_the_stacks_namespace_unless_it_is_to_serve_all(stack: str) -> None:
    arguments = controller(recorded(stack))["containers"][0]["args"]
    assert "--watch-namespace=webtier" in arguments
    assert recorded(stack).one(f"{RBAC}:Role", "ingress-nginx-watched").inputs["metadata"]["namespace"] == "webtier"
    everywhere = run("dev", ingress='{"watch": "all"}')
    assert not [flag for flag in controller(everywhere)["containers"][0]["args"] if "watch-namespace" in flag]


def controller(recording: Recording) -> dict[str, Any]:
    return recording.one(DEPLOYMENT, "ingress-nginx-controller").inputs["spec"]["template"]["spec"]


def test_prod_has_several_controllers_with_a_budget_and_time_to_end() -> None:
    recording = recorded("prod")
    assert recording.one(DEPLOYMENT, "ingress-nginx-controller").inputs["spec"]["replicas"] >= 2
    assert recording.one("kubernetes:policy/v1:PodDisruptionBudget", "ingress-nginx-controller")
    assert controller(recording)["terminationGracePeriodSeconds"] == 300


def test_only_prod_has_accepted_that_the_controller_is_retired(stack: str) -> None:
    warnings = [warning for warning in recorded(stack).warnings if "ingress-nginx" in warning]
    assert len(warnings) == (0 if stack == "prod" else 1)


def test_with_somebody_elses_controller_rules_have_its_class_and_none_is_installed() -> None:
    ingress = {"install": False, "class_name": "other", "http_url": "http://shop.example:8080"}
    recording = run("dev", ingress=json.dumps(ingress))
    ingresses = recording.of_type(INGRESS)
    # Two rules, the default backend, and all that are known.
    assert len(ingresses) == 4
    assert {each.inputs["spec"]["ingressClassName"] for each in ingresses} == {"other"}
    assert {each.inputs["metadata"]["name"] for each in recording.of_type(NAMESPACE)} == {"webtier"}
    assert not [each.name for each in recording.resources if "ingress-nginx" in each.name]
    assert not [each for each in recording.warnings if "ingress-nginx" in each]
    exports = recording.exports
    assert (exports["ingress_url"], exports.get("ingress_https_url")) == ("http://shop.example:8080", None)
    assert exports["routes"][0]["url"] == "http://shop.example:8080/user"
    assert run("dev", ingress='{"install": false, "class_name": "other"}').exports.get("ingress_url") is None


def test_the_ca_of_a_generated_certificate_is_an_output() -> None:
    ingress = {"default_certificate": {"kind": "generated", "names": ["a.example"]}}
    exported = run("dev", ingress=json.dumps(ingress)).exports["ingress_ca_certificate"]
    assert exported.startswith("-----BEGIN CERTIFICATE-----")
    assert recorded("dev").exports.get("ingress_ca_certificate") is None


def test_backends_of_the_routes_are_services_of_the_stack(stack: str) -> None:
    recording = recorded(stack)
    services = {service.inputs["metadata"]["name"] for service in recording.of_type(SERVICE)}
    for ingress in recording.of_type(INGRESS):
        for path in ingress.inputs["spec"]["rules"][0]["http"]["paths"]:
            assert path["backend"]["service"]["name"] in services


def test_node_ports_are_those_of_the_issue_and_none_is_used_twice(stack: str) -> None:
    ports = [
        port["nodePort"]
        for service in recorded(stack).of_type(SERVICE)
        for port in service.inputs["spec"]["ports"]
        if "nodePort" in port
    ]
    assert len(ports) == len(set(ports))
    of_pods = {30100 + 22 * shard + port for shard in range(3) for port in range(4)} if stack == "local" else set()
    assert set(ports) - of_pods == ({30010, 31234, 31235} if stack in ("local", "dev") else {30010})
    assert of_pods <= set(ports)


def test_deletion_is_refused_in_prod_only(stack: str) -> None:
    recording = recorded(stack)
    data = {"webtier", *(one.name for one in recording.of_type(STATEFUL_SET))}
    protected = {resource.name for resource in recording.resources if resource.options.protect}
    if stack == "prod":
        assert data <= protected
    else:
        assert protected == set()


def test_prod_keeps_a_shards_pods_on_different_nodes() -> None:
    for shard in recorded("prod").of_type(STATEFUL_SET):
        affinity = shard.inputs["spec"]["template"]["spec"]["affinity"]["podAntiAffinity"]
        assert affinity["requiredDuringSchedulingIgnoredDuringExecution"]


def test_names_and_settings_of_a_stack_do_not_depend_on_the_run(stack: str) -> None:
    def comparable(recording: Recording) -> dict[str, Any]:
        # The webhook's certificate and the seed of Redis' internal passwords are others in each run; the engine
        # ignores them, and with them what is made of the seed.
        made_anew = {"ingress-nginx-admission", "redis-internal", "redis-auth"}
        return {resource.urn: resource.inputs for resource in recording.resources if resource.name not in made_anew}

    assert comparable(run(stack)) == comparable(recorded(stack))


@pytest.mark.parametrize(
    "changes",
    [
        {"services": '{"user-v1": {"image": "a:1", "replicas": -1}}'},
        {"routes": '[{"path": "/a/", "backend": "user-v1"}]'},
        {"routes": '[{"path": "/a", "backend": "user-v1"}, {"path": "/.*", "match": "regex", "backend": "pay-v1"}]'},
        {"hosts": '{"a.example": {}}'},
    ],
)
def test_wrong_settings_stop_it_before_it_registers_anything(
    changes: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monitor = recording_module._RecordingMonitor  # pyright: ignore[reportPrivateUsage]
    register, registered = monitor.RegisterResource, list[str]()

    def register_and_note(self: Any, request: Any) -> Any:
        registered.append(request.type)
        return register(self, request)

    monkeypatch.setattr(monitor, "RegisterResource", register_and_note)
    with pytest.raises(SettingsError, match="nothing was changed"):
        run("dev", **changes)
    assert set(registered) <= {"pulumi:pulumi:Stack"}


def test_one_field_manager_applies_every_object(stack: str) -> None:
    """A name that the provider makes up is lost in a cut-off update, whose objects then conflict with themselves."""
    objects = [resource for resource in recorded(stack).resources if "metadata" in resource.inputs]
    assert len(objects) > 30
    for resource in objects:
        annotations = resource.inputs["metadata"].get("annotations", {})
        assert annotations.get("pulumi.com/patchFieldManager") == f"webtier-{stack}", resource.name


def test_with_a_gateway_rules_are_its_routes_and_no_controller_is_installed() -> None:
    routing = {"kind": "gateway", "gateway": "web", "namespace": "edge"}
    recording = run("local", routing=json.dumps(routing))
    routes = recording.of_type("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute")
    assert {route.inputs["metadata"]["namespace"] for route in routes} == {"webtier"}
    assert {parent["namespace"] for route in routes for parent in route.inputs["spec"]["parentRefs"]} == {"edge"}
    assert len(routes) == 3
    assert recording.of_type(INGRESS) == recording.of_type("kubernetes:networking.k8s.io/v1:IngressClass") == []
    assert {namespace.inputs["metadata"]["name"] for namespace in recording.of_type(NAMESPACE)} == {"webtier"}
    # The recording leaves out what is null.
    assert not {"ingress_url", "ingress_https_url"} & set(recording.exports)
    assert [route.get("url") for route in recording.exports["routes"]] == [None] * 3
