"""What rules, services and the controller can only get wrong together: refused, or noted where it may be meant."""

from typing import Any

import pytest

from environment.checks.traffic_checks import stack_notes
from tests.unit.environment.changed_stack import parse, report

WEB = {"image": "registry.example/web:1"}


def with_port(protocol: str | None, **service: Any) -> dict[str, Any]:
    """Services of which user-v1 has a second port that speaks this."""
    ports = {"http": {"port": 8080}, "other": {"port": 9090, "app_protocol": protocol}}
    return {"user-v1": {**WEB, "ports": ports, **service}, "pay-v1": WEB}


def to_other() -> list[dict[str, Any]]:
    return [{"path": "/a", "backend": {"service": "user-v1", "port": "other"}}]


@pytest.mark.parametrize("protocol", ["kubernetes.io/h2c", "kubernetes.io/wss", "https", "grpc", "postgresql"])
def test_a_rule_does_not_lead_to_what_ingress_nginx_can_not_speak(protocol: str) -> None:
    lines = report(services=with_port(protocol), routes=to_other())
    assert lines[2] == f'  webtier:services.user-v1.ports.other.app_protocol = "{protocol}"'
    assert "routes[0].backend leads to this port, and ingress-nginx asks it in HTTP/1.1 without TLS" in lines[3]
    assert "allowed: null, 'http' or 'kubernetes.io/ws'" in lines[3]
    assert len(lines) == 6


@pytest.mark.parametrize("protocol", [None, "http", "kubernetes.io/ws", "example.com/own"])
def test_a_rule_leads_to_what_may_be_http(protocol: str | None) -> None:
    assert parse(services=with_port(protocol), routes=to_other()).routes


def test_a_port_that_no_rule_leads_to_may_speak_anything() -> None:
    assert parse(services=with_port("grpc"), routes=[{"path": "/a", "backend": "user-v1"}]).routes
    gateway = {"kind": "gateway", "gateway": "web"}
    assert parse(services=with_port("kubernetes.io/h2c"), routes=to_other(), routing=gateway, ingress={}).routes


@pytest.mark.parametrize(
    ("rule", "setting"),
    [
        ({"canary": {"kind": "weight", "backend": {"service": "tls", "port": "https"}, "weight": 1}}, "canary.backend"),
        ({"error_pages": {"codes": [404], "backend": "tls"}}, "error_pages.backend"),
    ],
)
def test_canaries_and_error_pages_are_led_to_too(rule: dict[str, Any], setting: str) -> None:
    ports = {"https": {"port": 443, "app_protocol": "https"}}
    tls = {"target": {"kind": "endpoints", "addresses": ["192.0.2.7"]}, "ports": ports}
    routes = [{"path": "/a", "backend": "user-v1", **rule}]
    lines = report(services=with_port(None), external_services={"tls": tls}, routes=routes)
    assert lines[2] == '  webtier:external_services.tls.ports.https.app_protocol = "https"'
    assert f"routes[0].{setting} leads to this port" in lines[3]


LISTS = {"access": {"deny": ["192.0.2.0/24"]}}
LIMITS = {"limits": {"rps": 5}}


def asking(rule: dict[str, Any], **config: str) -> dict[str, Any]:
    return {
        "services": with_port(None),
        "routes": [{"path": "/a", "backend": "user-v1", **rule}],
        "ingress": {"config": config},
    }


@pytest.mark.parametrize("option", ["use-forwarded-headers", "enable-real-ip", "use-proxy-protocol"])
@pytest.mark.parametrize(("rule", "key"), [(LISTS, "access"), (LIMITS, "limits")])
def test_no_header_decides_who_is_let_in(option: str, rule: dict[str, Any], key: str) -> None:
    lines = report(**asking(rule, **{option: "true"}))
    assert lines[2] == f'  webtier:ingress.config.{option} = "true"'
    assert (
        f"every client could then say its own address in {'the PROXY' if 'proxy' in option else 'a header'}" in lines[3]
    )
    assert f"routes[0].{key} goes by it; allowed: proxy-real-ip-cidr with the addresses of the proxies" in lines[3]
    assert parse(**asking(rule, **{option: "true", "proxy-real-ip-cidr": "10.0.0.0/8"}))
    assert parse(**asking(rule, **{option: "false"}))
    assert parse(**asking({}, **{option: "true"}))


@pytest.mark.parametrize("everybody", ["0.0.0.0/0", "10.0.0.0/8, ::/0", "0.0.0.0/1,128.0.0.0/1"])
def test_trusted_proxies_are_not_everybody(everybody: str) -> None:
    lines = report(**asking(LISTS, **{"use-forwarded-headers": "true", "proxy-real-ip-cidr": everybody}))
    assert lines[2] == f'  webtier:ingress.config.proxy-real-ip-cidr = "{everybody}"'


def test_a_list_of_the_controller_goes_by_the_address_too() -> None:
    lines = report(**asking({}, **{"use-forwarded-headers": "true", "denylist-source-range": "192.0.2.0/24"}))
    assert "ingress.config.denylist-source-range goes by it" in lines[3]


def test_a_service_without_pods_behind_a_rule_is_noted() -> None:
    services = {**with_port(None, replicas=0), "errors": {**WEB, "replicas": 0}}
    routes = [
        {"path": "/a", "backend": "pay-v1", "error_pages": {"codes": [404], "backend": "errors"}},
        {"path": "/b", "backend": "pay-v1"},
    ]
    notes = list(stack_notes(parse(services=services, routes=routes, default_backend="user-v1")))
    assert notes == [
        "routes[0].error_pages.backend is errors, and services.errors.replicas is 0: the errors are answered with 503",
        "default_backend is user-v1, and services.user-v1.replicas is 0: requests that it is for are answered with 503",
    ]
    scaled = with_port(None, autoscaling={"min": 1, "max": 2})
    assert list(stack_notes(parse(services=scaled, routes=[], default_backend="user-v1"))) == []
