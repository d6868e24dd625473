"""Brings the cluster to its goal, from whatever is there, and waits until it is healthy."""

import time
from dataclasses import dataclass

from .client import Connector
from .console import Console
from .errors import CommandRefusedError, DeadlinePassedError, NodeUnavailableError
from .plan import Goal, Plan, Step, make_plan
from .resolver import Resolve
from .survey import take_survey

MOST_LISTED = 4
"""So many of the things that are waited for are written out."""


@dataclass(frozen=True)
class ConvergeOptions:
    """`deadline` and `interval` in seconds. After `patience` without a change it insists."""

    deadline: float = 600.0
    interval: float = 0.5
    patience: float = 10.0


def converge(
    goal: Goal, connector: Connector, resolve: Resolve, console: Console, options: ConvergeOptions | None = None
) -> None:
    """Forms or completes the cluster; run again it changes nothing. It may be killed at any point.

    Ends when every node says that the state is ok and all slots are served, and every replica has
    its master's data. DeadlinePassedError says what is missing; RefusedError says why nobody should go on.
    """
    options = options or ConvergeOptions()
    end = time.monotonic() + options.deadline
    last_waiting: list[str] = []
    changed = time.monotonic()
    while True:
        survey = take_survey(goal.topology, connector, resolve)
        insist = time.monotonic() - changed >= options.patience
        plan = make_plan(goal, survey, insist)
        if plan.done:
            console.event(_summary(goal))
            return
        if plan.waiting:
            console.state("waiting: " + _listed(plan.waiting))
        failure = _carry_out(plan, connector, console)
        if plan.waiting != last_waiting or plan.steps:
            last_waiting = plan.waiting
            changed = time.monotonic()
        if time.monotonic() >= end:
            missing = failure or _listed(plan.waiting) or "steps were still being taken"
            raise DeadlinePassedError(f"the cluster is not complete after {options.deadline:.0f} s: {missing}")
        time.sleep(options.interval)


def _carry_out(plan: Plan, connector: Connector, console: Console) -> str | None:
    """Takes the plan's steps until one fails, and returns what it failed with."""
    for step in plan.steps:
        try:
            _take(step, connector)
        except (NodeUnavailableError, CommandRefusedError) as error:
            # The node has moved on since it was asked; the next plan begins with how it is now.
            failure = f"{step.node.member.pod} {error}"
            console.state(failure)
            return failure
        console.event(step.text)
    return None


def _take(step: Step, connector: Connector) -> None:
    with connector.open(step.node.ip) as node:
        node.ask(*step.command)


def _listed(reasons: list[str]) -> str:
    more = len(reasons) - MOST_LISTED
    return "; ".join(reasons[:MOST_LISTED]) + (f"; and {more} more" if more > 0 else "")


def _summary(goal: Goal) -> str:
    topology = goal.topology
    replicas = topology.shards * topology.replicas_per_shard
    return (
        f"the cluster is complete: {topology.shards} masters serve all slots, {replicas} replicas have their data, "
        "and every node says ok"
    )
