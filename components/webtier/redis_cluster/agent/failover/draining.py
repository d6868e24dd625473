"""The mark of a node that is draining: its pod is about to stop.

A draining node is not elected, is no failover candidate of other draining masters, and no slot is moved to or from
it. The mark lasts until that Redis process ends, since it is in no file. It is the replica priority 0, by which Redis
knows a replica that is not to be promoted; in a cluster Redis itself ignores it. Agents of both versions read it
during a rolling update, so that neither the key nor its value may change.
"""

from typing import Any

from ..redis.client import Command, Node

NO_FAILOVER = "cluster-replica-no-failover"
"""With `yes` a replica does not stand for election. candidacy.py sets it for nodes that are not draining."""

_MARK = "replica-priority"

QUESTION: Command = ("CONFIG", "GET", _MARK)
"""To be sent together with other commands; `says_draining` reads the answer."""


def mark_draining(node: Node) -> None:
    """CommandRefusedError when the node refuses it."""
    node.ask("CONFIG", "SET", _MARK, 0, NO_FAILOVER, "yes")


def is_draining(node: Node) -> bool:
    return says_draining(node.ask(*QUESTION))


def says_draining(answer: Any) -> bool:
    """The same, from a node's answer to QUESTION."""
    return answer[1] == "0"
