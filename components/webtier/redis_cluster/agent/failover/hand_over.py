"""Before a pod stops: its master's role goes to a replica, so that no client waits for an election.

The replica takes over together with its master, which holds back writes until the replica has all
of them: no acknowledged write is lost. A replica is never made to take over without its master
(FORCE) or without the other masters' votes (TAKEOVER) here.

Redis gives a replica five seconds, in which the master takes no writes; then the election is lost,
and the next one can't be won at once (see elections.py). That holds as well for the election that
would follow this pod's end, so that a pod that ended now would leave its shard without a master.
Therefore the next attempt is made when it can succeed, if that is within the deadline, and this
node serves until then. Measured at a node timeout of 5 s with one replica, whose first votes were
lost: writes waited for 5.1 s in all; where the pod ended at once for 19.9 s, or for 12.5 s where it
was back after 5 s.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from ..console import Console
from ..errors import (
    AgentError,
    CommandRefusedError,
    NodeDownError,
    NodeError,
    NodeNotReadyError,
    NodeUnavailableError,
)
from ..features import ALL_FEATURES, Without
from ..redis.client import Connector, Node
from ..redis.node_timeout import node_timeout
from ..redis.reach import ask_member_if_reachable, open_node, why_silent
from ..redis.replication_info import read_replication
from ..redis.topology import describe_slots
from ..redis.view import ClusterView, Record
from . import slot_marks
from .draining import mark_draining
from .elections import Elections
from .failover_candidates import Candidate, CandidateFinder, as_masters_see
from .min_replicas import settle, take_writes_alone, want_replicas, wanted_replicas

LOOK_INTERVAL = 0.5
"""Seconds between two questions to the replica that is taking over whether it still answers."""

MOST_ATTEMPTS = 2
"""Each that fails keeps writes waiting for as long as Redis tries."""

BUSY = ("master_sync_in_progress", "aof_rewrite_scheduled", "aof_rewrite_in_progress")
"""Fields of INFO, in the order in which they become 1 while a replica copies its master's data."""


class Outcome(Enum):
    """What has become of the shard. In every case the pod may end."""

    UNNEEDED = "unneeded"
    """A replica, or a master without slots."""
    HANDED_OVER = "handed over"
    NO_REPLICA = "no replica"
    """None is online and able: the slots are not served until the pod is back."""
    FAILED = "failed"
    """Those that were asked did not become master, or this pod's Redis does not answer."""


@dataclass(frozen=True)
class HandOverOptions:
    """All times in seconds. `deadline` bounds everything; keep it well inside the pod's grace period."""

    deadline: float = 25.0
    patience: float = 1.0
    """What a node gets for one answer, and DNS for a name. One that is slow for a second is asked again: this pod's
    Redis until the deadline, others for as long as this and `slow`."""
    slow: float = 2.0
    voters: float = 12.0
    """For a replica that follows to be found, and for the masters to know it and to have a link to it. One that has
    just restarted they dial again for several seconds."""
    writing: float = 15.0
    """For a replica that has its master's data in memory and still writes it to its disk: were it killed before that
    ends, what it takes as a master would be lost."""
    settling: float = 5.0
    """For each wait that only makes things smoother: until the masters agree about the new one, and until this
    pod's Redis is able to end."""
    attempt: float = 6.0
    """How long one replica gets to take over; Redis itself gives up after 5."""
    slots: float = 8.0
    """For slots under way to arrive, most of which take well under a second. Of those that are left the next master is
    told once it is one, and serves them wrongly until then."""
    quiet: float = 0.2
    """So long none may have been under way: in a stream of them there is a moment between two."""
    without: Without = ALL_FEATURES


def hand_over(options: HandOverOptions, connector: Connector, console: Console) -> Outcome:
    """Makes the local master's best replica the master, and returns when this node is its replica.

    To be called once, before the pod's Redis gets SIGTERM. Returns at once where there is nothing to
    hand over, or no replica can take over. A second replica is tried when the first fails. Never raises
    for what a node does or does not answer.
    """
    connector = replace(connector, timeout=options.patience)
    end = time.monotonic() + options.deadline
    try:
        with connector.open_local() as redis:
            redis.patient_until = end
            elections = Elections(node_timeout(redis))
            return _HandOver(options, connector, console, redis, end, elections).drain()
    except AgentError as error:
        console.event(f"nothing is handed over: this pod's Redis {error}")
        return Outcome.FAILED


def hand_over_to(
    heirs: Collection[str],
    redis: Node,
    elections: Elections,
    options: HandOverOptions,
    connector: Connector,
    console: Console,
) -> Outcome:
    """The same for another pod's master `redis`, which goes on running: one of the `heirs`, node ids, takes over.

    `elections` are those that were lost in its shard before. AgentError when the master does not answer.
    """
    connector = replace(connector, timeout=options.patience)
    redis.patient_until = end = time.monotonic() + options.deadline
    return _HandOver(options, connector, console, redis, end, elections, frozenset(heirs)).run()


@dataclass
class _HandOver:
    options: HandOverOptions
    connector: Connector
    console: Console
    redis: Node
    _end: float
    _elections: Elections
    _heirs: frozenset[str] | None = None
    """None where this master stops, and any of its replicas may take over."""

    def __post_init__(self) -> None:
        self._finder = CandidateFinder(self.connector, self.options.without)
        self._tried: list[str] = []
        self._more_expected_until = 0.0

    def drain(self) -> Outcome:
        """Before this master stops."""
        try:
            mark_draining(self.redis)
        except CommandRefusedError as error:
            self.console.event(f"other draining masters may choose this node, which can't be marked: it {error}")
        view = self.redis.view()
        if not view.myself.serves:
            self.console.event("this node has nothing to hand over: it is a replica, or owns no slots")
            self._leave_master(view)
            self._wait_until(self._can_end)
            if not self.redis.view().myself.serves:
                return Outcome.UNNEEDED
            # Another draining master promoted this node before it saw the mark. Replicas follow in a moment.
            self._more_expected_until = self._until(self.options.settling)
        outcome = self.run()
        if outcome is Outcome.HANDED_OVER:
            self._wait_until(self._can_end)
        return outcome

    def run(self) -> Outcome:
        self._wait_for_slots()
        while len(self._tried) < MOST_ATTEMPTS:
            candidate = self._choose()
            if candidate is None:
                break
            seconds = self._elections.seconds_until(candidate.record.id)
            if seconds > self._end - time.monotonic() - LOOK_INTERVAL:
                self.console.event(
                    f"{candidate.record.name} can't be elected for another {seconds:.1f} s, which is too long"
                )
                break
            if seconds:
                self.console.event(f"{candidate.record.name} can be elected again in {seconds:.1f} s: waiting for that")
                time.sleep(seconds)
            elif self._promote(candidate):
                return Outcome.HANDED_OVER
        return Outcome.FAILED if self._tried else Outcome.NO_REPLICA

    def _wait_for_slots(self) -> None:
        """Whoever moves slots sees at the next slot that this node is draining, and then opens no more."""
        end = self._until(self.options.slots)
        busy_at = time.monotonic()
        while (now := time.monotonic()) < end and now - busy_at < self.options.quiet:
            if self._open_slots():
                busy_at = now
            time.sleep(0.01)
        if slots := self._open_slots():
            self.console.event(
                f"the slots {describe_slots(slots)} are still being moved and this node hands over all the same; the "
                "next master is told of them, and the next converge finishes them"
            )

    def _open_slots(self) -> set[int]:
        view = self.redis.view()
        return {*view.importing, *view.migrating}

    def _choose(self) -> Candidate | None:
        """The best replica that all masters know, of those that can be elected first; rather one not yet tried."""
        end = self._until(self.options.voters)
        written_by = self._until(self.options.writing)
        while True:
            view = self.redis.view()
            found = self._finder.find(self.redis, view)
            admitted = [each for each in found.promotable if self._heirs is None or each.record.id in self._heirs]
            electable = [each for each in admitted if self._finder.votes_for(view, each)]
            best = min(electable, key=self._rank, default=None)
            if best is not None and (best.on_disk or time.monotonic() >= written_by):
                return best
            if best is not None:
                self.console.state(f"{best.record.name} has its copy in memory and writes it to its disk: waiting")
                time.sleep(0.1)
                continue
            unknown = "too few masters know the replicas and have a link to them"
            reason = unknown if admitted else "; ".join(found.reasons) or "no replica is known"
            now = time.monotonic()
            if not (admitted or found.more_expected or now < self._more_expected_until) or now >= end:
                self.console.event(f"no replica can take over: {reason}")
                return None
            time.sleep(0.1)

    def _rank(self, candidate: Candidate) -> tuple[bool, float, bool, int]:
        node_id, offset = candidate.record.id, candidate.replication.offset
        return not candidate.on_disk, self._elections.seconds_until(node_id), node_id in self._tried, -offset

    def _promote(self, candidate: Candidate) -> bool:
        self._tried.append(candidate.record.id)
        view = self.redis.view()
        others = [record for record in view.replicas_of(view.own_id) if record.id != candidate.record.id]
        # The others follow it a moment after it has taken over.
        wanted = self._ask_at(candidate.record, candidate.ip, take_writes_alone)
        if not self._take_over(candidate):
            self._ask_at(candidate.record, candidate.ip, lambda node: want_replicas(node, wanted))
            return False
        if view.migrating or view.importing:
            self._ask_at(candidate.record, candidate.ip, lambda node: slot_marks.mark(node, view))
        self._wait_until(lambda: self._is_agreed(candidate))
        self._wait_until(lambda: slot_marks.tell_other_ends(candidate.record.id, view, self.connector))
        self._settle(candidate.record, candidate.ip, wanted, others, self.options.settling)
        return True

    def _take_over(self, candidate: Candidate) -> bool:
        name = candidate.record.name
        started = time.monotonic()
        epoch = self.redis.epoch()
        try:
            self._ask_for_election(candidate)
        except NodeError as error:
            self.console.event(f"{name} does not take over: it {error}")
            return False
        end = self._until(self.options.attempt)
        look_after = started + LOOK_INTERVAL
        answered_at = time.monotonic()
        held_at: float | None = None
        while (now := time.monotonic()) < end:
            if read_replication(self.redis).is_replica:
                self.console.event(f"{name} took over after {now - started:.2f} s")
                return True
            if now >= look_after:
                look_after = now + LOOK_INTERVAL
                # Each election begins an epoch, and this master hears of it before it votes. It may be another shard's:
                # then the next one here is waited for longer than it has to be.
                if (latest := self.redis.epoch()) > epoch:
                    epoch, held_at = latest, now
                reason = why_silent(candidate.record.id, candidate.ip, self.connector)
                if reason is None:
                    answered_at = time.monotonic()
                elif isinstance(reason, NodeDownError) or now - answered_at > self.options.slow:
                    self.console.event(f"{name} does not take over: it {reason}")
                    break
            time.sleep(0.01)
        else:
            self.console.event(f"{name} has not taken over: the masters did not elect it in time")
        self._elections.lost(candidate.record.id, held_at or started, held_at is not None)
        return False

    def _ask_for_election(self, candidate: Candidate) -> None:
        """Once alone: a replica that has heard it, and whose answer was not in time, would begin anew."""
        with self._open(candidate.record, candidate.ip) as node:
            node.patient_until = 0.0
            try:
                node.ask("CLUSTER", "FAILOVER")
            except (NodeDownError, NodeNotReadyError):
                raise
            except NodeUnavailableError as error:
                self.console.event(f"{candidate.record.name} {error}; it may take over all the same")

    def _leave_master(self, view: ClusterView) -> None:
        """Its master takes writes without this replica."""
        master = view.master
        if master is None or not read_replication(self.redis).synced:
            return
        end = self._until(self.options.slow)
        while True:
            found = ask_member_if_reachable(master, lambda node: (node.ip, wanted_replicas(node)), self.connector)
            if found is not None:
                self._settle(master, *found, view.replicas_of(master.id), 0.0)
            if found is not None or time.monotonic() >= end:
                return
            time.sleep(LOOK_INTERVAL)

    def _settle(self, master: Record, ip: str, wanted: int, others: Sequence[Record], seconds: float) -> None:
        if not wanted:
            return
        end = self._until(seconds)
        left = self._ask_at(master, ip, lambda node: settle(node, wanted, others, self._finder, end))
        if left < wanted:
            self.console.event(f"{master.name} takes writes with {left} replicas in sync until another one is back")

    def _ask_at(self, record: Record, ip: str, question: Callable[[Node], int]) -> int:
        """0 where that node does not answer."""
        try:
            with self._open(record, ip) as node:
                return question(node)
        except NodeError:
            return 0

    def _open(self, record: Record, ip: str) -> Node:
        return open_node(record.id, ip, self.connector, patient_until=self._until(self.options.slow))

    def _is_agreed(self, candidate: Candidate) -> bool:
        """This node follows its successor, or all masters that answer see it as the owner of slots."""
        if read_replication(self.redis).synced:
            return True
        seen = as_masters_see(self.redis.view(), candidate.record.id, self.connector)
        return bool(seen) and all(record is not None and record.serves for record in seen)

    def _can_end(self) -> bool:
        """After a full copy Redis writes a whole new AOF; until then it refuses SIGTERM, and forgets that it came."""
        facts = self.redis.fields("INFO", "persistence") | self.redis.fields("INFO", "replication")
        return all(facts.get(busy, "0") == "0" for busy in BUSY)

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        end = self._until(self.options.settling)
        while time.monotonic() < end and not condition():
            time.sleep(0.05)

    def _until(self, seconds: float) -> float:
        return min(self._end, time.monotonic() + seconds)
