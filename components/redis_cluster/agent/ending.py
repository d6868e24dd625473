"""The mark of a node that is about to end.

Nobody elects it, masters that end as well pass it over, and no slot is moved to it or from it any
more. The mark lasts until that Redis process ends, since it is in no file. A node that began without
data has the same one until it has some.
"""

from typing import Any

from .client import Command, Node

_SETTING = "cluster-replica-no-failover"

QUESTION: Command = ("CONFIG", "GET", _SETTING)
"""For those who ask it together with others; `says_ending` reads the answer."""


def mark_as_ending(node: Node) -> None:
    """CommandRefusedError when the node does not take it."""
    node.ask("CONFIG", "SET", _SETTING, "yes")


def is_ending(node: Node) -> bool:
    """Whether it has the mark."""
    return says_ending(node.ask(*QUESTION))


def says_ending(answer: Any) -> bool:
    """What a node has answered to the question."""
    return answer[1] != "no"
