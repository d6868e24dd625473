"""Brings the users and passwords of the mounted Secret into effect, at each start and while Redis runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .client import Connector, Node
from .errors import AgentError, NodeUnavailableError
from .resolver import Resolve
from .topology import Topology

ACL_FILE = "users.acl"
REPLICATION_USER = "replication"


@dataclass(frozen=True)
class AccessFiles:
    """The mounted Secret: `users.acl` in Redis' own form, and one file a user with its password."""

    folder: Path

    def users(self, withhold_replication: bool = False) -> str:
        """The ACL file. With `withhold_replication` nobody may copy this node's data for now."""
        text = self._read(ACL_FILE)
        return (
            text.replace(f"user {REPLICATION_USER} on ", f"user {REPLICATION_USER} off ")
            if withhold_replication
            else text
        )

    def password(self, user: str) -> str:
        """A user's current password. Read anew each time: the file changes on a rotation."""
        return self._read(user).strip("\n")

    def _read(self, name: str) -> str:
        try:
            return (self.folder / name).read_text(encoding="utf-8")
        except OSError as error:
            raise NodeUnavailableError(f"has no readable file {name}: {error}") from error


def apply_access(node: Node, files: AccessFiles) -> None:
    """Sets every user and the password that a replica logs in with, on a running server.

    Each user changes in one command, so that none is ever without a valid password; connections stay.
    Whether replication is withheld stays as it is.
    """
    for name, rules in _users(files.users()):
        if name == REPLICATION_USER:
            node.ask("ACL", "SETUSER", name, "resetpass", *(rule for rule in rules if rule not in ("on", "off")))
        else:
            node.ask("ACL", "SETUSER", name, "reset", *rules)
    node.ask("CONFIG", "SET", "masteruser", REPLICATION_USER, "masterauth", files.password(REPLICATION_USER))


def grant_access(topology: Topology, connector: Connector, resolve: Resolve, files: AccessFiles) -> None:
    """Does the same on every member. NodeUnavailableError names the first that does not answer."""
    for member in topology.members():
        addresses = resolve(member.host)
        try:
            if not addresses:
                raise NodeUnavailableError("has no address")
            with connector.open(addresses[0]) as node:
                apply_access(node, files)
        except AgentError as error:
            raise NodeUnavailableError(f"{member.pod} {error}") from error


def _users(text: str) -> Iterator[tuple[str, list[str]]]:
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word == "user":
            name, *rules = rest.split()
            yield name, rules
