"""The program beside each Redis, from before its start until after its end."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .access import ACL_FILE, AccessFiles, apply_access
from .announce import read_announcement
from .certificate import certificate_checksum, load_certificate
from .client import Connector
from .console import Console
from .errors import AgentError
from .gate import Gate
from .heal import Healer, HealOptions
from .prepare import PrepareOptions, prepare
from .resolver import Resolve

START_FILE = "start.conf"


@dataclass(frozen=True)
class SidecarOptions:
    """`domain` is the headless Service's, `own_ip` the pod's; `data`, `run`, `auth` and `announced` are folders.

    `announced` holds a file a pod, with the address for clients outside; None if there are none.
    """

    domain: str
    pod: str
    own_ip: str
    data: Path
    run: Path
    auth: Path
    local_ip: str = "127.0.0.1"
    host_ip: str = ""
    announced: Path | None = None


@dataclass
class Sidecar:
    """Each concern has a loop of its own, so that a slow peer delays none of the others."""

    options: SidecarOptions
    connector: Connector
    resolve: Resolve
    console: Console
    _applied: str | None = field(default=None, init=False)
    _certificate: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._gate = Gate(self.options.run)
        self._files = AccessFiles(self.options.auth)
        heal = HealOptions(self.options.local_ip, self.options.domain)
        self._healer = Healer(heal, self.connector, self.resolve, self.console)

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set. Never raises for what a node does or does not answer."""
        loops = [
            threading.Thread(target=self._repeat, args=(stop, seconds, step), daemon=True)
            for seconds, step in ((0.1, self._attend_gate), (1.0, self._mend))
        ]
        for loop in loops:
            loop.start()
        stop.wait()

    def _repeat(self, stop: threading.Event, seconds: float, step: Callable[[], None]) -> None:
        while not stop.wait(seconds):
            try:
                step()
            except AgentError as error:
                self.console.state(f"this pod's Redis {error}")

    def _attend_gate(self) -> None:
        leaving = self._gate.leaving()
        if leaving is not None:
            self._gate.let_leave(leaving)
        number = self._gate.asked()
        if number is not None:
            self._let_start(number)

    def _let_start(self, number: str) -> None:
        options = self.options
        ports = (self.connector.port, self.connector.bus_port)
        file = options.announced / options.pod if options.announced else None
        announcement = read_announcement(file, options.own_ip, options.host_ip, *ports)
        prepare(PrepareOptions(options.data / "nodes.conf", announcement.ip, *ports), self.resolve, self.console)
        users = self._files.users()
        self._gate.place(ACL_FILE, users)
        hostname = f"{options.pod}.{options.domain}"
        self._gate.place(START_FILE, announcement.conf(hostname, self.connector.tls is not None))
        self._applied = users
        self._gate.grant(number)
        self.console.event("Redis may start")

    def _mend(self) -> None:
        self._follow_secret()
        self._follow_certificate()
        self._healer.step()

    def _follow_secret(self) -> None:
        """The mounted Secret changes some time after the one in the cluster did."""
        users = self._files.users()
        if users == self._applied:
            return
        with self.connector.open(self.options.local_ip) as redis:
            apply_access(redis, self._files)
        self._gate.place(ACL_FILE, users)
        if self._applied is not None:
            self.console.event("users and passwords brought up to date")
        self._applied = users

    def _follow_certificate(self) -> None:
        """Redis reads the files when it starts; whoever renews the certificate only changes them."""
        folder = self.connector.tls
        if folder is None:
            return
        current = certificate_checksum(folder)
        if current == self._certificate:
            return
        # Also at the first look: the files may have changed while no agent ran.
        with self.connector.open(self.options.local_ip) as redis:
            load_certificate(redis, folder)
        if self._certificate is not None:
            self.console.event("certificate brought up to date")
        self._certificate = current
