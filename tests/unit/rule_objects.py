"""Rules, compiled to the objects that the stand-in of the controller takes."""

from collections.abc import Iterable, Mapping
from typing import Any

from components.path_rules import Backend, GatewayRouting, HostSettings, PathRule, RuleSet
from components.path_rules.gateway_api import fields_of
from components.path_rules.render_http_route import compile_routes
from components.path_rules.render_ingress import CompiledIngress, compile_rules
from tests.unit.gateway import HttpRoute
from tests.unit.ingress_nginx import IngressObject

PORTS = {"user-v1": ["http", "admin"], "user-v2": ["http"], "pay-v1": ["http"], "errors": ["http"]}
"""Web services and the names of their ports."""


def rule(path: str, backend: Any = "user-v1", **more: Any) -> PathRule:
    given = {"path": path, "backend": backend, **more}
    return PathRule.model_validate({key: value for key, value in given.items() if value is not None})


def rule_set(rules: Iterable[PathRule], hosts: Mapping[str, Any] | None = None, default: str = "pay-v1") -> RuleSet:
    settings = {host: HostSettings.model_validate(given) for host, given in (hosts or {}).items()}
    return RuleSet(dict(enumerate(rules)), settings, default)


BACKENDS = {name: Backend(name, {port: 80 + n for n, port in enumerate(ports)}) for name, ports in PORTS.items()}
"""The same with the number of each port."""


def routes(rules: RuleSet, gateway: GatewayRouting) -> list[HttpRoute]:
    """As the API server gets them."""
    return [HttpRoute(each.name, fields_of(each.spec)) for each in compile_routes("routes", rules, gateway, BACKENDS)]


def objects(rules: RuleSet) -> list[IngressObject]:
    return [as_object(compiled) for compiled in compile_rules("routes", rules)]


def as_object(compiled: CompiledIngress) -> IngressObject:
    name = compiled.backend.port or PORTS[compiled.backend.service][0]
    return IngressObject(
        name=compiled.name,
        host=compiled.host,
        path=compiled.path.path,
        path_type=compiled.path.path_type,
        service=compiled.backend.service,
        port=name if compiled.by_port_name else str(80 + PORTS[compiled.backend.service].index(name)),
        annotations=compiled.annotations,
        tls_hosts=compiled.tls.hosts if compiled.tls else (),
    )
