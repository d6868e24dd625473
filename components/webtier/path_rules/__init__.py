"""Which path of which host goes to which web service."""

from webtier.path_rules.component import PathRules, PathRulesArgs
from webtier.path_rules.gateway.http_routes import HttpRoutes, HttpRoutesArgs
from webtier.path_rules.rules.hosts import HostSettings
from webtier.path_rules.rules.model import Backend, PathRule, RuleSet
from webtier.path_rules.rules.routing import GatewayRouting, IngressRouting, Routing

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
