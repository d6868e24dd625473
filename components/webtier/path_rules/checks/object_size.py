"""Whether the rules that share an object fit into one.

They change together, and so can't be spread over several. etcd takes 1.5 MiB with each request
(`--max-request-bytes`), of which the object is the most.
"""

from collections.abc import Iterator

from webtier.path_rules.ingress.paths import shared_paths
from webtier.path_rules.ingress.render import says_nothing_of_its_own
from webtier.path_rules.rules.field_types import compiled_length
from webtier.path_rules.rules.model import RuleSet, is_root
from webtier.shared.problems import Problem

MOST_BYTES = 1_200_000

_BYTES_BESIDE_A_PATH = 200
"""Of one path of an Ingress in JSON: its type, its backend with a name as long as it may be, and the rest of a text."""


def size_problems(rules: RuleSet) -> Iterator[Problem]:
    """Hosts with more rules than an Ingress can hold."""
    for host in rules.host_names:
        on_host = rules.on(host).values()
        shared = [rule for rule in on_host if says_nothing_of_its_own(rule) and not is_root(rule)]
        if sum(compiled_length(rule.path) + _BYTES_BESIDE_A_PATH for rule in shared) <= MOST_BYTES:
            continue
        own = [rule for rule in on_host if not says_nothing_of_its_own(rule)]
        size = sum(len(each.path) + _BYTES_BESIDE_A_PATH for each in shared_paths(shared, own))
        if size <= MOST_BYTES:
            continue
        whose = f"the host {host}" if host else "all hosts"
        message = (
            f"the {len(shared)} rules for {whose} that say nothing but a path and a backend are one Ingress of {size} "
            f"bytes, and the API server takes about {MOST_BYTES}; allowed: fewer or shorter paths, a prefix for what "
            "goes to one backend, or several hosts"
        )
        yield Problem(("routes",), message, has_value=False)
