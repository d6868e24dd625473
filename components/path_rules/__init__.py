"""Which path of which host goes to which web service."""

from components.path_rules.component import PathRules, PathRulesArgs
from components.path_rules.hosts import HostSettings
from components.path_rules.model import Backend, PathRule, RuleSet

__all__ = ["Backend", "HostSettings", "PathRule", "PathRules", "PathRulesArgs", "RuleSet"]
