"""Who may do what in Redis: one user for each kind of client, and `default` off."""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from webtier.redis_cluster.credentials.passwords import USABLE, is_usable
from webtier.shared.problems import checked

APPLICATION_USER = "app"
REPLICATION_USER = "replication"
AGENT_USER = "agent"
EXPORTER_USER = "exporter"

APPLICATION_RULES = "~* &* +@all -@admin -@dangerous +info"
"""What the application's user may do where settings say nothing else."""

_RULE = re.compile(r"[+-]@?[a-z][a-z0-9|:-]*|~\S+|%R?W?~\S+|&\S+|allkeys|allchannels|allcommands|nocommands")


def _rules_problem(rules: str) -> str | None:
    wrong = [rule for rule in rules.split(" ") if _RULE.fullmatch(rule) is None]
    if not wrong:
        return None
    return (
        f"'{wrong[0]}' is no rule about commands, keys or channels; allowed, separated by one space: '+command', "
        "'-command', '+@category', '-@category', '~pattern', '&pattern'"
    )


AclRules = Annotated[str, checked(_rules_problem)]
"""What a user may do, as rules of a Redis ACL."""

_REPLICATION_RULES = "+psync +replconf +ping"
"""What a replica sends to its master, by "ACL rules for Sentinel and Replicas" in Redis' documentation of ACLs."""

_AGENT_RULES = (
    "~* &* "
    "+acl|getuser +acl|setuser +asking +client|setname +cluster +command|docs +command|info +config|get +config|set "
    "+dbsize +dump +exec +function|dump +function|list +function|restore +info +memory|usage +migrate +multi +ping "
    "+publish +pubsub|channels +restore +restore-asking +role +scan +select +subscribe +unlink +unsubscribe +unwatch "
    "+wait +watch"
)

EXPORTER_ACL = "+info +cluster|info +client|setname +slowlog|len +slowlog|get"
"""All that redis_exporter v1.74.0 asks for, and no key. A refusal fills Redis' ACL LOG at every scrape.

The readiness probe asks as the same user. CONFIG GET is not among it: it says the password of replication.
"""


@dataclass(frozen=True)
class InternalPasswords:
    """The passwords that no person types: derived from one random `seed`, by user and generation.

    The generations before and after the current one are accepted too, so that files, servers and
    programs may learn of a new generation in any order. Whoever knows a password knows neither the
    next one nor another user's.
    """

    seed: str
    generation: int

    def current(self, user: str) -> str:
        """What `user` logs in with: 64 characters of 0-9 and a-f."""
        return self._derive(user, self.generation)

    def accepted(self, user: str) -> list[str]:
        """What is accepted of `user`, the current password first."""
        return [self._derive(user, self.generation + step) for step in (0, 1, -1)]

    def _derive(self, user: str, generation: int) -> str:
        return hmac.new(self.seed.encode(), f"{user}/{generation}".encode(), hashlib.sha256).hexdigest()


def render_acl_file(application_passwords: Sequence[str], application_rules: str, internal: InternalPasswords) -> str:
    """The ACL file, with hashes in place of passwords.

    ValueError, without the password, for one that can't be used.
    """
    if not all(map(is_usable, application_passwords)):
        raise ValueError(f"the Redis password can't be used; allowed: {USABLE}")
    users = (
        _user(APPLICATION_USER, application_passwords, application_rules),
        _user(REPLICATION_USER, internal.accepted(REPLICATION_USER), _REPLICATION_RULES),
        _user(AGENT_USER, internal.accepted(AGENT_USER), _AGENT_RULES),
        _user(EXPORTER_USER, internal.accepted(EXPORTER_USER), EXPORTER_ACL),
    )
    return "\n".join(("user default off resetpass -@all", *users)) + "\n"


def _user(name: str, passwords: Sequence[str], rules: str) -> str:
    hashes = " ".join("#" + hashlib.sha256(password.encode()).hexdigest() for password in passwords)
    return f"user {name} on {hashes} {rules}"
