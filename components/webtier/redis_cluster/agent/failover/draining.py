"""The mark of a node that is about to end.

Nobody elects it, masters that end as well pass it over, and no slot is moved to it or from it any
more. The mark lasts until that Redis process ends, since it is in no file. Its sign is the priority 0, with which
Redis calls a replica that is not to be promoted; in a cluster Redis itself does not heed it.
"""

from typing import Any

from ..redis.client import Command, Node

NO_FAILOVER = "cluster-replica-no-failover"
"""With `yes` a node does not stand for election while it is a replica. Whether it ends or not: see candidacy.py."""

_SIGN = "replica-priority"

QUESTION: Command = ("CONFIG", "GET", _SIGN)
"""For those who ask it together with others; `says_ending` reads the answer."""


def mark_as_ending(node: Node) -> None:
    """CommandRefusedError when the node does not take it."""
    node.ask("CONFIG", "SET", _SIGN, 0, NO_FAILOVER, "yes")


def is_ending(node: Node) -> bool:
    """Whether it has the mark."""
    return says_ending(node.ask(*QUESTION))


def says_ending(answer: Any) -> bool:
    """What a node has answered to the question."""
    return answer[1] == "0"
