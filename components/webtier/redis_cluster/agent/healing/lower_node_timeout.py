"""Sets the node timeout back that a run of converge had raised for a large key, when that run is no more."""

from dataclasses import dataclass

from ..console import Console
from ..redis.client import Node
from ..redis.node_timeout import is_raised_on_purpose, node_timeout, set_node_timeout


@dataclass
class LowerNodeTimeout:
    """Looks once with `step()`. `configured` is what redis.conf says, in seconds."""

    configured: float
    console: Console

    def step(self, redis: Node) -> None:
        found = node_timeout(redis)
        if found <= self.configured or is_raised_on_purpose(redis):
            return
        set_node_timeout(redis, self.configured)
        self.console.event(f"the node timeout is {self.configured:g} s again; for a large key it was {found:g} s")
