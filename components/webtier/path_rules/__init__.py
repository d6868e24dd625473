"""Which path of which host goes to which web service."""

from webtier.path_rules.component import PathRules, PathRulesArgs
from webtier.path_rules.rules.hosts import HostSettings, IssuerTls, SecretTls
from webtier.path_rules.rules.model import Backend, PathRule, RuleSet
from webtier.path_rules.rules.options import (
    AccessLists,
    AffinitySettings,
    BasicAuth,
    CookieCanary,
    CorsSettings,
    ErrorPages,
    ExternalAuth,
    HeaderCanary,
    LimitSettings,
    RedirectSettings,
    RegexRewrite,
    ReplacePrefix,
    ServiceRef,
    StripPrefix,
    TimeoutSettings,
    WeightCanary,
)
from webtier.path_rules.rules.routing import GatewayRouting, IngressRouting, Routing

__all__ = [
    "AccessLists",
    "AffinitySettings",
    "Backend",
    "BasicAuth",
    "CookieCanary",
    "CorsSettings",
    "ErrorPages",
    "ExternalAuth",
    "GatewayRouting",
    "HeaderCanary",
    "HostSettings",
    "IngressRouting",
    "IssuerTls",
    "LimitSettings",
    "PathRule",
    "PathRules",
    "PathRulesArgs",
    "RedirectSettings",
    "RegexRewrite",
    "ReplacePrefix",
    "Routing",
    "RuleSet",
    "SecretTls",
    "ServiceRef",
    "StripPrefix",
    "TimeoutSettings",
    "WeightCanary",
]
