"""Which path of which host goes to which web service."""

from components.path_rules.component import PathRules, PathRulesArgs
from components.path_rules.model import Backend, PathRule, StripPrefix

__all__ = ["Backend", "PathRule", "PathRules", "PathRulesArgs", "StripPrefix"]
