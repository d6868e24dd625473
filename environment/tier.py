"""The web tier, composed from the components: what `pulumi up` makes."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pulumi

from environment.checks.traffic_checks import stack_notes
from environment.cluster import make_namespace, make_provider
from environment.field_manager import use_one_field_manager
from environment.guard.cluster_ownership import Standing
from environment.guard.own_state import IDENTITY
from environment.ingress import IngressController, make_controller
from environment.settings.model import REDIS_NAME, EnvironmentSettings
from webtier.path_rules import Backend, GatewayRouting, PathRule, PathRules, PathRulesArgs
from webtier.path_rules.rules.hosts import WILDCARD
from webtier.path_rules.rules.options import ServiceRef
from webtier.redis_cluster.component import RedisCluster, RedisClusterArgs
from webtier.redis_common.settings import CLUSTER_DOMAIN
from webtier.redis_standalone import RedisStandalone, RedisStandaloneArgs
from webtier.service_exposure import ServiceExposure, ServiceExposureArgs
from webtier.service_exposure.ports import tcp_ports
from webtier.web_service import WebService, WebServiceArgs


def build_tier(settings: EnvironmentSettings, standing: Standing) -> Mapping[str, pulumi.Input[Any]]:
    """Registers all that `settings` describe, on a cluster that the stack stands to like this; returns its outputs."""
    use_one_field_manager(pulumi.get_stack())
    for note in stack_notes(settings):
        pulumi.log.warn(note)
    # Which cluster the stack is in, and what tells it from others of its name, for the next run.
    identity = pulumi.Stash(IDENTITY, input=asdict(standing.identity))
    provider = make_provider(settings)

    def own_namespace(name: str, *, holds_data: bool, adopt: bool) -> pulumi.Output[str]:
        made = make_namespace(
            name, holds_data=holds_data, provider=provider, standing=standing, is_kept=adopt, after=identity
        )
        return made.metadata.name

    into_cluster = pulumi.ResourceOptions(providers=[provider])
    namespace = own_namespace(settings.namespace, holds_data=settings.protect, adopt=settings.adopt_namespace)
    node_address = settings.node_address or None
    redis = _redis(settings, namespace, into_cluster)
    standalone_redis = {
        name: RedisStandalone(
            name,
            RedisStandaloneArgs(
                settings=standalone,
                namespace=namespace,
                node_address=node_address,
                protect=settings.protect,
                cluster_domain=CLUSTER_DOMAIN if settings.redis is None else settings.redis.cluster_domain,
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
    return {
        "namespace": namespace,
        "ingress_url": ingress_url,
        "ingress_https_url": pulumi.Output.from_input(controller.https_url),
        "ingress_ca_certificate": pulumi.Output.from_input(controller.ca_certificate),
        "routes": ingress_url.apply(partial(_routes, settings)),
        **redis,
        "standalone_redis": {
            name: {"endpoint": made.endpoint, "external": made.external_endpoint, "password": made.password}
            for name, made in standalone_redis.items()
        },
    }


def _redis(
    settings: EnvironmentSettings, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> Mapping[str, pulumi.Input[Any]]:
    """Registers the Redis Cluster, and returns its outputs; both none where the settings want none."""
    if settings.redis is None:
        return {}
    password = pulumi.Output.secret(settings.redis_password.get_secret_value())
    previous = settings.redis_previous_password.get_secret_value()
    redis = RedisCluster(
        REDIS_NAME,
        RedisClusterArgs(
            settings=settings.redis,
            namespace=namespace,
            password=password,
            previous_password=pulumi.Output.secret(previous) if previous else None,
            node_address=settings.node_address or None,
            protect=settings.protect,
        ),
        opts,
    )
    return {
        "redis_endpoint": redis.endpoint,
        "redis_external": redis.external_endpoint,
        "redis_username": redis.username,
        "redis_password": password,
        "redis_ca_certificate": redis.ca_certificate,
    }


def _routes(settings: EnvironmentSettings, ingress_url: str | None) -> list[dict[str, str | None]]:
    """All rules and, for the hosts without a prefix rule for `/`, the default backend.

    A redirect has no backend, and a regex or a wildcard no URL.
    """
    rules = settings.routes
    hosts: Mapping[str | None, None] = dict.fromkeys([None, *(rule.host for rule in rules)])
    answered = {rule.host for rule in rules if rule.path == "/" and rule.match == "prefix"}
    everything = ServiceRef(service=settings.default_backend)
    others = [PathRule(path="/", host=host, backend=everything) for host in hosts if host not in answered]
    return [
        {
            "host": rule.host,
            "path": rule.path,
            "backend": rule.backend.service if rule.backend else None,
            "url": None if rule.match == "regex" else _url(ingress_url, rule.host, rule.path),
        }
        for rule in (*rules, *others)
    ]


def _url(ingress_url: str | None, host: str | None, path: str) -> str | None:
    if ingress_url is None or host is None:
        return None if ingress_url is None else ingress_url + path
    if host.startswith(WILDCARD):
        return None
    parts = urlsplit(ingress_url)
    return f"{parts.scheme}://{host}{'' if parts.port is None else f':{parts.port}'}{path}"
