"""The web tier, composed from the components: what `pulumi up` makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypedDict
from urllib.parse import urlsplit

import pulumi

from environment.cluster import keep_identity, make_namespace, make_provider
from environment.field_manager import use_one_field_manager
from environment.guard.cluster_ownership import Standing
from environment.ingress import IngressController, make_controller
from environment.notes import stack_notes
from environment.settings.model import REDIS_NAME, EnvironmentSettings
from webtier.path_rules import Backend, GatewayRouting, PathRule, PathRules, PathRulesArgs
from webtier.path_rules.rules.hosts import WILDCARD
from webtier.path_rules.rules.options import ServiceRef
from webtier.redis_cluster.component import RedisCluster, RedisClusterArgs
from webtier.redis_standalone import RedisStandalone, RedisStandaloneArgs
from webtier.service_exposure import ServiceExposure, ServiceExposureArgs
from webtier.service_exposure.ports import tcp_ports
from webtier.web_service import WebService, WebServiceArgs


class Route(TypedDict):
    """One line of the output `routes`."""

    host: str | None
    path: str
    backend: str | None
    url: str | None


class StandaloneRedis(TypedDict):
    """One entry of the output `standalone_redis`."""

    endpoint: pulumi.Output[str]
    external: pulumi.Output[str | None]
    password: pulumi.Output[str]


@dataclass(frozen=True)
class Tier:
    """What the stack exports, by the name of the output."""

    namespace: pulumi.Output[str]
    ingress_url: pulumi.Output[str | None]
    ingress_https_url: pulumi.Output[str | None]
    ingress_ca_certificate: pulumi.Output[str | None]
    routes: pulumi.Output[list[Route]]
    redis_endpoint: pulumi.Output[str]
    redis_external: pulumi.Output[str | None]
    redis_username: pulumi.Output[str]
    redis_password: pulumi.Output[str]
    redis_ca_certificate: pulumi.Output[str | None]
    standalone_redis: Mapping[str, StandaloneRedis]


def build_tier(settings: EnvironmentSettings, standing: Standing) -> Tier:
    """Registers everything that `settings` describe, on the cluster that the stack stands to like this."""
    use_one_field_manager(pulumi.get_stack())
    for note in stack_notes(settings):
        pulumi.log.warn(note)
    identity = keep_identity(standing)
    provider = make_provider(settings)

    def own_namespace(name: str, *, holds_data: bool, adopt: bool) -> pulumi.Output[str]:
        return make_namespace(
            name,
            holds_data=holds_data,
            provider=provider,
            made_by=standing.mark(pulumi.get_stack()),
            is_adopted=name in standing.adopted,
            is_kept=adopt,
            after=identity,
        ).metadata.name

    into_cluster = pulumi.ResourceOptions(providers=[provider])
    namespace = own_namespace(settings.namespace, holds_data=settings.protect, adopt=settings.adopt_namespace)
    node_address = settings.node_address or None
    password = pulumi.Output.secret(settings.redis_password.get_secret_value())
    previous = settings.redis_previous_password.get_secret_value()

    redis = RedisCluster(
        REDIS_NAME,
        RedisClusterArgs(
            settings=settings.redis,
            namespace=namespace,
            password=password,
            previous_password=pulumi.Output.secret(previous) if previous else None,
            node_address=node_address,
            protect=settings.protect,
        ),
        into_cluster,
    )
    standalone_redis = {
        name: RedisStandalone(
            name,
            RedisStandaloneArgs(
                settings=standalone,
                namespace=namespace,
                node_address=node_address,
                protect=settings.protect,
                cluster_domain=settings.redis.cluster_domain,
            ),
            into_cluster,
        )
        for name, standalone in settings.standalone_redis.items()
    }
    services = {
        name: WebService(name, WebServiceArgs(service, namespace, node_address=node_address), into_cluster)
        for name, service in settings.services.items()
    }
    backends = {
        name: Backend(service.service_name, tcp_ports(settings.services[name].ports))
        for name, service in services.items()
    }
    for name, external in settings.external_services.items():
        made = ServiceExposure(
            name, ServiceExposureArgs(external.target, external.ports, namespace, labels=external.labels), into_cluster
        )
        backends[name] = Backend(made.service_name, tcp_ports(external.routable_ports))
    controller = IngressController()
    if not isinstance(settings.routing, GatewayRouting):
        controller = make_controller(
            settings.ingress,
            stack_namespace=namespace,
            make_namespace=partial(own_namespace, holds_data=False, adopt=settings.ingress.adopt_namespace),
            node_address=node_address,
            provider=provider,
        )
    PathRules(
        "routes",
        PathRulesArgs(
            namespace=namespace,
            ingress_class=controller.class_name,
            rules=settings.routes,
            default_backend=settings.default_backend,
            backends=backends,
            hosts=settings.hosts,
            after=controller.ready,
            routing=settings.routing,
        ),
        into_cluster,
    )
    ingress_url = pulumi.Output.from_input(controller.http_url)
    return Tier(
        namespace=namespace,
        ingress_url=ingress_url,
        ingress_https_url=pulumi.Output.from_input(controller.https_url),
        ingress_ca_certificate=pulumi.Output.from_input(controller.ca_certificate),
        routes=ingress_url.apply(lambda url: list_routes(settings.routes, settings.default_backend, url)),
        redis_endpoint=redis.endpoint,
        redis_external=redis.external_endpoint,
        redis_username=redis.username,
        redis_password=password,
        redis_ca_certificate=redis.ca_certificate,
        standalone_redis={
            name: StandaloneRedis(
                endpoint=standalone.endpoint, external=standalone.external_endpoint, password=standalone.password
            )
            for name, standalone in standalone_redis.items()
        },
    )


def list_routes(rules: Sequence[PathRule], default_backend: str, ingress_url: str | None) -> list[Route]:
    """All rules and, for the hosts without a prefix rule for `/`, the default backend.

    A redirect has no backend, and a regex or a wildcard no URL.
    """
    listed = [*rules]
    hosts: Mapping[str | None, None] = dict.fromkeys([None, *(rule.host for rule in rules)])
    answered = {rule.host for rule in rules if rule.path == "/" and rule.match == "prefix"}
    everything = ServiceRef(service=default_backend)
    listed += [PathRule(path="/", host=host, backend=everything) for host in hosts if host not in answered]
    return [
        Route(
            host=rule.host,
            path=rule.path,
            backend=rule.backend.service if rule.backend else None,
            url=None if rule.match == "regex" else _url(ingress_url, rule.host, rule.path),
        )
        for rule in listed
    ]


def _url(ingress_url: str | None, host: str | None, path: str) -> str | None:
    if ingress_url is None or host is None:
        return None if ingress_url is None else ingress_url + path
    if host.startswith(WILDCARD):
        return None
    parts = urlsplit(ingress_url)
    return f"{parts.scheme}://{host}{'' if parts.port is None else f':{parts.port}'}{path}"
