"""The agent's loops beside one Redis, from before its start until after its end."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from .console import Console
from .errors import AgentError, NodeNotReadyError
from .failover.candidacy import Candidacy, CandidacyOptions
from .failover.fast_failover import FastFailover, FastFailoverOptions
from .failover.hand_over import HandOverOptions, hand_over
from .failover.min_replicas import ReturnedReplica
from .failover.witness import Witness, WitnessOptions
from .features import ALL_FEATURES, Feature, Without
from .healing.heal import Healer, HealOptions
from .healing.incomplete_copy import ReleaseOptions, ReplicationRelease, is_withheld
from .redis.certificate import certificate_checksum, load_certificate
from .redis.client import Connector
from .redis.resolver import Resolve
from .redis.users import ACL_FILE, AccessFiles, apply_access
from .start.data_folder import DataFolder
from .start.ownership import Identity
from .start.start_handshake import StartHandshake
from .start.starter import Pod, Starter


@dataclass(frozen=True)
class SidecarOptions:
    """`data` is Redis' folder, `run` the one that is shared with its container, `auth` the mounted Secret's."""

    pod: Pod
    data: DataFolder
    run: Path
    auth: Path
    local_ip: str = "127.0.0.1"
    fast_failover: bool = True
    without: Without = ALL_FEATURES


@dataclass
class Sidecar:
    """Hand-over, start, failover and repairs each have a thread, so that a slow peer delays none of the others."""

    options: SidecarOptions
    connector: Connector
    resolve: Resolve
    console: Console
    _applied: str | None = field(default=None, init=False)
    _certificate: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        options, asked = self.options, (self.connector, self.resolve, self.console)
        self._handshake = StartHandshake(options.run)
        self._files = AccessFiles(options.auth)
        self._starter = Starter(
            options.pod, options.data, self._files, self._handshake, *asked, options.fast_failover, options.without
        )
        self._healer = Healer(HealOptions(options.local_ip, options.pod.domain), *asked)
        announced = options.pod.announcement(self.connector)
        own = Identity(options.pod.host, announced.ip, announced.port, announced.bus_port)
        release = ReleaseOptions(options.data, own, options.pod.domain, options.local_ip)
        self._release = ReplicationRelease(release, *asked)
        self._candidacy = Candidacy(CandidacyOptions(options.data, options.local_ip), self.connector, self.console)
        self._returned = ReturnedReplica(self.connector, self.resolve, options.local_ip)
        witness, failover = WitnessOptions(options.local_ip), FastFailoverOptions(options.local_ip)
        if Feature.THRESHOLD in options.without:
            witness, failover = replace(witness, patience=0.1), replace(failover, threshold=0.3, patience=0.1)
        self._witness = Witness(witness, *asked)
        self._failover = FastFailover(failover, *asked)

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set. Never raises for what a node does or does not answer."""
        loops = [
            threading.Thread(target=self._repeat, args=(stop, seconds, step), daemon=True)
            for seconds, step in ((0.1, self._hand_over), (0.1, self._allow_start), (1.0, self._repair))
        ]
        # A witness answers whether or not its own shard has the fast failover.
        fast_failover = self.options.fast_failover and self._has(Feature.FAST_FAILOVER)
        watchers = [self._witness.run, *([self._failover.run] if fast_failover else [])]
        loops += [threading.Thread(target=run, args=(stop,), daemon=True) for run in watchers]
        for loop in loops:
            loop.start()
        stop.wait()

    def _repeat(self, stop: threading.Event, seconds: float, step: Callable[[], None]) -> None:
        while not stop.wait(seconds):
            try:
                step()
            except AgentError as error:
                self.console.state(f"this pod's Redis {error}")
            except Exception as error:
                self.console.state(f"a step failed and is tried again: {type(error).__name__}: {error}")

    def _has(self, feature: Feature) -> bool:
        return feature not in self.options.without

    def _hand_over(self) -> None:
        stop = self._handshake.stop_requested()
        if stop is not None:
            if self._has(Feature.HAND_OVER):
                options = HandOverOptions(self.options.local_ip, without=self.options.without)
                hand_over(options, self.connector, self.resolve, self.console)
            self._handshake.allow_stop(stop)

    def _allow_start(self) -> None:
        if self._starter.step():
            self._applied = None
            self._returned.restarted()

    def _repair(self) -> None:
        self._note_answer()
        self._follow_secret()
        self._follow_certificate()
        if self._has(Feature.HEALING):
            self._healer.step()
        if self._has(Feature.CANDIDACY):
            self._candidacy.step()
        self._release.step()
        self._returned.step()

    def _note_answer(self) -> None:
        """Loading does not count: Redis may still find that its data is broken."""
        try:
            with self.connector.open(self.options.local_ip) as redis:
                redis.ask("PING")
        except NodeNotReadyError as error:
            if "loading" in str(error):
                raise
        self._handshake.note_answer()

    def _follow_secret(self) -> None:
        """The mounted Secret changes some time after the one in the cluster did."""
        users = self._files.users()
        if users == self._applied or (self._applied is not None and not self._has(Feature.PASSWORDS)):
            return
        with self.connector.open(self.options.local_ip) as redis:
            apply_access(redis, self._files)
            withheld = is_withheld(redis)
        self._handshake.write_file(ACL_FILE, self._files.users(withheld))
        if self._applied is not None:
            self.console.event("Redis has the changed users and passwords")
        self._applied = users

    def _follow_certificate(self) -> None:
        """Redis reads the files when it starts; whoever renews the certificate only changes them."""
        folder = self.connector.tls
        if folder is None:
            return
        current = certificate_checksum(folder)
        if current == self._certificate or (self._certificate is not None and not self._has(Feature.CERTIFICATES)):
            return
        # Also at the first look: the files may have changed while no agent ran.
        with self.connector.open(self.options.local_ip) as redis:
            load_certificate(redis, folder)
        if self._certificate is not None:
            self.console.event("Redis has the renewed certificate")
        self._certificate = current
