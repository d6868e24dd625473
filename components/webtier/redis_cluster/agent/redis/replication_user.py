"""The user with which a replica logs in at its master: of its shard's own, so that nobody copies another shard.

Replicas dial addresses, and addresses are handed out again. A replica whose master was lost would else copy whoever
begins at that address, be it another shard's master or another cluster's, and have that one's data when it is elected.
Every pod makes the passwords of its shard itself, from what the cluster's Secret accepts and from the shard's name.

A member of an older version knows the cluster's password alone. While one of the shard's members does, the others
accept that one too, and log in with it at a master that does.
"""

import hashlib
import hmac
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from .client import Node

REPLICATION_USER = "replication"


@dataclass(frozen=True)
class ShardLogin:
    """`shard` is what its pods' host names have in common (`shard_of`); empty for one that is in no shard.

    `accepts_older`: a replica of an older version is let in. `follows_older`: this node logs in as one.
    """

    shard: str
    accepts_older: bool = False
    follows_older: bool = False

    def rules(self, rules: Iterable[str]) -> list[str]:
        """The rules of the user, given those for the whole cluster."""
        found: list[str] = []
        if not self.shard:
            return list(rules)
        for rule in rules:
            is_password = rule.startswith("#")
            if is_password:
                found.append("#" + password_hash(_derive(rule[1:], self.shard)))
            if not is_password or self.accepts_older:
                found.append(rule)
        return found

    def password(self, of_cluster: str) -> str:
        """What a replica logs in with, given the cluster's password."""
        return of_cluster if self.follows_older or not self.shard else _derive(password_hash(of_cluster), self.shard)

    def conf(self, of_cluster: str) -> str:
        """Lines of redis.conf."""
        return f"masteruser {REPLICATION_USER}\nmasterauth {self.password(of_cluster)}\n"


def is_older(node: Node, shard: str, hashes: Collection[str]) -> bool:
    """Whether a member of that shard knows the cluster's password alone, which is accepted by these hashes.

    One that knows neither has another generation of passwords.
    """
    accepted = set(accepted_hashes(node, REPLICATION_USER))
    return accepted.isdisjoint(password_hash(_derive(each, shard)) for each in hashes) and not accepted.isdisjoint(
        hashes
    )


def is_withheld(node: Node) -> bool:
    """Whether no replica may copy this running Redis."""
    return "off" in _field(node, REPLICATION_USER, "flags")


def accepted_hashes(node: Node, user: str) -> list[str]:
    """Of the passwords that the node accepts of the user; none where it has no such user."""
    return _field(node, user, "passwords")


def _field(node: Node, user: str, name: str) -> list[str]:
    answer: list[Any] = node.ask("ACL", "GETUSER", user) or []
    return answer[answer.index(name) + 1] if answer else []


def _derive(accepted: str, shard: str) -> str:
    """From the hash by which a password is accepted, since of the others the Secret has no more."""
    return hmac.new(accepted.encode(), f"replication of {shard}".encode(), hashlib.sha256).hexdigest()


def password_hash(password: str) -> str:
    """As ACLs have it."""
    return hashlib.sha256(password.encode()).hexdigest()
