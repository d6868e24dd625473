"""What every field of rules and hosts becomes. UndeclaredOptionsError at the import where one does not say it."""

from webtier.path_rules.registry import backends, canaries, clients, cors, hosts, matching
from webtier.path_rules.registry.option import Host
from webtier.path_rules.registry.registry import Registry
from webtier.path_rules.rules.hosts import HostSettings
from webtier.path_rules.rules.model import PathRule

PARTS = (matching.OPTIONS, canaries.OPTIONS, cors.OPTIONS, backends.OPTIONS, clients.OPTIONS)

RULES = Registry[PathRule](PathRule, *PARTS)
HOSTS = Registry[Host](HostSettings, hosts.OPTIONS)
