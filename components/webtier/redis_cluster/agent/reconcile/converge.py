"""Brings the cluster to its goal, from whatever is there, and waits until it is healthy."""

import time
from dataclasses import dataclass, field
from functools import partial

from ..console import Console
from ..errors import DeadlinePassedError, NodeError
from ..failover.elections import Elections
from ..failover.hand_over import HandOverOptions, Outcome, hand_over_to
from ..redis.client import Connector
from ..redis.node_timeout import node_timeout
from .cluster_state import ClusterState, read_cluster_state
from .large_keys import LargeKeyCheck
from .migration import migrate
from .only_run import OnlyRun
from .plan import make_plan
from .progress import Progress
from .resharding import not_drained
from .steps import Goal, HandOver, Plan

MOST_LISTED = 4
"""So many of the things that are waited for are written out."""

SLICE = 5.0
"""Seconds for which slots are moved before the members are asked again how they are."""


def converge(
    goal: Goal,
    connector: Connector,
    console: Console,
    *,
    deadline: float,
    interval: float = 0.5,
    patience: float = 10.0,
) -> None:
    """Forms, completes, grows or shrinks the cluster; run again it changes nothing. It may be killed at any point.

    Ends when every node says that the state is ok and all slots are served, every replica has its
    master's data, every shard has its even part of the slots, and whatever is outside of the
    topology holds nothing any more. After `patience` seconds without a change it insists. DeadlinePassedError says
    what is missing after `deadline` seconds; RefusedError says why a person has to decide.
    """
    with OnlyRun(connector) as only_run:
        _Run(goal, connector, console, only_run, time.monotonic() + deadline, interval, patience).run(deadline)


@dataclass
class _Run:
    goal: Goal
    connector: Connector
    console: Console
    only_run: OnlyRun
    end: float
    interval: float
    patience: float

    def run(self, deadline: float) -> None:
        last_waiting: list[str] = []
        changed = time.monotonic()
        progress = Progress(self.console)
        thorough = False
        hands = _Hands(self.connector, self.console, progress)
        while True:
            look = partial(read_cluster_state, self.goal.topology, self.connector, thorough)
            state, in_the_way = self.only_run.why_not(look)
            insist = time.monotonic() - changed >= self.patience
            plan = make_plan(self.goal, state, insist) if in_the_way is None else Plan(waiting=[in_the_way])
            # Keys that an interruption left behind can be seen once nothing moves any more.
            suspicious = progress.slots > 0 or any(not_drained(state))
            if not plan and (thorough or not suspicious):
                self.console.event(_summary(self.goal, progress))
                return
            thorough = suspicious and not plan.moves
            if plan.waiting:
                self.console.state("waiting: " + _listed(plan.waiting))
            seconds = min(SLICE, self.end - time.monotonic())
            failure = hands.carry_out(plan, state, seconds, self.end)
            if plan.waiting != last_waiting or plan.steps or plan.moves or plan.hand_overs or in_the_way:
                last_waiting = plan.waiting
                changed = time.monotonic()
            if time.monotonic() >= self.end:
                missing = failure or _listed(plan.waiting) or progress.unfinished() or "steps were still being taken"
                raise DeadlinePassedError(f"the cluster is not complete after {deadline:.0f} s: {missing}")
            if failure or not plan.moves:
                time.sleep(self.interval)


@dataclass
class _Hands:
    """Does what plans say, in one run."""

    connector: Connector
    console: Console
    progress: Progress
    _elections: dict[int, Elections] = field(default_factory=dict[int, Elections], init=False)

    def __post_init__(self) -> None:
        self._check = LargeKeyCheck(self.connector, self.console)

    def carry_out(self, plan: Plan, state: ClusterState, seconds: float, end: float) -> str | None:
        """Takes steps and moves until one fails, and returns what it failed with. Slots are moved for so many seconds;
        all has to be done by `end`.
        """
        masters = [node for node in state.all_nodes if node.myself.is_master]
        try:
            for step in plan.steps:
                with step.node.open(self.connector) as node:
                    node.ask_all(step.commands)
                self.console.event(step.text)
            for each in plan.hand_overs:
                self._hand_over(each, end)
            self._check.refuse_immovable(plan.moves)
            migrate(plan.moves, masters, self.connector, self.progress, seconds)
        except NodeError as error:
            # A node has moved on since it was asked; the next plan begins with how it is now.
            self.console.state(str(error))
            return str(error)
        return None

    def _hand_over(self, wanted: HandOver, end: float) -> None:
        """Only when it can succeed: each election that is lost keeps writes waiting for five seconds."""
        master = wanted.node
        options = HandOverOptions(deadline=max(0.0, min(HandOverOptions.deadline, end - time.monotonic())))
        heirs = {heir.id for heir in wanted.heirs}
        with master.open(self.connector) as redis:
            elections = self._elections.setdefault(master.member.shard, Elections(node_timeout(redis)))
            outcome = hand_over_to(heirs, redis, elections, options, self.connector, self.console)
        if outcome is Outcome.HANDED_OVER:
            self.console.event(f"{master.pod}, which is to be removed, has handed over")


def _listed(reasons: list[str]) -> str:
    more = len(reasons) - MOST_LISTED
    return "; ".join(reasons[:MOST_LISTED]) + (f"; and {more} more" if more > 0 else "")


def _summary(goal: Goal, progress: Progress) -> str:
    topology = goal.topology
    replicas = topology.shards * topology.replicas_per_shard
    moved = f"{progress.summary()}; " if progress.slots else ""
    return (
        f"{moved}the cluster is complete: {topology.shards} masters serve all slots, {replicas} replicas have their "
        "data, and every node says ok"
    )
