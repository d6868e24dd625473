"""Beside a replica: takes over from a master that is gone, sooner than Redis itself would.

Redis suspects a node after its node timeout, agrees on that and then elects: 1.5 timeouts and more.
A replica that asks with `CLUSTER FAILOVER FORCE` is voted on at once. The masters still vote, so
there is never more than one winner; but they no longer ask whether the master is really gone,
nor how old the replica's data is. So both is checked here first:

* the master has answered none of this agent's questions for `threshold` seconds;
* its process is gone or cut off: it takes no connection and holds none. One that does is busy, and what clients wait
  for goes on when it does; to replace it costs the writes that it took meanwhile;
* so many other masters' agents say the same, this very moment, as an election needs votes;
* the replica followed its master to the end: its link was up, its first copy complete, and it had
  all that the master had written `longest_lag` seconds before it was heard from last;
* no other replica of the shard has more;
* the master has not come back meanwhile: this replica's Redis neither gets data nor is about to copy. DNS may
  lead all agents to the address that the master had before its restart;
* the votes would arrive: so many masters have a link to this replica.

When one of these is not known to hold, nothing is done, and Redis' own failover remains. A master that
answers LOADING counts as silent: it serves nothing until it has read its file.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from ..console import Console
from ..errors import AgentError, CommandRefusedError
from ..features import ALL_FEATURES, Feature, Without
from ..redis.client import Connector, Node
from ..redis.reach import ask_member_if_reachable
from ..redis.replication_info import Replication, inbound_links, read_replication
from ..redis.view import ClusterView, Record
from .failover_checks import Evidence, find_failed_check
from .master_watch import MasterWatch, ReplicationProgress
from .witness import Question, ask_witnesses

FEWEST_MASTERS = 3
"""With fewer, the others are no majority once one is gone."""

FEWEST_QUESTIONS = 2
"""So many have to stay unanswered: one alone may have been sent just before this process was paused."""

VIEW_LASTS = 5.0
"""Seconds for which who follows whom is not asked again, unless the master's address changes."""

MOST_AT_ONCE = 12


@dataclass(frozen=True)
class FastFailoverOptions:
    """All times in seconds.

    `threshold` must stay well below Redis' node timeout, or Redis is first.
    """

    threshold: float = 1.5
    interval: float = 0.25
    """Between two looks of `run`."""
    patience: float = 0.35
    """What a node gets for one answer."""
    window: float = 1.0
    """What all the witnesses get for theirs."""
    lead: float = 0.6
    """They are asked so much before the threshold, so that their answers are there in time."""
    longest_lag: float = 2.0
    ask_again: float = 0.5
    """After too few witnesses agreed, or another replica took precedence."""
    retry_after: float = 2.0
    """After the masters were asked to elect and have not."""
    give_up_after: float = 5.0
    """Beyond the threshold. What was not elected until then is left to Redis."""
    without: Without = ALL_FEATURES


@dataclass
class FastFailover:
    """Looks once with `step()`; `run` looks until it is told to stop.

    Give it a thread of its own: what waits for a lost node between two steps for longer than the
    threshold makes it begin anew. A witness (`witness.Witness`) has to run in every pod.
    """

    options: FastFailoverOptions
    connector: Connector
    console: Console
    _redis: Node | None = None
    _view: tuple[str, float, ClusterView] | None = None
    _watch: MasterWatch | None = None
    _seen: float = field(default_factory=time.monotonic)
    _not_before: float = 0.0
    _said_too_few: bool = False
    _asked_about: str = ""
    """The master that this replica was to be elected for. A pause may make all else forgotten meanwhile."""

    def __post_init__(self) -> None:
        self._quick = replace(self.connector, timeout=self.options.patience)
        self._local = replace(self.connector, timeout=self.options.threshold / 2)

    @property
    def ready(self) -> bool:
        """Whether this replica could stand in for its master if that vanished now."""
        return self._watch is not None and self._watch.ready

    def run(self, stop: threading.Event) -> None:
        """Never raises for what a node does or does not answer."""
        while not stop.is_set():
            self.step()
            stop.wait(self.options.interval)
        self._forget()
        self._hang_up()

    def step(self) -> None:
        """Looks once, for a good second at the longest, and acts if that is due. Never raises for a node."""
        try:
            if self._was_away(self.options.threshold):
                self._forget()
            self._step()
        except AgentError as error:
            if isinstance(error, CommandRefusedError):
                self.console.state(f"no fast failover: this pod's Redis {error}")
            # Whatever this pod's Redis knew it may have lost.
            self._forget()
            self._hang_up()

    def _step(self) -> None:
        if self._redis is None:
            self._redis = self._local.open_local()
        own = read_replication(self._redis)
        watch = self._watch
        if not own.is_replica and self._asked_about:
            self.console.event(f"this node took over from {self._asked_about}")
            self._asked_about = ""
        master = self._followed_master(self._redis, own) if own.is_replica else None
        if master is None:
            self._forget()
            return
        if watch is None or watch.master.id != master.id:
            self._forget()
            if master.name != self._asked_about:
                # Another replica was elected.
                self._asked_about = ""
            watch = self._watch = MasterWatch(master, self._quick)
        watch.master = master
        if not self._is_due(watch):
            answers = watch.look()
            if self._was_away(self.options.threshold):
                self._forget()
                return
            if answers:
                self._follow(own, watch)
        if self._is_due(watch):
            self._suspect(self._redis, watch)

    def _followed_master(self, redis: Node, own: Replication) -> Record | None:
        """The master that could be taken over from; None where that can't or must not be."""
        view = self._cached_view(redis, own)
        master = _master_of(view)
        if master is None:
            return None
        too_few = len(view.masters) < FEWEST_MASTERS
        if too_few and not self._said_too_few:
            self.console.event(f"no fast failover with {len(view.masters)} masters: it takes {FEWEST_MASTERS} or more")
        self._said_too_few = too_few
        return None if too_few else master

    def _cached_view(self, redis: Node, own: Replication) -> ClusterView:
        now = time.monotonic()
        if (
            self._view is None
            or self._view[0] != own.master_address
            or now - self._view[1] > VIEW_LASTS
            # Which it is for a moment only: see candidacy.py.
            or not self._view[2].myself.stands
        ):
            self._view = (own.master_address, now, redis.view())
        return self._view[2]

    def _follow(self, own: Replication, watch: MasterWatch) -> None:
        """The master answers."""
        now = time.monotonic()
        if not own.synced or own.history != watch.history:
            # What it has is not of the master that answers.
            watch.progress = ReplicationProgress()
        elif watch.offset is not None:
            watch.progress.note(own.offset, now, watch.offset)
        watch.ready = watch.progress.lag(now) <= self.options.longest_lag
        watch.agreed_at, self._asked_about = None, ""

    def _is_due(self, watch: MasterWatch) -> bool:
        """Whether the others are to be asked now. They are asked at the same time as the master once more."""
        return (
            watch.ready
            and watch.unanswered >= FEWEST_QUESTIONS
            and watch.silence() >= self.options.threshold - self.options.lead
            and time.monotonic() >= self._not_before
        )

    def _suspect(self, redis: Node, watch: MasterWatch) -> None:
        if watch.silence() > self.options.threshold + self.options.give_up_after:
            self._leave_to_redis(watch, f"it has been silent for {watch.silence():.1f} s")
            return
        self._not_before = time.monotonic() + self.options.ask_again
        found = self._ask_everybody(redis, watch)
        if self._was_away(self.options.threshold + self.options.window):
            self._forget()
            return
        if found is None or watch.silent_since is None:
            return
        if not found.enough_agree:
            watch.agreed_at = None
        elif watch.agreed_at is None:
            watch.agreed_at = time.monotonic()
        else:
            found = replace(found, waited=time.monotonic() - watch.agreed_at)
        failed = find_failed_check(found)
        if failed is None and self._answers_after_all(watch):
            return
        if failed is None:
            redis.ask("CLUSTER", "FAILOVER", "FORCE")
            self._asked_about = watch.master.name
            self._not_before = time.monotonic() + self.options.retry_after
            self.console.event(
                f"{watch.master.name} has not answered for {found.silence:.1f} s, and {len(found.agreeing)} other "
                "masters do not reach it: this replica asked them to elect it"
            )
        elif failed.lasting:
            self._leave_to_redis(watch, failed.reason)
        else:
            self.console.state(
                f"{watch.master.name} does not answer; this replica does not take over yet: {failed.reason}"
            )

    def _answers_after_all(self, watch: MasterWatch) -> bool:
        """Asks once more when the threshold has come, if that was not so yet."""
        rest = self.options.threshold - watch.silence()
        if rest <= 0:
            return False
        time.sleep(rest)
        return watch.look() or self._was_away(self.options.threshold)

    def _leave_to_redis(self, watch: MasterWatch, reason: str) -> None:
        self.console.event(f"{watch.master.name} does not answer; it is left to Redis' own failover: {reason}")
        self._forget()

    def _ask_everybody(self, redis: Node, watch: MasterWatch) -> Evidence | None:
        """All at once, the master itself once more included; None when it is this node's master no longer."""
        view = redis.view()
        master = _master_of(view)
        if master is None or master.id != watch.master.id:
            return None
        asked = Question(view.own_id, master.id, tuple(watch.addresses))
        others = {record.id for record in view.masters} - {master.id}
        siblings = [peer for peer in view.replicas_of(master.id) if peer.stands]
        with ThreadPoolExecutor(max_workers=MOST_AT_ONCE) as pool:
            answers = pool.submit(ask_witnesses, asked, others, view.majority, self._local, self.options.window)
            looked = pool.submit(watch.look)
            there = pool.submit(watch.is_there)
            replications = list(pool.map(self._ask_sibling, siblings))
            looked.result()
            return Evidence(
                view=view,
                master=master,
                own=read_replication(redis),
                own_epoch=redis.epoch(),
                silence=time.monotonic() - (watch.answered_at or 0.0),
                waited=0.0,
                answers=answers.result(),
                siblings={peer.id: said for peer, said in zip(siblings, replications, strict=True) if said},
                is_there=there.result() and Feature.PRESENCE not in self.options.without,
                link=str(redis.ask("ROLE")[3]),
                linked=inbound_links(redis),
            )

    def _ask_sibling(self, sibling: Record) -> Replication | None:
        return ask_member_if_reachable(sibling, read_replication, self._quick, dns_timeout=self.options.patience / 2)

    def _was_away(self, longest: float) -> bool:
        """Whether this process itself stood still: what it had seen before is no evidence any more."""
        now = time.monotonic()
        away = now - self._seen > longest
        self._seen = now
        return away

    def _forget(self) -> None:
        if self._watch is not None:
            self._watch.close()
        self._watch = None

    def _hang_up(self) -> None:
        if self._redis is not None:
            self._redis.close()
        self._redis = None


def _master_of(view: ClusterView) -> Record | None:
    """The master with slots that the viewing node follows and may succeed."""
    master = view.master
    return master if master is not None and master.slot_ranges and view.myself.stands else None
