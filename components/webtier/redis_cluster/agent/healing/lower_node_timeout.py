"""Sets the node timeout back that a run of converge had raised for a large key, when that run is no more."""

import time
from dataclasses import dataclass, field

from ..console import Console
from ..redis.client import Node
from ..redis.node_timeout import is_raised_on_purpose, node_timeout, set_node_timeout


@dataclass
class LowerNodeTimeout:
    """Looks once with `step()`. `configured` is what redis.conf says, in seconds.

    The end of a run does not end a MIGRATE that it has begun: the timeout stays for as long as that may take.
    """

    configured: float
    console: Console
    _nobody_since: float | None = field(default=None, init=False)

    def step(self, redis: Node) -> None:
        found = node_timeout(redis)
        if found <= self.configured or is_raised_on_purpose(redis):
            self._nobody_since = None
            return
        now = time.monotonic()
        self._nobody_since = now if self._nobody_since is None else self._nobody_since
        if now - self._nobody_since < found - self.configured:
            return
        set_node_timeout(redis, self.configured)
        self.console.event(f"the node timeout is {self.configured:g} s again; for a large key it was {found:g} s")
