"""Answers the start script: Redis starts when that is safe, with its peers' new addresses and the Secret's users."""

import math
import signal
import time
from dataclasses import dataclass, field

from ..console import Console
from ..failover.candidacy import START_CONF
from ..features import ALL_FEATURES, Feature, Without
from ..redis.client import Connector
from ..redis.replication_user import ShardLogin
from ..redis.users import ACL_FILE, AccessFiles
from .announce import Pod
from .aof import find_fault_in_report
from .data_folder import DataFolder
from .ownership import Identity
from .prepare import prepare
from .restart_delay import RestartDelay
from .start_attempt import StartAttempt
from .start_decision import Begin
from .start_handshake import StartHandshake

START_FILE = "start.conf"

FORMATION_WAIT = 3.0
"""Seconds. While a cluster is formed no node knows another; later, a node without data waits for one that knows it."""

SIGNALLED = 128
"""What a shell adds to the number of the signal that has ended a program."""

FROM_OUTSIDE = frozenset({signal.SIGHUP, signal.SIGINT, signal.SIGKILL, signal.SIGTERM})
"""Signals that say nothing about the data: the kernel sends SIGKILL where memory is short."""

LOOK_AGAIN = 1.0
"""Seconds after which a node that must not start yet looks again, and asks all others again."""


@dataclass
class Starter:
    """Answers the start script with `step()`, at most one request each time.

    A master that restarts waits while one of its replicas may take over, which it does after `failover_after` seconds;
    None where no replica does.
    """

    pod: Pod
    data: DataFolder
    files: AccessFiles
    handshake: StartHandshake
    connector: Connector
    console: Console
    failover_after: float | None = None
    without: Without = ALL_FEATURES
    _delay: RestartDelay | None = field(default=None, init=False)
    _attempt: StartAttempt | None = field(default=None, init=False)
    _number: str | None = field(default=None, init=False)
    _begin: Begin | None = field(default=None, init=False)
    _look_at: float = field(default=0.0, init=False)
    _failed: bool = field(default=False, init=False)
    """Whether the start before this one ended before Redis answered."""

    def step(self) -> bool:
        """Whether Redis was allowed to start. AgentError when that could not be decided."""
        number = self.handshake.start_requested()
        if number is None:
            return False
        attempt = self._attempt if number == self._number else None
        if attempt is None:
            reason = self._why_check()
            if reason is not None:
                tool = "redis-check-aof" if self.data.appendonly else "redis-check-rdb"
                self.console.event(f"{reason}: {tool} checks its data")
                self.handshake.request_check(number, tool)
                return False
            attempt = self._attempt = self._new_attempt()
            self._number = number
            self._delay = None
            if self.failover_after is not None and Feature.START_GUARD not in self.without:
                self._delay = RestartDelay.of(self.failover_after, self.data, self.connector)
            self._begin, self._look_at = None, 0.0
        begin = self._begin = self._begin or self._decide(attempt)
        if begin is None:
            return False
        replica = self._delay.promotable_replica() if self._delay else None
        if replica is not None:
            self.console.state(f"Redis is not started yet: its replica {replica} may take over")
            return False
        self._prepare(begin.withhold)
        self.handshake.allow_start(number)
        self.console.event("Redis may start")
        return True

    def _why_check(self) -> str | None:
        if self.handshake.last_start_failed():
            return "Redis ended before it answered"
        result = self.handshake.check_result()
        ended_by = 0 if result is None else result[0] - SIGNALLED
        if ended_by not in FROM_OUTSIDE:
            return None
        return f"the check was ended by {signal.Signals(ended_by).name} and has told nothing; once more"

    def _decide(self, attempt: StartAttempt) -> Begin | None:
        """None while Redis must not start. What a Begin says is done: decided anew, an accepted loss would be gone."""
        if time.monotonic() < self._look_at:
            return None
        decision = Begin(withhold=False) if Feature.START_GUARD in self.without else attempt.decide()
        if isinstance(decision, Begin):
            return decision
        self.console.state(f"Redis is not started: {decision.reason}")
        self._look_at = time.monotonic() + LOOK_AGAIN
        return None

    def _new_attempt(self) -> StartAttempt:
        result = self.handshake.check_result()
        self._failed = result is not None
        fault = None if result is None else find_fault_in_report(self.data.path, *result)
        own = Identity(self.pod.announcement(self.connector).address)
        formed = self.pod.formed is not None and self.pod.formed.exists()
        wait = math.inf if formed else FORMATION_WAIT
        asked = (self.connector, self.console)
        return StartAttempt(self.data, own, self.pod.domain, self.files.folder, *asked, wait, fault)

    def _prepare(self, withhold: bool) -> None:
        announcement = self.pod.announcement(self.connector)
        # What clients outside reach is no pod's own address, and stays when the pod moves.
        rewrite_peers = not announcement.outside and Feature.PEER_ADDRESSES not in self.without
        resolve = self.connector.resolve
        prepare(self.data.nodes_file, announcement.address, resolve, self.console, rewrite_peers=rewrite_peers)
        login = ShardLogin(announcement.address.shard)
        conf = announcement.conf(self.connector.tls is not None) + self.files.replication_conf(login)
        # Redis does not start on a rule that it does not know: the sidecar sets the others once it runs.
        self.handshake.write_file(ACL_FILE, self.files.users(login, withhold, own_alone=self._failed))
        self.handshake.write_file(START_FILE, conf + (START_CONF if Feature.CANDIDACY not in self.without else ""))
