"""What the objects of rules are called: after the rule's host, path and match, and after nothing else.

So a name changes only together with them, and no change of one rule renames another's objects. A rule of another match
is another rule, for other paths: its object comes before that of the rule before it goes.
"""

import hashlib
import re

from webtier.path_rules.rules.hosts import WILDCARD
from webtier.path_rules.rules.model import PathRule

_LONGEST_HOST = 120
_LONGEST_SLUG = 40


def object_name(name: str, host: str | None, path: str) -> str:
    """What the object for a path is called, among those of the component `name`.

    For a match other than a prefix it stands behind the path and a space.
    """
    digest = hashlib.sha256(f"{host or ''}{path}".encode()).hexdigest()[:8]
    slug = re.sub(r"[^a-z0-9]+", "-", path.lower())[: _LONGEST_SLUG + 1].strip("-") or "root"
    stem = name if host is None else f"{name}-{host.replace(WILDCARD, 'wildcard.')[:_LONGEST_HOST].strip('-.')}"
    return f"{stem}-{slug}-{digest}"


def rule_object_name(name: str, rule: PathRule) -> str:
    """The same for a rule."""
    return object_name(name, rule.host, rule.path if rule.match == "prefix" else f"{rule.path} {rule.match}")
