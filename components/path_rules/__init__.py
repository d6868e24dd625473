"""Which path of which host goes to which web service."""

from components.path_rules.component import PathRules, PathRulesArgs
from components.path_rules.hosts import HostSettings
from components.path_rules.http_routes import HttpRoutes, HttpRoutesArgs
from components.path_rules.model import Backend, PathRule, RuleSet
from components.path_rules.routing import GatewayRouting, IngressRouting, Routing

__all__ = [
    "Backend",
    "GatewayRouting",
    "HostSettings",
    "HttpRoutes",
    "HttpRoutesArgs",
    "IngressRouting",
    "PathRule",
    "PathRules",
    "PathRulesArgs",
    "Routing",
    "RuleSet",
]
