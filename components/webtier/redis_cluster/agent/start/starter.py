"""Answers the start script: Redis starts when that is safe, with its peers' new addresses and the Secret's users."""

import math
from dataclasses import dataclass, field
from pathlib import Path

from ..console import Console
from ..failover.candidacy import START_CONF
from ..features import ALL_FEATURES, Feature, Without
from ..redis.client import Connector
from ..redis.resolver import Resolve
from ..redis.users import ACL_FILE, AccessFiles
from .announce import Announcement, read_announcement
from .aof import find_fault_in_report
from .data_folder import DataFolder
from .ownership import Identity
from .prepare import PrepareOptions, prepare
from .restart_delay import RestartDelay, RestartDelayOptions
from .start_attempt import Start, StartAttempt, StartAttemptOptions
from .start_decision import Wait
from .start_handshake import StartHandshake

START_FILE = "start.conf"

FORMATION_WAIT = 3.0
"""Seconds. While a cluster is formed no node knows another; later, a node without data waits for one that knows it."""


@dataclass(frozen=True)
class Pod:
    """This pod: its `name`, the DNS name `domain` of the headless Service, its own and its node's address.

    `announced` is the folder with a file a pod that says where clients outside reach it, None if there are none.
    `formed` is a file that is there once the cluster has been formed.
    """

    name: str
    domain: str
    own_ip: str
    host_ip: str = ""
    announced: Path | None = None
    formed: Path | None = None

    @property
    def host(self) -> str:
        """Its name in DNS."""
        return f"{self.name}.{self.domain}"

    def announcement(self, connector: Connector) -> Announcement:
        """Where others reach its Redis. ValueError when the file says nothing of use."""
        file = self.announced / self.name if self.announced else None
        return read_announcement(file, self.own_ip, self.host_ip, connector.port, connector.bus_port)


@dataclass
class Starter:
    """Answers the start script with `step()`, at most one request each time.

    With `yields` a master that restarts waits while one of its replicas may take over.
    """

    pod: Pod
    data: DataFolder
    files: AccessFiles
    handshake: StartHandshake
    connector: Connector
    resolve: Resolve
    console: Console
    yields: bool = False
    without: Without = ALL_FEATURES
    _delay: RestartDelay | None = field(default=None, init=False)
    _attempt: StartAttempt | None = field(default=None, init=False)
    _number: str | None = field(default=None, init=False)

    def step(self) -> bool:
        """Whether Redis was allowed to start. AgentError when that could not be decided."""
        number = self.handshake.start_requested()
        if number is None:
            return False
        attempt = self._attempt if number == self._number else None
        if attempt is None:
            if self.handshake.last_start_failed():
                tool = "redis-check-aof" if self.data.appendonly else "redis-check-rdb"
                self.console.event(f"Redis ended before it answered: {tool} checks its data")
                self.handshake.request_check(number, tool)
                return False
            attempt = self._new_attempt()
            self._attempt, self._number = attempt, number
            self._delay = self._new_delay()
        decision = Start(False) if Feature.START_GUARD in self.without else attempt.decide()
        if isinstance(decision, Wait):
            self.console.state(f"Redis is not started: {decision.reason}")
            return False
        replica = self._delay.promotable_replica() if self._delay else None
        if replica is not None:
            self.console.state(f"Redis is not started yet: its replica {replica} may take over")
            return False
        self._prepare(decision.withhold_replication)
        self.handshake.allow_start(number)
        self.console.event("Redis may start")
        return True

    def _new_attempt(self) -> StartAttempt:
        result = self.handshake.check_result()
        fault = None if result is None else find_fault_in_report(self.data.path, *result)
        announced = self.pod.announcement(self.connector)
        own = Identity(self.pod.host, announced.ip, announced.port, announced.bus_port)
        formed = self.pod.formed is not None and self.pod.formed.exists()
        wait = math.inf if formed else FORMATION_WAIT
        options = StartAttemptOptions(self.data, own, self.pod.domain, self.files.folder, formation_wait=wait)
        return StartAttempt(options, self.connector, self.resolve, self.console, fault)

    def _new_delay(self) -> RestartDelay | None:
        if not self.yields or Feature.START_GUARD in self.without:
            return None
        return RestartDelay(RestartDelayOptions(), self.data, self.connector, self.resolve)

    def _prepare(self, withhold: bool) -> None:
        announcement = self.pod.announcement(self.connector)
        options = PrepareOptions(
            self.data.nodes_file,
            announcement.ip,
            announcement.port,
            announcement.bus_port,
            # What clients outside reach is no pod's own address, and stays when the pod moves.
            rewrite_peers=not announcement.outside and Feature.PEER_ADDRESSES not in self.without,
        )
        prepare(options, self.resolve, self.console)
        conf = announcement.conf(self.pod.host, self.connector.tls is not None)
        self.handshake.write_file(ACL_FILE, self.files.users(withhold))
        self.handshake.write_file(START_FILE, conf + (START_CONF if Feature.CANDIDACY not in self.without else ""))
