"""One run of converge at a time: another waits until the one before has ended, or was killed.

Two runs with different goals, such as the Job of an update that was cut off and the next one's, would move the same
slots to and fro, until nobody owns them. So a run subscribes to a channel of its own at every member, by which all
others see it, and which ends with it: no key, no file and no clock is needed, and nothing is left when it is killed.

It first says that it wants to run, and looks; if nobody runs, and of those that want to it has the lowest name, it says
that it runs, and looks once more. Whoever began to look later sees the one before. From then on it runs until it ends.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from ..errors import NodeError
from ..redis.client import Connector, Node
from .cluster_state import RUNS, ClusterState, NodeState

_WANTS, _RUNS = (RUNS.replace("*", f"{what}.") for what in ("wants", "runs"))


@dataclass
class OnlyRun:
    """Of one run, for a `with`. `name` is unlike any other's."""

    connector: Connector
    name: str = field(default_factory=lambda: secrets.token_hex(8))
    _connections: dict[str, Node] = field(default_factory=dict[str, Node], init=False)
    _channels: list[str] = field(default_factory=list[str], init=False)
    _alone: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._channels.append(_WANTS + self.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in self._connections.values():
            connection.close()

    def why_not(self, look: Callable[[], ClusterState]) -> tuple[ClusterState, str | None]:
        """The cluster's state, from `look`, and why this run must not do anything about it now."""
        state = look()
        while self._subscribe(state.all_nodes):
            state = look()
        others = {channel for node in state.all_nodes for channel in node.runs if not channel.endswith(self.name)}
        running = {channel for channel in others if channel.startswith(_RUNS)}
        if self._alone:
            return state, None
        first = all(self.name < channel.rpartition(".")[2] for channel in others)
        if running or not first:
            if not first and len(self._channels) > 1:
                self._withdraw()
            return state, "another run of converge is at work"
        if len(self._channels) == 1:
            self._channels.append(_RUNS + self.name)
            return self.why_not(look)
        self._alone = True
        return state, None

    def _subscribe(self, nodes: Sequence[NodeState]) -> bool:
        """Whether a member has this run's channels only since now, so that what others see has changed."""
        lost = {node_id for node_id, connection in self._connections.items() if not _is_open(connection)}
        if 2 * len(lost) >= len(self._connections):
            # Others may not have seen it.
            self._alone = False
        for node_id in lost:
            self._connections.pop(node_id).close()
        changed = False
        for node in nodes:
            if set(node.runs) >= set(self._channels) and node.id in self._connections:
                continue
            try:
                if node.id not in self._connections:
                    self._connections[node.id] = node.open(self.connector)
                for channel in self._channels:
                    self._connections[node.id].ask("SUBSCRIBE", channel)
            except NodeError:
                continue
            changed = True
        return changed

    def _withdraw(self) -> None:
        """A run with a lower name wants to as well."""
        for connection in self._connections.values():
            try:
                connection.ask("UNSUBSCRIBE", self._channels[-1])
            except NodeError:
                continue
        self._channels.pop()


def _is_open(connection: Node) -> bool:
    try:
        while connection.receive(0.0) is not None:
            pass
    except NodeError:
        return False
    return True
