"""What of a stack's settings is right on its own, so that one mistake does not hide what else is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from pydantic import ValidationError

from environment.settings.ingress_settings import IngressSettings
from environment.settings.plain_data import as_list, as_object, value_at
from webtier.path_rules import GatewayRouting, HostSettings, PathRule, RuleSet
from webtier.redis_cluster.settings import RedisClusterSettings
from webtier.redis_standalone.settings import RedisStandaloneSettings
from webtier.service_exposure import ExternalServiceSettings
from webtier.service_exposure.ports import ServicePort
from webtier.shared.addresses import is_host
from webtier.shared.model import Settings
from webtier.web_service import WebServiceSettings

_Key = TypeVar("_Key", str, int)
_Model = TypeVar("_Model", bound=Settings)


@dataclass(frozen=True)
class UsableSettings:
    """A stack's settings part by part. What is wrong on its own is left out, and reported with all else that is."""

    written: Mapping[str, object]

    def group(self, key: str) -> Mapping[str, object]:
        """What is written of a group, right or wrong; empty where there is none."""
        return as_object(self.written.get(key)) or {}

    @cached_property
    def services(self) -> dict[str, WebServiceSettings]:
        return _usable(WebServiceSettings, self.group("services"))

    @cached_property
    def external_services(self) -> dict[str, ExternalServiceSettings]:
        return _usable(ExternalServiceSettings, self.group("external_services"))

    @cached_property
    def ports(self) -> Mapping[str, Mapping[str, Mapping[str, ServicePort]]]:
        """Those that rules can lead to: by group, service and name."""
        return {
            "external_services": {name: each.routable_ports for name, each in self.external_services.items()},
            "services": {name: each.ports for name, each in self.services.items()},
        }

    @cached_property
    def standalone_redis(self) -> dict[str, RedisStandaloneSettings]:
        return _usable(RedisStandaloneSettings, self.group("standalone_redis"))

    @cached_property
    def redis(self) -> RedisClusterSettings | None:
        """None where there is none, and where its settings are wrong."""
        if self.written.get("redis", {}) is None:
            return None
        return _without_wrong_keys(RedisClusterSettings, self.group("redis"))

    @cached_property
    def ingress(self) -> IngressSettings:
        return _without_wrong_keys(IngressSettings, self.group("ingress")) or IngressSettings()

    @cached_property
    def gateway(self) -> GatewayRouting | None:
        """Whose HTTPRoutes the rules become; one that takes all that it can where its settings are wrong."""
        if self.group("routing").get("kind") != "gateway":
            return None
        return _usable(GatewayRouting, {"": self.group("routing")}).get("", GatewayRouting.permissive("any"))

    @property
    def installs_controller(self) -> bool:
        """Whether the stack has a controller of its own."""
        return self.gateway is None and self.ingress.install

    @cached_property
    def rules(self) -> RuleSet:
        """The rules and hosts."""
        routes = dict(enumerate(as_list(self.written.get("routes")) or []))
        rules = _usable(PathRule, routes)
        named = [value_at(route, "host") for position, route in routes.items() if position not in rules]
        default = self.written.get("default_backend")
        return RuleSet(
            rules,
            _usable(HostSettings, {host: each for host, each in self.group("hosts").items() if is_host(host)}),
            default if isinstance(default, str) else None,
            frozenset(host for host in named if host is None or isinstance(host, str)),
            self.gateway,
        )


def _usable(model: type[_Model], given: Mapping[_Key, object]) -> dict[_Key, _Model]:
    found: dict[_Key, _Model] = {}
    for key, value in given.items():
        try:
            found[key] = model.model_validate(value)
        except ValidationError:
            continue
    return found


def _without_wrong_keys(model: type[_Model], given: Mapping[str, object]) -> _Model | None:
    """The group with defaults in place of its wrong keys; None where it would be wrong all the same."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        wrong = {details["loc"][0] for details in error.errors() if details["loc"]}
    return _usable(model, {"": {key: value for key, value in given.items() if key not in wrong}}).get("")
