"""What only the settings together can get wrong."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import get_args

from environment.checks.ingress_checks import check_ingress
from environment.checks.plain_text_secrets import check_plain_text_secrets, check_secrets_in_redis_conf
from environment.checks.traffic_checks import check_traffic
from environment.checks.usable_settings import UsableSettings
from environment.settings.model import REDIS_NAME, EnvironmentSettings
from environment.settings.plain_data import as_object
from environment.settings.schema import SettingsSchema
from webtier.path_rules.checks.all_checks import check_rules
from webtier.path_rules.rules.options import ExternalAuth
from webtier.redis_cluster.access_settings import PodNodePorts
from webtier.service_exposure.ports import tcp_ports
from webtier.shared.model import NodePort, Settings
from webtier.shared.problems import Place, Problem

_OBJECTS_OF_REDIS = re.compile(rf"{REDIS_NAME}(-access|-metrics|-nodes|-shard-[0-9]+.*)?")


def check_together(
    written: Mapping[str, object], secret_keys: Collection[str], schema: SettingsSchema
) -> Iterator[Problem]:
    """The problems that lie between settings, or in how they are stored."""
    settings = UsableSettings(written)
    yield from check_plain_text_secrets(written, secret_keys, schema)
    yield from check_secrets_in_redis_conf(written, secret_keys)
    yield from _routes(settings)
    yield from (Problem(place, message, has_value=False) for place, message in _name_conflicts(settings))
    yield from _node_port_collisions(settings)
    yield from _shared_namespace(settings)
    yield from check_ingress(settings)


def _routes(settings: UsableSettings) -> Iterator[Problem]:
    backends = {
        name: list(tcp_ports(ports[name])) if name in ports else _written_ports(service)
        for key, ports in settings.ports.items()
        for name, service in settings.group(key).items()
    }
    yield from check_rules(settings.rules, backends)
    yield from check_traffic(settings)
    if settings.gateway is not None or settings.ingress.allow_external_auth:
        return
    for position, rule in settings.rules.rules.items():
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


def _name_conflicts(settings: UsableSettings) -> Iterator[tuple[Place, str]]:
    web, external, singles = map(settings.group, ("services", "external_services", "standalone_redis"))
    services = {name: f"external_services.{name}" for name in external} | {name: f"services.{name}" for name in web}
    for name in (name for name in external if name in web):
        place: Place = ("external_services", name)
        yield place, f"Service name conflicts with services.{name}; allowed: a name that no web service has"
    for key, names in (("services", web), ("external_services", external)):
        for name in filter(_OBJECTS_OF_REDIS.fullmatch, names):
            yield (key, name), "name conflicts with an object of the Redis Cluster; allowed: another name"
    for name in singles:
        place = ("standalone_redis", name)
        second = f"{name}-access"
        if name == REDIS_NAME or name.startswith(f"{REDIS_NAME}-"):
            message = f"name conflicts with the Redis Cluster; allowed: a name that does not begin with '{REDIS_NAME}'"
            yield place, message
        for taken in (services[own] for own in (name, second) if own in services):
            yield place, f"Service name conflicts with {taken}; allowed: a name that no other service has"
        if second in singles:
            yield place, f"its second Service conflicts with standalone_redis.{second}; allowed: another name"


def _node_port_collisions(settings: UsableSettings) -> Iterator[Problem]:
    used: dict[int, list[Place]] = defaultdict(list)
    pods = settings.redis.access.pods if settings.redis else None
    of_pods = pods.ports(settings.redis.shards) if settings.redis and isinstance(pods, PodNodePorts) else range(0)
    # The defaults are taken too.
    parts = {
        "redis": settings.redis,
        "standalone_redis": settings.standalone_redis,
        "services": settings.services,
        "external_services": settings.external_services,
        "ingress": settings.ingress if settings.installs_controller else None,
    }
    for place, port in _node_ports((), parts):
        used[port].append(place)
        if port in of_pods and place[0] != "redis":
            message = (
                f"one of the NodePorts {of_pods[0]} to {of_pods[-1]} of Redis' pods (redis.access.pods.first); "
                "allowed: any other"
            )
            yield Problem(place, message, port)
    for port, places in sorted(used.items()):
        for place in places[1:]:
            first = ".".join(map(str, places[0]))
            yield Problem(place, f"the same NodePort as {first}; allowed: each NodePort once in a cluster", port)


def _node_ports(place: Place, group: object) -> Iterator[tuple[Place, int]]:
    """Every NodePort below a place, and where it is set."""
    if isinstance(group, Settings):
        for name, info in type(group).model_fields.items():
            value: object = getattr(group, name)
            if isinstance(value, int) and NodePort in get_args(info.annotation):
                yield (*place, name), value
            yield from _node_ports((*place, name), value)
    for key, each in (as_object(group) or {}).items():
        yield from _node_ports((*place, key), each)


def _shared_namespace(settings: UsableSettings) -> Iterator[Problem]:
    name = settings.ingress.namespace
    default: object = EnvironmentSettings.model_fields["namespace"].default
    if settings.installs_controller and name == settings.written.get("namespace", default):
        yield Problem(
            ("ingress", "namespace"), "the same as 'namespace'; allowed: a namespace of the controller's own", name
        )
