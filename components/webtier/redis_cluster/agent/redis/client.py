"""A connection to one Redis node, every wait on it bounded."""

import socket
import ssl
import struct
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import exceptions
from redis.backoff import NoBackoff
from redis.connection import Connection, SSLConnection
from redis.retry import Retry

from ..errors import (
    CommandRefusedError,
    NodeAliveError,
    NodeDownError,
    NodeNotReadyError,
    NodeSilentError,
    NodeUnavailableError,
    PasswordRefusedError,
)
from .resolver import Resolve, resolve
from .view import ClusterView, parse_view

Command = tuple[str | int, ...]

BUSY = "BUSY "
"""What a Redis answers to everything while a script or a function runs for long."""

ASK_AGAIN_AFTER = 0.1
"""Seconds between two times that the same is asked, by who is patient."""

DOWN_FOR = 1.0
"""Seconds for which who is patient asks a node again that accepts no connections."""

_TCP_INFO = struct.Struct("=B23xI")
"""Of Linux' `struct tcp_info`: the state, and how many segments the other end has not acknowledged (`tcp(7)`)."""

_ESTABLISHED = 1
_LOOK_EVERY = 0.01


@dataclass(frozen=True)
class Connector:
    """How this cluster's nodes are reached: one port, one user and one password for all of them.

    `timeout` is what a node gets for each answer, in seconds. `tls` is a folder with `ca.crt`, `tls.crt` and `tls.key`,
    None for plain connections. `resolve` is DNS, and `local_ip` where this pod's own Redis answers.
    """

    password: Callable[[], str]
    port: int = 6379
    bus_port: int = 16379
    timeout: float = 2.0
    user: str = "agent"
    tls: Path | None = None
    resolve: Resolve = resolve
    local_ip: str = "127.0.0.1"

    def credentials(self) -> tuple[str, ...]:
        """What a node needs to log in at another one, as MIGRATE takes it. Secret: not for any text."""
        return ("AUTH2", self.user, self.password())

    def open(self, ip: str) -> "Node":
        """A node at an address; nothing is sent before the first question."""
        return Node(ip, self)

    def is_listening(self, ip: str) -> bool:
        """Whether a process takes connections there, whatever it says, or nothing at all."""
        try:
            socket.create_connection((ip, self.port), self.timeout).close()
        except OSError:
            return False
        return True

    def open_local(self) -> "Node":
        return self.open(self.local_ip)


class Node(AbstractContextManager["Node"]):
    """One node, asked in commands. It raises NodeUnavailableError (or NodeNotReadyError) and CommandRefusedError."""

    def __init__(self, ip: str, connector: Connector) -> None:
        self.ip = ip
        self._timeout = connector.timeout
        self.name = ""
        """Of its pod, where it has to be told from others: the texts of errors begin with it."""
        self.patient_until: float = 0.0
        """Of the monotonic clock. Until then a question that gets no answer is asked again. The node may have heard the
        first one: only for questions, and for commands that may come twice."""
        self.outlives_silence = False
        """Whether the connection stays open when an answer does not come in time; it then serves `is_held` alone."""
        # redis-py types its connections only in part.
        kind: Any = Connection if connector.tls is None else SSLConnection
        self._connection: Any = kind(
            **_tls(connector.tls),
            host=ip,
            port=connector.port,
            username=connector.user,
            password=connector.password(),
            socket_timeout=connector.timeout,
            socket_connect_timeout=connector.timeout,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            driver_info=None,
            decode_responses=True,
            # Keys are bytes of any kind, and go back to Redis as they came.
            encoding_errors="surrogateescape",
        )

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection, for those who keep one without `with`."""
        self._connection.disconnect()

    def says(self, text: str) -> str:
        """The text of an error, with the node's name where it has one."""
        return f"{self.name} {text}" if self.name else text

    def ask(self, *command: str | int) -> Any:
        """Sends one command; its answer is a text, a number or a list of such."""
        return self.ask_all([command])[0]

    def ask_all(self, commands: Sequence[Command]) -> list[Any]:
        """Sends commands at once and reads all answers; then the first that is an error is raised."""
        answers = self.ask_each(commands)
        for answer in answers:
            if isinstance(answer, CommandRefusedError):
                raise answer
        return answers

    def ask_each(self, commands: Sequence[Command]) -> list[Any]:
        """Sends commands at once. An answer that is an error is returned in its place."""
        down_since: float | None = None
        while True:
            try:
                return self._ask_once(commands)
            except NodeUnavailableError as error:
                now = time.monotonic()
                down_since = (down_since or now) if isinstance(error, NodeDownError) else None
                loading = isinstance(error, NodeNotReadyError) and not isinstance(error, NodeAliveError)
                is_down = down_since is not None and now - down_since >= DOWN_FOR
                if loading or is_down or now >= self.patient_until:
                    raise
            time.sleep(ASK_AGAIN_AFTER)

    def _ask_once(self, commands: Sequence[Command]) -> list[Any]:
        answers: list[Any] = []
        busy = False
        with self._errors("the connection"):
            self._connection.connect()
            self._connection.send_packed_command(self._connection.pack_commands(commands))
            for command in commands:
                try:
                    answers.append(self._connection.read_response(disconnect_on_error=not self.outlives_silence))
                except exceptions.ResponseError as error:
                    busy = busy or str(error).startswith(BUSY)
                    refused = f"refused {' '.join(map(str, command[:2]))}: {error}"
                    answers.append(CommandRefusedError(self.says(refused)))
        if busy:
            raise NodeAliveError(self.says("is busy with a script"))
        return answers

    def receive(self, timeout: float) -> Any | None:
        """What the node sends unasked after SUBSCRIBE; None when nothing has come after `timeout` seconds."""
        with self._errors("a subscription"):
            return self._connection.read_response() if self._connection.can_read(timeout) else None

    def is_held(self) -> bool:
        """Whether a process holds the other end of a connection that has outlived silence.

        Its system acknowledges what is sent there, however busy the process is and however many wait for it to accept
        them; it resets a connection whose process has ended. It gets the connector's timeout.
        """
        end = time.monotonic() + self._timeout
        try:
            link = self._connection._sock
            if link is None:
                return False
            self._connection.send_packed_command(self._connection.pack_command("PING"))
            while True:
                state, unacknowledged = _TCP_INFO.unpack(
                    link.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
                )
                if state != _ESTABLISHED or not unacknowledged or time.monotonic() >= end:
                    return state == _ESTABLISHED and not unacknowledged
                time.sleep(_LOOK_EVERY)
        except (exceptions.RedisError, OSError):
            return False

    @contextmanager
    def _errors(self, what: str) -> Generator[None, None, None]:
        try:
            yield
        except exceptions.BusyLoadingError as error:
            raise NodeNotReadyError(self.says("is still loading its data")) from error
        except exceptions.AuthenticationError as error:
            raise PasswordRefusedError(self.says("does not accept the password")) from error
        except (exceptions.TimeoutError, TimeoutError) as error:
            raise NodeSilentError(self.says("does not answer in time")) from error
        except (exceptions.ConnectionError, OSError) as error:
            if isinstance(error.__cause__ or error.__context__, ssl.SSLError):
                raise NodeAliveError(
                    self.says("has a certificate that is not trusted, or does not trust ours")
                ) from error
            if isinstance(error.__cause__ or error.__context__ or error, FileNotFoundError):
                raise NodeUnavailableError(self.says("can't be asked: a file of the certificate is missing")) from error
            # redis-py has no type of its own for this one.
            if "max number of clients" in str(error):
                raise NodeAliveError(self.says("has no connection left")) from error
            raise NodeDownError(self.says("does not accept connections")) from error
        except exceptions.InvalidResponse as error:
            # An address that has been handed on to something else.
            raise NodeUnavailableError(self.says("does not answer as a Redis does")) from error
        except exceptions.ResponseError as error:
            raise CommandRefusedError(self.says(f"refused {what}: {error}")) from error

    def view(self) -> ClusterView:
        return parse_view(str(self.ask("CLUSTER", "NODES")))

    def epoch(self) -> int:
        """The cluster's current epoch, as far as the node knows."""
        return int(self.fields("CLUSTER", "INFO")["cluster_current_epoch"])

    def fields(self, *command: str | int) -> dict[str, str]:
        """The answer of INFO and its like, as a mapping."""
        lines = str(self.ask(*command)).splitlines()
        pairs = (line.split(":", 1) for line in lines if ":" in line and not line.startswith("#"))
        return {key: value.strip() for key, value in pairs}


def _tls(folder: Path | None) -> dict[str, Any]:
    """Nodes are dialled at addresses, which no certificate names: the CA says that it is one of this cluster's."""
    if folder is None:
        return {}
    return {
        "ssl_ca_certs": str(folder / "ca.crt"),
        "ssl_certfile": str(folder / "tls.crt"),
        "ssl_keyfile": str(folder / "tls.key"),
        "ssl_check_hostname": False,
    }
