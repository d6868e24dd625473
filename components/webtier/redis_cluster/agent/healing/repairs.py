"""What is repaired beside a running Redis, each thing by itself: a step that fails stops none of the others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..console import Console
from ..errors import AgentError, CommandRefusedError, NodeUnavailableError
from ..redis.client import Node


@dataclass(frozen=True)
class Repair:
    """`subject` is what a failure of `step` is said to be about; `console` is its own: others don't make it new."""

    subject: str
    step: Callable[[Node], None]
    console: Console


def run_repairs(redis: Node, repairs: Sequence[Repair]) -> None:
    """One look of each. NodeUnavailableError once this pod's Redis no longer answers: the rest would say the same."""
    for repair in repairs:
        try:
            repair.step(redis)
        except Exception as error:
            if isinstance(error, NodeUnavailableError):
                ask_for_sign(redis)
            said = f"this pod's Redis {error}" if isinstance(error, AgentError) else f"{type(error).__name__}: {error}"
            repair.console.state(f"{repair.subject}: {said}")


def ask_for_sign(redis: Node) -> None:
    """NodeUnavailableError when it can't be asked now. A refusal is an answer: a Redis that can't write to its disk
    refuses even PING.
    """
    try:
        redis.ask("PING")
    except CommandRefusedError:
        return
