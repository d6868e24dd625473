"""A connection to one Redis node, every wait on it bounded."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from redis import exceptions
from redis.backoff import NoBackoff
from redis.connection import Connection, SSLConnection
from redis.retry import Retry

from .errors import CommandRefusedError, NodeAliveError, NodeNotReadyError, NodeUnavailableError


@dataclass(frozen=True)
class Connector:
    """How this cluster's nodes are reached: one port, one user and one password for all of them."""

    password: Callable[[], str]
    port: int = 6379
    bus_port: int = 16379
    timeout: float = 2.0
    user: str = "agent"
    tls: Path | None = None
    """Folder with `ca.crt`, `tls.crt` and `tls.key`; None for plain connections."""

    def open(self, ip: str) -> "Node":
        """A node at an address; nothing is sent before the first question."""
        return Node(ip, self)


class Node:
    """One node, asked in commands. It raises NodeUnavailableError (or NodeNotReadyError) and CommandRefusedError."""

    def __init__(self, ip: str, connector: Connector) -> None:
        self.ip = ip
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
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection, for those who keep one without `with`."""
        self._connection.disconnect()

    def ask(self, *command: str | int) -> Any:
        """Sends one command; its answer is a text, a number or a list of such."""
        with _own_errors(" ".join(map(str, command[:2]))):
            self._connection.connect()
            self._connection.send_command(*command)
            return self._connection.read_response()

    def receive(self, timeout: float) -> Any | None:
        """What the node sends unasked after SUBSCRIBE; None when nothing has come after `timeout` seconds."""
        with _own_errors("a subscription"):
            return self._connection.read_response() if self._connection.can_read(timeout) else None

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


@contextmanager
def _own_errors(what: str) -> Generator[None, None, None]:
    try:
        yield
    except exceptions.BusyLoadingError as error:
        raise NodeNotReadyError("is still loading its data") from error
    except exceptions.AuthenticationError as error:
        raise NodeAliveError("does not accept the password") from error
    except (exceptions.TimeoutError, TimeoutError) as error:
        raise NodeUnavailableError("does not answer in time") from error
    except (exceptions.ConnectionError, OSError) as error:
        raise NodeUnavailableError("does not accept connections") from error
    except UnicodeDecodeError as error:
        raise NodeUnavailableError("sends what is no text") from error
    except exceptions.ResponseError as error:
        raise CommandRefusedError(f"refused {what}: {error}") from error
