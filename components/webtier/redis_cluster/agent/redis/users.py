"""Brings the users and passwords of the mounted Secret into effect, at each start and while Redis runs."""

import time
from dataclasses import dataclass
from pathlib import Path

from ..console import Console
from ..errors import CommandRefusedError, DeadlinePassedError, NodeUnavailableError
from .client import Connector, Node
from .reach import open_pod
from .replication_user import REPLICATION_USER, ShardLogin, accepted_hashes
from .topology import Member, Topology
from .view import shard_of

ACL_FILE = "users.acl"


@dataclass(frozen=True)
class AccessFiles:
    """The mounted Secret: `users.acl` in Redis' own form, and one file a user with its password."""

    folder: Path

    def users(self, login: ShardLogin, withhold_replication: bool = False, own_alone: bool = False) -> str:
        """The ACL file of a node. With `withhold_replication` no replica may copy its data for now. With `own_alone` it
        has none but the cluster's own users, whose rules no setting can get wrong.
        """
        lines: list[str] = []
        for line in self.text().splitlines():
            words = line.split(" ")
            if words[:2] == ["user", REPLICATION_USER]:
                rules = login.rules(words[2:])
                words = [*words[:2], *(_withheld(rules) if withhold_replication else rules)]
            if not own_alone or self._stays(words):
                lines.append(" ".join(words))
        return "\n".join(lines) + "\n"

    def text(self) -> str:
        """The ACL file as it is in the Secret, for all shards."""
        return self._read(ACL_FILE)

    def replication_hashes(self) -> list[str]:
        """By which the cluster's password for replication is accepted, of all generations that are."""
        found = (line.split(" ") for line in self.text().splitlines())
        rules = [rule for words in found if words[:2] == ["user", REPLICATION_USER] for rule in words[2:]]
        return [rule[1:] for rule in rules if rule.startswith("#")]

    def password(self, user: str) -> str:
        """A user's current password. Read anew each time: the file changes on a rotation."""
        return self._read(user).strip("\n")

    def replication_conf(self, login: ShardLogin) -> str:
        """Lines of redis.conf: how the node logs in at its master."""
        return login.conf(self.password(REPLICATION_USER))

    def is_own(self, user: str) -> bool:
        """Whether it is one of the cluster's own, whose password is here too."""
        return (self.folder / user).exists()

    def _stays(self, words: list[str]) -> bool:
        return words[:1] == ["user"] and (words[1] == "default" or self.is_own(words[1]))

    def _read(self, name: str) -> str:
        try:
            return (self.folder / name).read_text(encoding="utf-8")
        except OSError as error:
            raise NodeUnavailableError(f"has no readable file {name}: {error}") from error


def _withheld(rules: list[str]) -> list[str]:
    return ["off" if rule == "on" else rule for rule in rules]


def apply_access(node: Node, files: AccessFiles, login: ShardLogin, keep_passwords: bool = False) -> None:
    """Sets every user and the password that a replica logs in with, on a running server.

    Each user changes in one command, so that none is ever without a valid password; connections stay.
    Whether replication is withheld stays as it is. CommandRefusedError for the first user whose rules are refused, once
    all others are set: no rule of the application's may keep the cluster's own users from their passwords.
    With `keep_passwords` the cluster's own users keep theirs besides, and replicas go on logging in with the old one.
    """
    refused: list[CommandRefusedError] = []
    for line in files.users(login).splitlines():
        match line.split():
            case ["user", name, *rules]:
                if name == REPLICATION_USER:
                    # While slots arrive it may do more (reconcile/native_migration.py): that ends here at the latest.
                    anew = ("resetpass", "nocommands", "resetkeys", "resetchannels")
                    rules = [*anew, *(rule for rule in rules if rule not in ("on", "off"))]
                else:
                    rules = ["reset", *rules]
                if keep_passwords and files.is_own(name):
                    rules.extend(f"#{each}" for each in accepted_hashes(node, name))
                try:
                    node.ask("ACL", "SETUSER", name, *rules)
                except CommandRefusedError as error:
                    refused.append(error)
            case _:
                pass
    if not keep_passwords:
        log_in_at_masters(node, files, login)
    if refused:
        raise refused[0]


def log_in_at_masters(node: Node, files: AccessFiles, login: ShardLogin) -> None:
    """With a password made from the Secret's, at the next connection."""
    password = login.password(files.password(REPLICATION_USER))
    node.ask("CONFIG", "SET", "masteruser", REPLICATION_USER, "masterauth", password)


def grant_access(
    topology: Topology, connector: Connector, files: AccessFiles, console: Console, end: float, interval: float = 0.5
) -> None:
    """Does the same on every member; one that can't be asked is asked again until `end` of the monotonic clock.

    DeadlinePassedError names those that never could. CommandRefusedError, with the pod's name, when one answers that a
    rule can't be: asking again would not change that.
    """
    left = topology.members()
    while True:
        reasons = {member: reason for member in left if (reason := _grant(member, connector, files))}
        if not reasons:
            return
        left = list(reasons)
        said = "; ".join(f"{member.pod} {reason}" for member, reason in reasons.items())
        if time.monotonic() >= end:
            raise DeadlinePassedError(f"not every node knows the users and passwords: {said}")
        console.state(f"waiting: {said}")
        time.sleep(interval)


def _grant(member: Member, connector: Connector, files: AccessFiles) -> str | None:
    """None once the member has them, else why it could not be asked."""
    found = False
    try:
        with open_pod(member, connector) as (node, _):
            found = True
            apply_access(node, files, ShardLogin(shard_of(member.host)))
    except NodeUnavailableError as error:
        return str(error)
    except CommandRefusedError as error:
        if not found:
            # It is no node of a cluster: the address has been handed on.
            return str(error)
        raise CommandRefusedError(f"{member.pod} {error}") from error
    return None
