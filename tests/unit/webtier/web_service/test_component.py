"""`WebService`: its Service and outputs, and how its objects are named, labelled and selected."""

from typing import Any

import pytest

from tests.unit.webtier.web_service.service_objects import DEPLOYMENT, IMAGE, SERVICE, container, pod, record

ACCOUNT = "kubernetes:core/v1:ServiceAccount"


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


def test_pods_have_an_account_without_rights_or_a_token() -> None:
    recording = record()
    account = recording.one(ACCOUNT, "user-v1").inputs
    assert account["automountServiceAccountToken"] is False
    assert pod(recording)["serviceAccountName"] == "user-v1"
    named = record(service_account={"name": "shop", "mount_token": True})
    assert named.of_type(ACCOUNT) == []
    assert pod(named)["serviceAccountName"] == "shop"
    assert pod(named)["automountServiceAccountToken"] is True
