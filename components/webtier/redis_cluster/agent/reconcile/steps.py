"""What converge can be told to do, and what it is to reach."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from ..features import ALL_FEATURES, Without
from ..redis.client import Command
from ..redis.topology import Topology
from .cluster_state import NodeState


@dataclass(frozen=True)
class Step:
    """Commands for one member, and what they do in words."""

    node: NodeState
    commands: tuple[Command, ...]
    text: str


def step(node: NodeState, text: str, *command: str | int) -> Step:
    return Step(node, (command,), text)


@dataclass(frozen=True)
class Move:
    """Slots, with their keys, that go from the master that owns them to another one."""

    source: NodeState
    target: NodeState
    slots: tuple[int, ...]

    @property
    def is_under_way(self) -> bool:
        """Whether an earlier run has begun with any of them."""
        marked = {*self.source.view.migrating, *self.target.view.importing, *self.target.strays}
        return not marked.isdisjoint(self.slots)


@dataclass(frozen=True)
class HandOver:
    """A master that is to be removed, and the members that may take over from it."""

    node: NodeState
    heirs: tuple[NodeState, ...]


Action = Step | Move | HandOver | str
"""A text says what is waited for."""


@dataclass(frozen=True)
class Plan:
    """What to do now, and what is still to be waited for. False when that is nothing: all is as it should be."""

    steps: list[Step] = field(default_factory=list[Step])
    waiting: list[str] = field(default_factory=list[str])
    moves: list[Move] = field(default_factory=list[Move])
    hand_overs: list[HandOver] = field(default_factory=list[HandOver])

    @classmethod
    def of(cls, actions: Iterable[Action]) -> Self:
        plan = cls()
        for action in actions:
            match action:
                case Step():
                    plan.steps.append(action)
                case Move():
                    plan.moves.append(action)
                case HandOver():
                    plan.hand_overs.append(action)
                case _:
                    plan.waiting.append(action)
        return plan

    def __bool__(self) -> bool:
        return bool(self.steps or self.waiting or self.moves or self.hand_overs)


@dataclass(frozen=True)
class Goal:
    """What the cluster should be. `port` and `bus_port` are those of a node that announces no others."""

    topology: Topology
    min_replicas_to_write: int = 0
    port: int = 6379
    bus_port: int = 16379
    without: Without = ALL_FEATURES


def members_of(nodes: Iterable[NodeState], shard: int) -> list[NodeState]:
    return [node for node in nodes if node.member.shard == shard]


def leader_of(nodes: Iterable[NodeState], shard: int) -> NodeState:
    """A shard's master: who owns slots, else the first member that is no replica."""
    return min(members_of(nodes, shard), key=lambda node: (not node.owns_slots, not node.myself.is_master))
