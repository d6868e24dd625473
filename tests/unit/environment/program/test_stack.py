"""What every stack exports, and what holds for all that it registers."""

import json
import os
import re
from typing import Any

import pytest

from environment.settings.report import SettingsError
from tests.unit.environment.program.recorded_program import (
    AMBIENT_KUBECONFIG,
    NAMESPACE,
    STATEFUL_SET,
    recorded,
    run,
)
from tests.unit.environment.stack_files import PASSWORD, stack_config
from tests.unit.harness import recording as recording_module
from tests.unit.harness.recording import Recording

PROVIDER = "pulumi:providers:kubernetes"


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


def test_deletion_is_refused_in_prod_only(stack: str) -> None:
    recording = recorded(stack)
    data = {"webtier", *(one.name for one in recording.of_type(STATEFUL_SET))}
    protected = {resource.name for resource in recording.resources if resource.options.protect}
    if stack == "prod":
        assert data <= protected
    else:
        assert protected == set()


def test_names_and_settings_of_a_stack_do_not_depend_on_the_run(stack: str) -> None:
    def comparable(recording: Recording) -> dict[str, Any]:
        # The webhook's certificate and the seed of Redis' internal passwords are others in each run; the engine
        # ignores them, and with them what is made of the seed: the Job's name too, and the goal that has it.
        made_anew = {"ingress-nginx-admission", "redis-internal", "redis-auth", "redis-goal"}
        found = {each.urn: each.inputs for each in recording.resources if each.name not in made_anew}
        (job,) = (urn for urn in found if urn.endswith("::redis-converge"))
        metadata = {key: value for key, value in found[job]["metadata"].items() if key != "name"}
        return {**found, job: {**found[job], "metadata": metadata}}

    assert comparable(run(stack)) == comparable(recorded(stack))


def test_one_field_manager_applies_every_object(stack: str) -> None:
    """A name that the provider makes up is lost in a cut-off update, whose objects then conflict with themselves."""
    objects = [resource for resource in recorded(stack).resources if "metadata" in resource.inputs]
    assert len(objects) > 30
    for resource in objects:
        annotations = resource.inputs["metadata"].get("annotations", {})
        assert annotations.get("pulumi.com/patchFieldManager") == f"webtier-{stack}", resource.name


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
