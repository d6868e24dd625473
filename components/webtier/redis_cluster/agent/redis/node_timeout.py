"""`cluster-node-timeout`, which is raised while a large key moves.

MIGRATE holds up its source, and then its target, for as long as it takes: a master that is silent for a node timeout
is taken for failed. So whoever moves a large key raises it at the masters first, and subscribes to a channel at each
of them, which ends with it. Once nobody is subscribed at its Redis, each agent sets the timeout back, after the time
that the run had allowed. While it is raised no agent says of a master that it is gone: with its accept queue full, one
that is held up looks like that.
"""

from .client import Node

LARGE_KEY = "webtier.agent.large-key"
"""The channel's name. The agent's user may use `webtier.agent.*`."""

_SETTING = "cluster-node-timeout"


def node_timeout(node: Node) -> float:
    """What is in effect there, in seconds."""
    return int(node.ask("CONFIG", "GET", _SETTING)[1]) / 1000


def set_node_timeout(node: Node, seconds: float) -> None:
    """Until the next start of that Redis."""
    node.ask("CONFIG", "SET", _SETTING, round(seconds * 1000))


def is_raised_on_purpose(node: Node) -> bool:
    """Whether somebody moves a large key just now."""
    return bool(node.ask("PUBSUB", "CHANNELS", LARGE_KEY))
