"""The agent's loops beside one Redis, from before its start until after its end."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from .console import Console
from .errors import AgentError, NodeAliveError
from .failover.addressless_master import AddresslessMaster
from .failover.candidacy import Candidacy
from .failover.fast_failover import FastFailover, FastFailoverOptions
from .failover.hand_over import HandOverOptions, hand_over
from .failover.min_replicas import ReturnedReplica
from .failover.witness import Witness
from .features import ALL_FEATURES, Feature, Without
from .healing.access import Access
from .healing.heal import Healer
from .healing.incomplete_copy import ReplicationRelease
from .healing.lower_node_timeout import LowerNodeTimeout
from .healing.older_members import OlderMembers
from .healing.repairs import Repair, run_repairs
from .redis.certificate import certificate_checksum, load_certificate
from .redis.client import Connector, Node
from .redis.replication_user import ShardLogin
from .redis.users import AccessFiles
from .start.announce import Pod
from .start.data_folder import DataFolder
from .start.ownership import Identity
from .start.start_handshake import StartHandshake
from .start.starter import Starter


@dataclass(frozen=True)
class Times:
    """In seconds: the node timeout of redis.conf, and after how long a silence a replica takes over sooner, or None."""

    node_timeout: float = 5.0
    fast_failover: float | None = 1.5

    def successor_after(self, *, appendonly: bool) -> float | None:
        """After how long a silence a replica takes over from a master whose start waits for it; None to wait for none.

        Without an append-only file a master that is back has lost all since its last snapshot: that is worth the wait
        for Redis' own election, which comes half a node timeout after its suspicion.
        """
        return self.fast_failover if appendonly else max(self.fast_failover or 0.0, 1.5 * self.node_timeout)


DEFAULT_TIMES = Times()


@dataclass
class Sidecar:
    """Hand-over, start, failover and repairs each have a thread, so that a slow peer delays none of the others.

    `data` is Redis' folder, `shared` the one that is shared with its container, `auth` the mounted Secret's.
    """

    pod: Pod
    data: DataFolder
    shared: Path
    auth: Path
    connector: Connector
    console: Console
    times: Times = DEFAULT_TIMES
    without: Without = ALL_FEATURES
    _certificate: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._handshake = StartHandshake(self.shared)
        files = AccessFiles(self.auth)
        own = Identity(self.pod.announcement(self.connector).address)
        login, follow = ShardLogin(own.address.shard), self._has(Feature.PASSWORDS)
        self._access = Access(files, login, self.connector, self._handshake, self.console.apart(), follow=follow)
        self.connector = replace(self.connector, password=self._access.password)
        after = self.times.successor_after(appendonly=self.data.appendonly)
        self._starter = Starter(self.pod, self.data, files, self._handshake, *self._asked(), after, self.without)
        self._returned = ReturnedReplica(self.connector)
        self._repairs = self._make_repairs(own)
        self._witness = Witness(*self._asked(), node_timeout=self.times.node_timeout, without=self.without)

    def _asked(self) -> tuple[Connector, Console]:
        return self.connector, self.console.apart()

    def _make_repairs(self, own: Identity) -> list[Repair]:
        release = ReplicationRelease(self.data, own, self.pod.domain, *self._asked())
        steps: list[tuple[str, Callable[[Node], None]]] = [
            ("the Secret's users and passwords are not in effect", self._access.step),
            ("older members of the shard can't replicate", OlderMembers(self._access, *self._asked()).step),
            ("the renewed certificate is not in effect", self._follow_certificate),
        ]
        if self._has(Feature.HEALING):
            steps.append(("links and peers are not repaired", Healer(self.pod.domain, *self._asked()).step))
        if self._has(Feature.CANDIDACY):
            candidacy = Candidacy(self.data, self.console.apart())
            steps.append(("whether this node stands for election is not decided", candidacy.step))
        steps.append(("a master without an address is not succeeded", AddresslessMaster(*self._asked()).step))
        steps.append(("whether this node may be replicated from is not decided", release.step))
        lower = LowerNodeTimeout(self.times.node_timeout, self.console.apart())
        steps.append(("the node timeout is not set back", lower.step))
        steps.append(("min-replicas-to-write is not given back", self._returned.step))
        return [Repair(subject, step, self.console.apart()) for subject, step in steps]

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set. Never raises for what a node does or does not answer."""
        steps = ((0.1, self._hand_over), (0.1, self._allow_start), (1.0, self._repair))
        loops: list[Callable[[threading.Event], None]] = [
            partial(self._repeat, seconds=seconds, step=step) for seconds, step in steps
        ]
        # A witness answers whether or not its own shard has the fast failover.
        loops.append(partial(self._keep_running, loop=self._witness.run))
        if self.times.fast_failover is not None and self._has(Feature.FAST_FAILOVER):
            failover = FastFailoverOptions(threshold=self.times.fast_failover, without=self.without)
            loops.append(partial(self._keep_running, loop=FastFailover(failover, *self._asked()).run))
        for loop in loops:
            threading.Thread(target=loop, args=(stop,), daemon=True).start()
        stop.wait()

    def _repeat(self, stop: threading.Event, seconds: float, step: Callable[[], None]) -> None:
        console = self.console.apart()
        while not stop.wait(seconds):
            try:
                step()
            except AgentError as error:
                console.state(f"this pod's Redis {error}")
            except Exception as error:
                console.state(f"a step failed and is tried again: {type(error).__name__}: {error}")

    def _keep_running(self, stop: threading.Event, loop: Callable[[threading.Event], None]) -> None:
        console = self.console.apart()
        while not stop.is_set():
            try:
                loop(stop)
            except Exception as error:
                console.state(f"a loop failed and begins anew: {type(error).__name__}: {error}")
                stop.wait(1.0)

    def _has(self, feature: Feature) -> bool:
        return feature not in self.without

    def _hand_over(self) -> None:
        stop = self._handshake.stop_requested()
        if stop is not None:
            if self._has(Feature.HAND_OVER):
                hand_over(HandOverOptions(without=self.without), *self._asked())
            self._handshake.allow_stop(stop)

    def _allow_start(self) -> None:
        if self._starter.step():
            self._access.restarted()
            self._returned.restarted()

    def _repair(self) -> None:
        # Loading does not count as an answer: Redis may still find that its data is broken.
        try:
            redis = self._access.open()
        except NodeAliveError:
            self._handshake.note_answer()
            raise
        with redis:
            self._handshake.note_answer()
            run_repairs(redis, self._repairs)

    def _follow_certificate(self, redis: Node) -> None:
        """Redis reads the files when it starts; whoever renews the certificate only changes them."""
        folder = self.connector.tls
        if folder is None:
            return
        current = certificate_checksum(folder)
        if current == self._certificate or (self._certificate is not None and not self._has(Feature.CERTIFICATES)):
            return
        # Also at the first look: the files may have changed while no agent ran.
        load_certificate(redis, folder)
        if self._certificate is not None:
            self.console.event("Redis has the renewed certificate")
        self._certificate = current
