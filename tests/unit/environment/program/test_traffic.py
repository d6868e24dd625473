"""What lets requests in: the controller, Ingresses or the routes of a Gateway."""

import json
from typing import Any

from tests.unit.environment.program.recorded_program import (
    DEPLOYMENT,
    INGRESS,
    NAMESPACE,
    SERVICE,
    recorded,
    run,
)
from tests.unit.environment.stack_files import stack_config
from tests.unit.harness.recording import Recording

RBAC = "kubernetes:rbac.authorization.k8s.io/v1"


def controller(recording: Recording) -> dict[str, Any]:
    return recording.one(DEPLOYMENT, "ingress-nginx-controller").inputs["spec"]["template"]["spec"]


def test_a_stopped_service_that_answers_for_rules_is_warned_of() -> None:
    services = stack_config("dev")["services"]
    services["user-v1"]["replicas"] = 0
    warnings = run("dev", services=json.dumps(services), default_backend="user-v1").warnings
    [warning] = [each for each in warnings if each.startswith("default_backend is user-v1")]
    assert "services.user-v1.replicas is 0: requests that it is for are answered with 503" in warning
    assert not [each for each in recorded("dev").warnings if "replicas is 0" in each and "services." in each]


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
