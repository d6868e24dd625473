"""An application that uses the cluster while it changes: it follows every redirection."""

import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, Self, cast

import redis
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import AskError, ClusterDownError, MovedError, TryAgainError
from redis.retry import Retry

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import APPLICATION_PASSWORD, LocalCluster
from webtier.redis_cluster.credentials.acl import APPLICATION_USER

Word = str | bytes | int


class _Pipeline(Protocol):
    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def execute_command(self, *command: Word) -> object: ...

    def execute(self) -> Sequence[object]: ...


class _Connection(Protocol):
    """What is asked of redis-py's client, whose own annotations leave types out."""

    def execute_command(self, *command: Word) -> object: ...

    def pipeline(self, transaction: bool) -> _Pipeline: ...

    def close(self) -> None: ...


@dataclass
class Application:
    """redis-py's own cluster client can't find pods by names that only the test's DNS knows."""

    cluster: LocalCluster
    patience: float = 60.0
    owners: dict[int, str] = field(default_factory=dict[int, str])
    connections: dict[str, _Connection] = field(default_factory=dict[str, _Connection])
    redirections: dict[str, int] = field(default_factory=lambda: {"ASK": 0, "MOVED": 0, "TRYAGAIN": 0})

    def ask(self, name: str, key: str | bytes, *arguments: Word) -> object:
        """One command for one key; an error only when nobody serves it for `patience` seconds."""
        command = (name, key, *arguments)
        slot = key_slot(key if isinstance(key, bytes) else key.encode())
        end = time.monotonic() + self.patience
        asked_for: str | None = None
        turn = 0
        while True:
            hosts = sorted(self.cluster.addresses)
            host = asked_for or self.owners.get(slot) or hosts[turn % len(hosts)]
            turn += 1
            try:
                return self._send(host, asked_for is not None, command)
            except MovedError as error:
                self.redirections["MOVED"] += 1
                self.owners[slot] = _host_of(error)
            except AskError as error:
                self.redirections["ASK"] += 1
                asked_for = _host_of(error)
                continue
            except TryAgainError:
                self.redirections["TRYAGAIN"] += 1
                time.sleep(0.01)
            except (redis.ConnectionError, redis.TimeoutError, ClusterDownError, redis.ReadOnlyError, KeyError):
                if time.monotonic() >= end:
                    raise
                self.owners.pop(slot, None)
                time.sleep(0.02)
            asked_for = None

    def _send(self, host: str, asking: bool, command: tuple[Word, ...]) -> object:
        ip = self.cluster.addresses[host]
        if ip not in self.connections:
            client = redis.Redis(
                ip,
                self.cluster.port,
                username=APPLICATION_USER,
                password=APPLICATION_PASSWORD,
                socket_timeout=5,
                retry=Retry(NoBackoff(), 0),
            )
            self.connections[ip] = cast("_Connection", client)
        if not asking:
            return self.connections[ip].execute_command(*command)
        with self.connections[ip].pipeline(transaction=False) as both:
            both.execute_command("ASKING")
            both.execute_command(*command)
            return both.execute()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self.connections.values():
            connection.close()


def _host_of(redirection: AskError) -> str:
    # Its text is the slot, and the node's host and port.
    return str(redirection).rpartition(" ")[2].rpartition(":")[0]


@dataclass
class Writer:
    """Writes ever greater numbers to its keys, one after the other, and keeps the last one acknowledged for each."""

    application: Application
    keys: list[str]
    acknowledged: dict[str, int] = field(default_factory=dict[str, int])
    pauses: list[float] = field(default_factory=list[float])
    errors: list[str] = field(default_factory=list[str])

    def write_until(self, stop: threading.Event) -> None:
        """Goes on after an error."""
        number = 0
        while not stop.is_set():
            key = self.keys[number % len(self.keys)]
            number += 1
            began = time.monotonic()
            try:
                self.application.ask("SET", key, number)
            except redis.RedisError as error:
                self.errors.append(f"{type(error).__name__}: {error}")
            else:
                self.acknowledged[key] = number
            self.pauses.append(time.monotonic() - began)
            # The cluster needs this machine's processors too.
            time.sleep(0.002)

    def lost(self) -> list[str]:
        """Keys that do not have the last acknowledged value, as a client that knows nothing yet reads them."""
        with Application(self.application.cluster) as reader:
            return [key for key, number in self.acknowledged.items() if reader.ask("GET", key) != str(number).encode()]


@contextmanager
def writing(cluster: LocalCluster, keys: int = 300) -> Generator[Writer]:
    """Writes for as long as the block runs."""
    stop = threading.Event()
    with Application(cluster) as application:
        writer = Writer(application, [f"written-{number}" for number in range(keys)])
        thread = threading.Thread(target=writer.write_until, args=(stop,))
        thread.start()
        try:
            yield writer
        finally:
            stop.set()
            thread.join()
