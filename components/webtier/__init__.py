"""Reusable Pulumi components. They know neither stacks nor config."""

from webtier.ingress_nginx import IngressNginx, IngressNginxArgs, IngressNginxSettings
from webtier.path_rules import Backend, PathRule, PathRules, PathRulesArgs, RuleSet
from webtier.redis_cluster import RedisCluster, RedisClusterArgs, RedisClusterSettings
from webtier.redis_standalone import RedisStandalone, RedisStandaloneArgs, RedisStandaloneSettings
from webtier.service_exposure import ExternalServiceSettings, ServiceExposure, ServiceExposureArgs, ServicePort
from webtier.web_service import WebService, WebServiceArgs, WebServiceSettings

__all__ = [
    "Backend",
    "ExternalServiceSettings",
    "IngressNginx",
    "IngressNginxArgs",
    "IngressNginxSettings",
    "PathRule",
    "PathRules",
    "PathRulesArgs",
    "RedisCluster",
    "RedisClusterArgs",
    "RedisClusterSettings",
    "RedisStandalone",
    "RedisStandaloneArgs",
    "RedisStandaloneSettings",
    "RuleSet",
    "ServiceExposure",
    "ServiceExposureArgs",
    "ServicePort",
    "WebService",
    "WebServiceArgs",
    "WebServiceSettings",
]
