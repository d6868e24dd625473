"""Rules, compiled to the objects that the stand-in of the controller takes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from tests.unit.webtier.path_rules.harness.gateway import HttpRoute
from tests.unit.webtier.path_rules.harness.ingress_nginx import IngressObject, IngressPath
from webtier.path_rules import Backend, GatewayRouting, HostSettings, PathRule, RuleSet
from webtier.path_rules.gateway.api_types import fields_of
from webtier.path_rules.gateway.render import compile_routes
from webtier.path_rules.ingress.annotations import PREFIX
from webtier.path_rules.ingress.paths import CompiledPath
from webtier.path_rules.ingress.render import CompiledIngress, compile_rules

PORTS = {"user-v1": ["http", "admin"], "user-v2": ["http"], "pay-v1": ["http"], "errors": ["http"]}
"""Web services and the names of their ports."""


def rule(path: str, backend: Any = "user-v1", **more: Any) -> PathRule:
    given = {"path": path, "backend": backend, **more}
    return PathRule.model_validate({key: value for key, value in given.items() if value is not None})


def rule_set(rules: Iterable[PathRule], hosts: Mapping[str, Any] | None = None, default: str = "pay-v1") -> RuleSet:
    settings = {host: HostSettings.model_validate(given) for host, given in (hosts or {}).items()}
    return RuleSet.of(rules, settings, default)


BACKENDS = {name: Backend(name, {port: 80 + n for n, port in enumerate(ports)}) for name, ports in PORTS.items()}
"""The same with the number of each port."""


def routes(rules: RuleSet, gateway: GatewayRouting) -> list[HttpRoute]:
    """As the API server gets them."""
    return [HttpRoute(each.name, fields_of(each.spec)) for each in compile_routes("routes", rules, gateway, BACKENDS)]


def objects(rules: RuleSet) -> list[IngressObject]:
    return [as_object(compiled) for compiled in compile_rules("routes", rules)]


def as_object(compiled: CompiledIngress) -> IngressObject:
    return IngressObject(
        name=compiled.name,
        host=compiled.host,
        paths=[_as_path(each, by_name=compiled.by_port_name) for each in compiled.paths],
        annotations=compiled.annotations,
        # Rendered from settings, so that none of them is an Output.
        tls_hosts=cast("Sequence[str]", compiled.tls.hosts) if compiled.tls else (),
    )


def _as_path(compiled: CompiledPath, *, by_name: bool) -> IngressPath:
    ports = PORTS[compiled.backend.service]
    name = compiled.backend.port or ports[0]
    return IngressPath(
        compiled.path,
        compiled.path_type,
        compiled.backend.service,
        name if by_name else str(80 + ports.index(name)),
    )


def by_path(rules: Sequence[PathRule], hosts: Mapping[str, Any] | None = None) -> dict[str, CompiledIngress]:
    """Objects by the path of their rule, canaries left out."""
    given = rule_set(rules, hosts)
    return {
        "default" if compiled.rule is None else given.rules[compiled.rule].path: compiled
        for compiled in compile_rules("routes", given)
        if compiled.primary is None
    }


def annotations(compiled: CompiledIngress) -> dict[str, str]:
    return {key.removeprefix(PREFIX): value for key, value in compiled.annotations.items()}
