"""When a pod is asked to end: its master's role goes to a replica first, so that nobody waits for it.

The replica takes over together with its master, which holds back writes until the replica has all
of them: no acknowledged write is lost. A replica is never made to take over without its master
(FORCE) or without the other masters' votes (TAKEOVER) here.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import Enum

from .client import Connector, Node
from .console import Console
from .errors import AgentError, CommandRefusedError, NodeUnavailableError
from .links import inbound_links
from .reach import addresses_of, answers_as
from .replication_info import Replication, read_replication
from .resolver import Resolve
from .view import ClusterView, Record, find_record, parse_view

MOST_AT_ONCE = 16

HEIR_LOOK = 0.5
"""Every so many seconds the replica that is taking over is asked whether it is still there."""

ENDING = "cluster-replica-no-failover"
"""Set on a node that is about to end: nobody elects it, and masters that end as well pass it over.

It lasts until that Redis process ends, since it is in no file.
"""


BUSY = ("master_sync_in_progress", "aof_rewrite_scheduled", "aof_rewrite_in_progress")
"""Fields of INFO, in the order in which they become 1 while a replica copies its master's data."""


LEAVING = "is about to end itself"


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
    """All times in seconds. `local_ip` is where this pod's Redis answers.

    `deadline` bounds everything; keep it well inside the pod's grace period.
    """

    local_ip: str = "127.0.0.1"
    deadline: float = 25.0
    patience: float = 1.0
    """What a node gets for one answer, and DNS for a name."""
    voters: float = 12.0
    """For a replica that follows to be found, and for the masters to know it and to have a link to it. One that has
    just restarted they dial again for several seconds."""
    settling: float = 5.0
    """For each wait that only makes things smoother: until the masters agree about the new one, and until this
    pod's Redis is able to end."""
    attempt: float = 6.0
    """How long one replica gets to take over; Redis itself gives up after 5."""


@dataclass(frozen=True)
class _Heir:
    """A replica that is able to take over now."""

    record: Record
    ip: str
    replication: Replication
    linked: frozenset[str]
    """Ids of the nodes whose votes reach it."""


@dataclass(frozen=True)
class _Prospects:
    """The replicas that can take over, and why the others can't.

    `hopeful` says that somebody follows the stream who may yet be able: new, or not found at its address so soon
    after its start.
    """

    heirs: list[_Heir]
    reasons: list[str]
    hopeful: bool


def hand_over(options: HandOverOptions, connector: Connector, resolve: Resolve, console: Console) -> Outcome:
    """Makes the local master's best replica the master, and returns when this node is its replica.

    To be called once, before the pod's Redis gets SIGTERM. Returns at once where there is nothing to
    hand over, or nobody to take it. A second replica is tried when the first fails. Never raises
    for what a node does or does not answer.
    """
    connector = replace(connector, timeout=options.patience)
    try:
        with connector.open(options.local_ip) as redis:
            return _HandOver(options, connector, resolve, console, redis).run()
    except AgentError as error:
        console.event(f"nothing is handed over: this pod's Redis {error}")
        return Outcome.FAILED


class _HandOver:
    def __init__(
        self, options: HandOverOptions, connector: Connector, resolve: Resolve, console: Console, redis: Node
    ) -> None:
        self._options = options
        self._connector = connector
        self._resolve = resolve
        self._console = console
        self._redis = redis
        self._end = time.monotonic() + options.deadline

    def run(self) -> Outcome:
        view = self._view()
        if not view.myself.is_master or not view.myself.slot_ranges:
            self._console.event("nothing to hand over: this node is a replica, or owns no slots")
            self._mark_as_ending()
            self._wait_until_it_can_end()
            return Outcome.UNNEEDED
        tried: list[str] = []
        while len(tried) < 2:
            heir = self._choose(tried)
            if heir is None:
                break
            tried.append(heir.record.id)
            if self._promote(heir):
                self._mark_as_ending()
                self._wait_until_agreed(heir)
                self._wait_until_it_can_end()
                return Outcome.HANDED_OVER
        return Outcome.FAILED if tried else Outcome.NO_REPLICA

    def _choose(self, tried: list[str]) -> _Heir | None:
        """The best replica that all masters know; after a failure another one, or else the same again."""
        end = self._until(self._options.voters)
        while True:
            view = self._view()
            found = self._prospects(view)
            for heir in sorted(found.heirs, key=lambda heir: (heir.record.id in tried, -heir.replication.offset)):
                if self._votes_for(view, heir):
                    return heir
            if found.heirs:
                reason = "too few masters know the replicas, and have a link to them, to elect one"
            else:
                reason = "; ".join(found.reasons) or "no replica is known"
            if not (found.heirs or found.hopeful) or time.monotonic() >= end:
                self._console.event(f"nobody to hand over to: {reason}")
                return None
            time.sleep(0.1)

    def _prospects(self, view: ClusterView) -> _Prospects:
        records = sorted((peer for peer in view.peers if peer.master_id == view.own_id), key=lambda peer: peer.name)
        online = read_replication(self._redis).online
        if not online:
            return _Prospects([], [f"{record.name} does not follow this master's writes" for record in records], False)
        with ThreadPoolExecutor(max_workers=MOST_AT_ONCE) as pool:
            found = list(pool.map(self._look_at, records, [online] * len(records)))
        heirs = [heir for heir in found if isinstance(heir, _Heir)]
        return _Prospects(
            # Where addresses are translated on the way, the master knows its replicas by others.
            heirs=[heir for heir in heirs if heir.ip in online] or heirs,
            reasons=[
                f"{record.name} {why}" for record, why in zip(records, found, strict=True) if isinstance(why, str)
            ],
            hopeful=len(online) > found.count(LEAVING),
        )

    def _look_at(self, record: Record, online: frozenset[str]) -> _Heir | str:
        """Asked directly: a replica that ends itself is often the first to know.

        Besides where DNS says that it is, also where somebody follows this master from: after a restart DNS goes on
        about the address before for seconds.
        """
        reason = "has no address"
        told = addresses_of(record, self._resolve, self._options.patience)
        for ip in dict.fromkeys([*told, *sorted(online)]):
            try:
                with self._connector.open(ip) as node:
                    if node.ask("CLUSTER", "MYID") != record.id:
                        if ip in told:
                            reason = "is not who answers at its address"
                    elif node.ask("CONFIG", "GET", ENDING)[1] != "no":
                        return LEAVING
                    elif not (replication := read_replication(node)).synced:
                        reason = "has not finished copying this master's data"
                    else:
                        return _Heir(record, ip, replication, inbound_links(node))
            except (NodeUnavailableError, CommandRefusedError) as error:
                if ip in told:
                    reason = str(error)
        return reason

    def _votes_for(self, view: ClusterView, heir: _Heir) -> bool:
        """Whether every master that answers sees it as this master's replica, and the votes of a majority reach it."""
        seen = self._as_masters_see(view, heir)
        known = all(record is not None and record.reachable and record.master_id == view.own_id for record in seen)
        # This master votes as well.
        voters = {master.id for master in view.masters} & heir.linked
        return known and len(seen) + 1 >= view.majority and len(voters) >= view.majority

    def _as_masters_see(self, view: ClusterView, heir: _Heir) -> list[Record | None]:
        """The heir as each of the other masters that answer sees it; None from those that don't know it."""
        masters = [master for master in view.masters if master.id != view.own_id and master.reachable]

        def ask(master: Record) -> list[Record | None]:
            for ip in addresses_of(master, self._resolve, self._options.patience):
                try:
                    with self._connector.open(ip) as node:
                        return [find_record(str(node.ask("CLUSTER", "NODES")), heir.record.id)]
                except (NodeUnavailableError, CommandRefusedError):
                    continue
            return []

        with ThreadPoolExecutor(max_workers=MOST_AT_ONCE) as pool:
            return [record for answer in pool.map(ask, masters) for record in answer]

    def _promote(self, heir: _Heir) -> bool:
        name = heir.record.name
        started = time.monotonic()
        try:
            with self._connector.open(heir.ip) as node:
                node.ask("CLUSTER", "FAILOVER")
        except (NodeUnavailableError, CommandRefusedError) as error:
            self._console.event(f"{name} does not take over: it {error}")
            return False
        end = self._until(self._options.attempt)
        look_after = started + HEIR_LOOK
        while (now := time.monotonic()) < end:
            if read_replication(self._redis).is_replica:
                self._console.event(f"{name} took over after {time.monotonic() - started:.2f} s")
                return True
            if now >= look_after:
                if not answers_as(heir.record.id, heir.ip, self._connector):
                    self._console.event(f"{name} does not take over: it answers no longer")
                    return False
                look_after = now + HEIR_LOOK
            time.sleep(0.01)
        self._console.event(f"{name} has not taken over: the masters did not elect it in time")
        return False

    def _wait_until_agreed(self, heir: _Heir) -> None:
        """Until this node follows its successor, or all masters that answer see it as the owner of slots."""
        end = self._until(self._options.settling)
        while time.monotonic() < end:
            if read_replication(self._redis).synced:
                return
            seen = self._as_masters_see(self._view(), heir)
            if seen and all(record is not None and record.is_master and record.slot_ranges for record in seen):
                return
            time.sleep(0.05)

    def _wait_until_it_can_end(self) -> None:
        """After a full copy Redis writes a whole new AOF; until then it refuses SIGTERM, and forgets that it came."""
        end = self._until(self._options.settling)
        while time.monotonic() < end:
            facts = self._redis.fields("INFO", "persistence") | self._redis.fields("INFO", "replication")
            if all(facts.get(busy, "0") == "0" for busy in BUSY):
                return
            time.sleep(0.05)

    def _mark_as_ending(self) -> None:
        try:
            self._redis.ask("CONFIG", "SET", ENDING, "yes")
        except CommandRefusedError as error:
            self._console.event(f"other masters that end now may choose this node: it {error}")

    def _view(self) -> ClusterView:
        return parse_view(str(self._redis.ask("CLUSTER", "NODES")))

    def _until(self, seconds: float) -> float:
        return min(self._end, time.monotonic() + seconds)
