"""`ServiceExposure`: what each kind of Service sends to the cluster, and what it says about itself."""

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from tests.unit.harness.recording import Recorded, Recording, run_recorded
from webtier.service_exposure import ServiceExposure, ServiceExposureArgs, ServicePort
from webtier.service_exposure.addresses import balancer_address
from webtier.service_exposure.settings import Exposure

SERVICE = "kubernetes:core/v1:Service"
SLICE = "kubernetes:discovery.k8s.io/v1:EndpointSlice"
COMPONENT = "webtier:index:ServiceExposure"
SELECTOR = {"app": "shop"}
SKIPPED = {"pulumi.com/skipAwait": "true"}


def record(exposure: dict[str, Any], ports: dict[str, Any] | None = None, **options: Any) -> Recording:
    """With a selector where the kind has pods, and one port if nothing else is said."""
    checked = TypeAdapter[Exposure](Exposure).validate_python(exposure)
    named = {name: ServicePort(**port) for name, port in (ports or {"http": {"port": 80}}).items()}
    elsewhere = exposure["kind"] in ("external_name", "endpoints")
    selector = options.pop("selector", {} if elsewhere else SELECTOR)
    args = ServiceExposureArgs(checked, named, "shop", selector=selector, labels={"team": "blue"}, **options)
    return run_recorded(lambda: ServiceExposure("front", args))


def service(exposure: dict[str, Any], ports: dict[str, Any] | None = None, **options: Any) -> Recorded:
    return record(exposure, ports, **options).one(SERVICE, "front")


def spec(exposure: dict[str, Any], ports: dict[str, Any] | None = None) -> dict[str, Any]:
    return service(exposure, ports).inputs["spec"]


def test_cluster_ip() -> None:
    assert spec({"kind": "cluster_ip"}) == {
        "type": "ClusterIP",
        "selector": SELECTOR,
        "ports": [{"name": "http", "port": 80, "targetPort": 80}],
    }


@pytest.mark.parametrize("kind", ["cluster_ip", "node_port", "load_balancer", "endpoints"])
def test_a_client_stays_with_its_pod_where_it_is_told_so(kind: str) -> None:
    addresses = {"addresses": ["192.0.2.7"]} if kind == "endpoints" else {}
    told = spec({"kind": kind, "client_ip_affinity_seconds": 600, **addresses})
    assert told["sessionAffinity"] == "ClientIP"
    assert told["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 600}}
    assert "sessionAffinity" not in spec({"kind": kind, **addresses})


def test_node_port_is_the_clusters_choice_or_a_fixed_one() -> None:
    ports = {
        "http": {"port": 80, "target_port": "web", "node_port": 30080},
        "dns": {"port": 53, "protocol": "UDP", "app_protocol": "example.com/dns"},
    }
    told = spec({"kind": "node_port", "external_traffic_policy": "Local"}, ports)
    assert told == {
        "type": "NodePort",
        "selector": SELECTOR,
        "externalTrafficPolicy": "Local",
        "ports": [
            {"name": "http", "port": 80, "targetPort": "web", "nodePort": 30080},
            {"name": "dns", "port": 53, "targetPort": 53, "protocol": "UDP", "appProtocol": "example.com/dns"},
        ],
    }


def test_load_balancer() -> None:
    made = service(
        {
            "kind": "load_balancer",
            "load_balancer_class": "example.com/internal",
            "source_ranges": ["10.0.0.0/8"],
            "annotations": {"example.com/scheme": "internal"},
        }
    )
    balancer = made.inputs
    assert balancer["metadata"]["annotations"]["example.com/scheme"] == "internal"
    assert balancer["spec"] == {
        "type": "LoadBalancer",
        "selector": SELECTOR,
        "externalTrafficPolicy": "Cluster",
        "loadBalancerClass": "example.com/internal",
        "loadBalancerSourceRanges": ["10.0.0.0/8"],
        "ports": [{"name": "http", "port": 80, "targetPort": 80}],
    }
    # It can't be changed.
    assert list(made.options.replaceOnChanges) == ["spec.loadBalancerClass"]
    assert made.options.deleteBeforeReplace is True
    assert list(service({"kind": "node_port"}).options.replaceOnChanges) == []


def test_headless() -> None:
    told = spec({"kind": "headless", "publish_not_ready_addresses": True})
    assert (told["clusterIP"], told["publishNotReadyAddresses"], told["selector"]) == ("None", True, SELECTOR)
    assert "publishNotReadyAddresses" not in spec({"kind": "headless"})


def test_external_name() -> None:
    recording = record({"kind": "external_name", "host": "db.example.com"})
    assert recording.one(SERVICE, "front").inputs["spec"] == {
        "type": "ExternalName",
        "externalName": "db.example.com",
        "ports": [{"name": "http", "port": 80, "targetPort": 80}],
    }
    assert recording.of_type(SLICE) == []


@pytest.mark.parametrize(("addresses", "family"), [(["192.0.2.7", "192.0.2.8"], "IPv4"), (["2001:db8::7"], "IPv6")])
def test_given_addresses_are_an_endpoint_slice_of_the_service(addresses: list[str], family: str) -> None:
    recording = record({"kind": "endpoints", "addresses": addresses}, {"db": {"port": 5432, "target_port": 6432}})
    told = recording.one(SERVICE, "front").inputs["spec"]
    assert told == {"type": "ClusterIP", "ports": [{"name": "db", "port": 5432, "targetPort": 6432}]}
    [made] = recording.of_type(SLICE)
    assert made.inputs["addressType"] == family
    assert made.inputs["metadata"]["name"] == f"front-{family.lower()}"
    assert made.inputs["metadata"]["labels"]["kubernetes.io/service-name"] == "front"
    # kube-proxy joins the two by the port's name.
    assert made.inputs["ports"] == [{"name": "db", "port": 6432, "protocol": "TCP"}]
    assert made.inputs["endpoints"] == [{"addresses": [each], "conditions": {"ready": True}} for each in addresses]


@pytest.mark.parametrize(
    ("exposure", "options", "waits"),
    [
        ({"kind": "cluster_ip"}, {}, False),
        ({"kind": "node_port"}, {}, False),
        ({"kind": "load_balancer"}, {}, True),
        ({"kind": "load_balancer"}, {"has_pods": False}, False),
        ({"kind": "external_name", "host": "db.example.com"}, {}, False),
        ({"kind": "endpoints", "addresses": ["192.0.2.7"]}, {}, False),
    ],
)
def test_pulumi_waits_for_nothing_but_a_balancers_address_and_not_for_long(
    exposure: dict[str, Any], options: dict[str, Any], waits: bool
) -> None:
    made = service(exposure, **options)
    annotations = made.inputs["metadata"]["annotations"]
    if waits:
        assert "{.status.loadBalancer.ingress[0]}" in annotations["pulumi.com/waitFor"]
    else:
        assert annotations == SKIPPED
    assert (made.options.customTimeouts.create, made.options.customTimeouts.update) == ("5m", "5m")


def test_labels_are_the_recommended_ones_and_the_users() -> None:
    recording = record({"kind": "endpoints", "addresses": ["192.0.2.7"]})
    for made in (*recording.of_type(SERVICE), *recording.of_type(SLICE)):
        labels = made.inputs["metadata"]["labels"]
        assert labels["team"] == "blue"
        assert labels["app.kubernetes.io/name"] == "front"
        assert labels["app.kubernetes.io/managed-by"] == "pulumi"
        assert made.parent_name == "front"


@pytest.mark.parametrize(
    ("exposure", "selector"),
    [({"kind": "cluster_ip"}, {}), ({"kind": "external_name", "host": "db.example.com"}, SELECTOR)],
)
def test_a_selector_is_needed_or_refused(exposure: dict[str, Any], selector: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="selector"):
        record(exposure, selector=selector)


def test_ports_that_do_not_fit_are_refused_without_a_config_too() -> None:
    with pytest.raises(ValidationError, match="the kind 'headless' has no address"):
        record({"kind": "headless"}, {"http": {"port": 80, "node_port": 30080}})


@pytest.mark.parametrize(("address", "shown"), [("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "[2001:db8::1]")])
def test_outputs_say_where_it_answers(address: str, shown: str) -> None:
    ports = {"http": {"port": 80, "node_port": 30080}, "https": {"port": 443, "node_port": 30443}}
    recording = record({"kind": "node_port"}, ports, node_address=address)
    assert recording.outputs[recording.one(COMPONENT, "front").urn] == {
        "service_name": "front",
        "host": "front.shop.svc",
        "external_endpoints": {"http": f"{shown}:30080", "https": f"{shown}:30443"},
    }
    for exposure in ({"kind": "cluster_ip"}, {"kind": "load_balancer"}):
        recording = record(exposure, node_address=address)
        assert recording.outputs[recording.one(COMPONENT, "front").urn]["external_endpoints"] == {}


def test_a_load_balancer_is_known_by_its_name_or_address() -> None:
    def status(**entry: str | None) -> Any:
        return SimpleNamespace(load_balancer=SimpleNamespace(ingress=[SimpleNamespace(**entry)]))

    assert balancer_address(status(hostname=None, ip="203.0.113.7")) == "203.0.113.7"
    assert balancer_address(status(hostname="lb.example.com", ip=None)) == "lb.example.com"
    assert balancer_address(None) is None
