"""What only the settings together can get wrong.

All of it is asked of the raw values, so that a mistake elsewhere does not hide these until the
next attempt.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import TypeVar

from pydantic import ValidationError

from environment.checks.ingress_checks import check_ingress, has_gateway, installs_controller
from environment.checks.plain_text_secrets import check_plain_text_secrets
from environment.checks.traffic_checks import check_traffic
from environment.settings.model import REDIS_NAME
from environment.settings.plain_data import as_list, as_object, value_at
from environment.settings.schema import Node, SettingsSchema
from webtier.path_rules import GatewayRouting, HostSettings, IngressRouting, PathRule, RuleSet
from webtier.path_rules.checks.all_checks import check_rules
from webtier.path_rules.rules.options import ExternalAuth
from webtier.redis_cluster.access_settings import PodNodePorts
from webtier.redis_cluster.settings import RedisClusterSettings
from webtier.service_exposure import ExternalServiceSettings
from webtier.service_exposure.ports import tcp_ports
from webtier.shared.hosts import is_host
from webtier.shared.model import NODE_PORT_MARK, Settings
from webtier.shared.problems import Place, Problem
from webtier.web_service import WebServiceSettings

_OBJECTS_OF_REDIS = re.compile(rf"{REDIS_NAME}(-access|-metrics|-nodes|-shard-[0-9]+.*)?")

_ANY_GATEWAY = GatewayRouting.permissive("any")

_TextToAny = Mapping[str, object]
_FIRST_OF_PODS: Place = ("redis", "access", "pods", "first")
_Key = TypeVar("_Key", str, int)
_Model = TypeVar("_Model", bound=Settings)


def check_together(
    values: _TextToAny,
    secret_keys: Collection[str],
    schema: SettingsSchema,
) -> Iterator[Problem]:
    """The problems that lie between settings, or in how they are stored."""
    yield from check_plain_text_secrets(values, secret_keys, schema)
    yield from _routes(values)
    yield from _names_of_services(values)
    yield from _names_of_redis(values)
    yield from _node_port_collisions(values, schema)
    yield from _ports_of_pods(values, schema)
    yield from _shared_namespace(values, schema)
    yield from check_ingress(values)


def _routes(values: _TextToAny) -> Iterator[Problem]:
    rules = usable_rules(values)
    gateway = _gateway(values)
    web, external = (as_object(values.get(key)) or {} for key in ("services", "external_services"))
    checked_web, checked_external = _valid(WebServiceSettings, web), _valid(ExternalServiceSettings, external)
    ports = {
        **{name: service.routable_ports for name, service in checked_external.items()},
        **{name: service.ports for name, service in checked_web.items()},
    }
    backends = {
        name: list(tcp_ports(ports[name])) if name in ports else _written_ports(service)
        for name, service in (*external.items(), *web.items())
    }
    yield from check_rules(rules, backends, gateway)
    yield from check_traffic(values, rules, checked_web, checked_external)
    if gateway is not None or (as_object(values.get("ingress")) or {}).get("allow_external_auth") is True:
        return
    for position, rule in rules.rules.items():
        if isinstance(rule.auth, ExternalAuth):
            message = (
                "the controller takes it only where ingress.allow_external_auth is true, since whoever may write an "
                "Ingress could then send requests to any address; allowed: kind 'basic', or that setting"
            )
            yield Problem(("routes", position, "auth", "kind"), message, "external")


def _written_ports(service: object) -> list[str]:
    """Of a service that is wrong on its own, where no port is to be reported for that reason."""
    ports = as_object((as_object(service) or {}).get("ports")) or {}
    return [*ports] or ["http"]


def _gateway(values: _TextToAny) -> GatewayRouting | None:
    """Whose HTTPRoutes the rules become; one that takes all it can where the settings of it are wrong on their own."""
    if not has_gateway(values):
        return None
    return _valid(GatewayRouting, {"routing": values["routing"]}).get("routing", _ANY_GATEWAY)


def usable_rules(values: _TextToAny) -> RuleSet:
    """The rules and hosts among a stack's settings, but for those that are wrong on their own."""
    routes = dict(enumerate(as_list(values.get("routes")) or []))
    hosts = {host: each for host, each in (as_object(values.get("hosts")) or {}).items() if is_host(host)}
    rules = _valid(PathRule, routes)
    named = [value_at(route, "host") for position, route in routes.items() if position not in rules]
    default = values.get("default_backend")
    routing = _gateway(values) or IngressRouting(kind="ingress")
    return RuleSet(
        rules,
        _valid(HostSettings, hosts),
        default if isinstance(default, str) else None,
        frozenset(host for host in named if host is None or isinstance(host, str)),
        deep_wildcards=routing.deep_wildcards,
        www_keeps_slash=routing.www_keeps_slash,
    )


def _valid(model: type[_Model], given: Mapping[_Key, object]) -> dict[_Key, _Model]:
    found: dict[_Key, _Model] = {}
    for key, value in given.items():
        try:
            found[key] = model.model_validate(value)
        except ValidationError:
            continue  # reported with all else that is wrong on its own
    return found


def _names_of_services(values: _TextToAny) -> Iterator[Problem]:
    web, external = (as_object(values.get(key)) or {} for key in ("services", "external_services"))
    for name in (name for name in external if name in web):
        message = f"Service name conflicts with services.{name}; allowed: a name that no web service has"
        yield Problem(("external_services", name), message, has_value=False)
    for key, names in (("services", web), ("external_services", external)):
        for name in (name for name in names if _OBJECTS_OF_REDIS.fullmatch(name)):
            message = "name conflicts with an object of the Redis Cluster; allowed: another name"
            yield Problem((key, name), message, has_value=False)


def _names_of_redis(values: _TextToAny) -> Iterator[Problem]:
    singles = as_object(values.get("standalone_redis")) or {}
    services = {
        service: key for key in ("external_services", "services") for service in as_object(values.get(key)) or {}
    }
    for name in singles:
        place: Place = ("standalone_redis", name)
        own = (name, f"{name}-access")
        if name == REDIS_NAME or name.startswith(f"{REDIS_NAME}-"):
            message = f"name conflicts with the Redis Cluster; allowed: a name that does not begin with '{REDIS_NAME}'"
            yield Problem(place, message, has_value=False)
        for taken in (f"{services[service]}.{service}" for service in own if service in services):
            message = f"Service name conflicts with {taken}; allowed: a name that no other service has"
            yield Problem(place, message, has_value=False)
        if own[1] in singles:
            message = f"its second Service conflicts with standalone_redis.{own[1]}; allowed: another name"
            yield Problem(place, message, has_value=False)


def _node_port_collisions(values: _TextToAny, schema: SettingsSchema) -> Iterator[Problem]:
    used: dict[int, list[Place]] = defaultdict(list)
    for place, port in _node_ports(values, schema):
        # The first of the pods' NodePorts stands for all of them, which are checked on their own.
        if place != _FIRST_OF_PODS:
            used[port].append(place)
    for port, places in sorted(used.items()):
        for place in places[1:]:
            message = f"the same NodePort as {_dotted(places[0])}; allowed: each NodePort once in a cluster"
            yield Problem(place, message, port)


def _ports_of_pods(values: _TextToAny, schema: SettingsSchema) -> Iterator[Problem]:
    try:
        redis = RedisClusterSettings.model_validate(values.get("redis") or {})
    except ValidationError:
        return  # reported with all else that is wrong on its own
    if not isinstance(redis.access.pods, PodNodePorts):
        return
    ports = redis.access.pods.ports(redis.shards)
    for place, port in _node_ports(values, schema):
        if port in ports and place[0] != "redis":
            message = (
                f"one of the NodePorts {ports[0]} to {ports[-1]} of Redis' pods (redis.access.pods.first); allowed: "
                "any other"
            )
            yield Problem(place, message, port)


def _node_ports(values: _TextToAny, schema: SettingsSchema) -> Iterator[tuple[Place, int]]:
    """Every NodePort that the stack takes, and where it is set; the defaults too."""
    for place, node, value in schema.values(NODE_PORT_MARK):
        is_taken = place[:1] != ("ingress",) or installs_controller(values)
        if is_taken and _takes_node_port(node) and isinstance(value, int):
            yield place, value


def _takes_node_port(node: Node) -> bool:
    return any(variant.get(NODE_PORT_MARK) for variant in (node, *node.get("anyOf", ())))


def _shared_namespace(values: _TextToAny, schema: SettingsSchema) -> Iterator[Problem]:
    if not installs_controller(values):
        return
    place: Place = ("ingress", "namespace")
    if schema.value(("namespace",)) == schema.value(place):
        message = "the same as 'namespace'; allowed: a namespace of the controller's own"
        yield Problem(place, message, schema.value(place))


def _dotted(place: Place) -> str:
    return ".".join(str(part) for part in place)
