"""The examples, as far as they can be tried without a cluster."""

import json
import runpy
from typing import Any

import pytest
import yaml

from tests.unit.environment.stack_files import PROJECT
from tests.unit.harness.recording import Recording, run_recorded

EXAMPLES = sorted(file.parent for file in (PROJECT / "examples").glob("*/Pulumi.yaml"))
SERVICE = "kubernetes:core/v1:Service"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
NEEDED = {"context": "some", "addresses": ["192.0.2.7"], "port": 8000}


def run(name: str, **settings: Any) -> Recording:
    """With the defaults of its Pulumi.yaml, as the engine would hand them over."""
    project = yaml.safe_load((PROJECT / "examples" / name / "Pulumi.yaml").read_text())
    values = {key: declared.get("default", NEEDED.get(key)) for key, declared in project["config"].items()}
    values.update(settings)
    return run_recorded(
        lambda: runpy.run_path(str(PROJECT / "examples" / name / "__main__.py"), run_name="__main__"),
        config={
            f"{project['name']}:{key}": value if isinstance(value, str) else json.dumps(value)
            for key, value in values.items()
        },
        project=project["name"],
    )


def types(recording: Recording) -> dict[str, str]:
    return {each.name: each.inputs["spec"].get("type", "") for each in recording.of_type(SERVICE)}


@pytest.mark.parametrize("name", [example.name for example in EXAMPLES])
def test_all_is_in_a_namespace_of_the_examples_own(name: str) -> None:
    recording = run(name)
    placed = [each.inputs["metadata"] for each in recording.resources if "metadata" in each.inputs]
    assert {metadata.get("namespace", metadata["name"]) for metadata in placed} == {f"example-{name}"}
    assert recording.exports["namespace"] == f"example-{name}"
    readme = (PROJECT / "examples" / "README.md").read_text()
    assert f"[{name}]({name}/__main__.py)" in readme


def test_only_the_service_changes_when_it_is_reached_in_another_way() -> None:
    inside, outside = run("reach"), run("reach", exposure="node_port", node_address="192.0.2.1")
    assert (types(inside), types(outside)) == ({"hello": "ClusterIP"}, {"hello": "NodePort"})
    assert inside.one(DEPLOYMENT, "hello").inputs == outside.one(DEPLOYMENT, "hello").inputs
    assert inside.exports["inside"] == outside.exports["inside"] == "http://hello.example-reach.svc:80"


def test_scaling_changes_nothing_but_the_number() -> None:
    one, two = (run("scale", replicas=count).one(DEPLOYMENT, "hello").inputs["spec"] for count in (1, 2))
    assert (one.pop("replicas"), two.pop("replicas")) == (1, 2)
    assert one == two


def test_labels_tell_application_and_version() -> None:
    told = {
        each.name: [each.inputs["metadata"]["labels"].get(f"app.kubernetes.io/{key}") for key in ("name", "version")]
        for each in run("labels").of_type(SERVICE)
    }
    assert told == {"user-v1": ["user", "v1"], "user-v2": ["user", "v2"], "pay-v1": ["pay", "v1"]}


def test_services_lead_elsewhere() -> None:
    recording = run("elsewhere")
    assert types(recording) == {"hello": "ClusterIP", "alias": "ExternalName", "outside": "ClusterIP"}
    alias = recording.one(SERVICE, "alias").inputs["spec"]
    assert alias["externalName"] == "hello.example-elsewhere.svc.cluster.local"
