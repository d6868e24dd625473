"""Keeps ingress-nginx from forgetting a web service at the very moment when a rule leaves it.

Another backend of a rule is a reload of nginx, whose old workers go on for some tenths of a second while new ones
start. But which backends there are, all workers are told at once: in the meantime the old ones answer 503 for a backend
that no Ingress names any more. So one more Ingress names all of them, on a host that no client asks for, and refuses
every address.

A canary's Service is left out, since the controller takes no canary that is another Ingress' own backend.
"""

from collections.abc import Iterator, Mapping

from webtier.path_rules.ingress.annotations import PREFIX
from webtier.path_rules.ingress.paths import CompiledPath
from webtier.path_rules.rules.model import Backend, RuleSet
from webtier.path_rules.rules.options import ServiceRef

ANNOTATIONS = {PREFIX + "denylist-source-range": "0.0.0.0/0,::/0"}


def known_paths(rules: RuleSet, backends: Mapping[str, Backend]) -> Iterator[tuple[CompiledPath, bool]]:
    """A path for each port of each web service, and whether it names the port: else it has its number.

    There are both, since the controller takes a port's name and its number for two backends.
    """
    canaries = {rule.canary.backend.service for rule in rules.rules.values() if rule.canary is not None}
    for service in (name for name in backends if name not in canaries):
        for port in backends[service].ports:
            for by_name in (True, False):
                path = f"/{service}/{port if by_name else 'number/' + port}"
                yield CompiledPath(path, "Exact", ServiceRef(service=service, port=port)), by_name
