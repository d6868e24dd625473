"""What the objects of rules are called: after the rule's host and path, and after nothing else.

So a name changes only together with them, and no change of one rule renames another's objects.
"""

import hashlib
import re

from components.path_rules.hosts import WILDCARD
from components.path_rules.model import ROOT, PathRule

_LONGEST_HOST = 120
_LONGEST_SLUG = 40


def object_name(name: str, host: str | None, path: str) -> str:
    """What the object for a rule is called, among those of the component `name`."""
    digest = hashlib.sha256(f"{host or ''}{path}".encode()).hexdigest()[:8]
    slug = re.sub(r"[^a-z0-9]+", "-", path.lower())[: _LONGEST_SLUG + 1].strip("-") or (
        "root" if path == ROOT else "regex"
    )
    stem = name if host is None else f"{name}-{host.replace(WILDCARD, 'wildcard.')[:_LONGEST_HOST].strip('-.')}"
    return f"{stem}-{slug}-{digest}"


def rule_object_name(name: str, rule: PathRule) -> str:
    """The same for a rule."""
    # Beside an exact `/` there is always an object for all that no rule names.
    path = "/ exact" if rule.match == "exact" and rule.path == ROOT else rule.path
    return object_name(name, rule.host, path)
