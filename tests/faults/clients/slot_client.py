"""A client that sends one command to the owner of a slot, and says exactly what came of it.

redis-py's own cluster client retries inside; what it gave up on, and when a write was acknowledged, would not
be seen. This one tries once and tells; its caller tries again.
"""

import time
from pathlib import Path
from typing import Any

from redis import exceptions

from tests.faults.clients.access import Access, Endpoint, Seeds, endpoint_of
from webtier.redis_cluster.agent.redis.view import ClusterView, Record, parse_view

LOOK_SECONDS = 0.3
"""A node says what it knows of the cluster at once, or counts as one that does not answer."""
SHUN_SECONDS = 1.0
"""A node that failed is asked for its view of the cluster last for so long."""


class SlotClient:
    """Not for use by several threads. `timeout`, in seconds, bounds every single wait for a command's answer.

    A command that is not answered is waited for: nothing else is sent meanwhile, to no node.
    """

    def __init__(self, access_file: Path, seeds: Seeds, timeout: float) -> None:
        self._access_file = access_file
        self._access_changed = access_file.stat().st_mtime_ns
        self._access = Access.read(access_file)
        self._seeds = seeds
        self._timeout = timeout
        self._look_timeout = min(timeout, LOOK_SECONDS)
        self._connections: dict[tuple[Endpoint, float], Any] = {}
        self._failed: dict[Endpoint, float] = {}
        self._view: ClusterView | None = None

    def write(self, slot: int, key: str, value: str, replicas: int = 0) -> str | None:
        """SET once, and with `replicas` WAIT for so many. None when it is acknowledged, else who said why it is not.

        A write that is not acknowledged may still have been carried out.
        """
        self._follow_access()
        owner = self._owner(slot)
        if owner is None:
            self.look_around()
            return "no owner known"
        if "fail" in owner.flags:
            self.look_around()
            return "owner failed"
        endpoint = endpoint_of(owner.address)
        refusal = self._attempt(endpoint, ["SET", key, value], replicas)
        return refusal and f"{refusal} ({endpoint[0]}:{endpoint[1]})"

    def _attempt(self, endpoint: Endpoint, command: list[str], replicas: int, *, asking: bool = False) -> str | None:
        try:
            connection = self._connection(endpoint, self._timeout)
            if asking:
                _ask(connection, "ASKING")
            _ask(connection, *command)
            if replicas and int(_ask(connection, "WAIT", replicas, int(self._timeout * 800))) < replicas:
                return "too few replicas"
        except exceptions.MovedError:
            # One of the kinds of AskError for redis-py, so it comes before it.
            self.look_around(first=endpoint)
            return "moved"
        except exceptions.AskError as error:
            # Its text is that of the redirection: the slot, and the node's host and port.
            host, _, port = str(error).split(" ")[-1].rpartition(":")
            target = self._endpoint_named(host, int(port))
            if target is None:
                return f"ask: unknown {host}"
            if asking:
                return f"ask: on from {endpoint[0]}:{endpoint[1]} to {target[0]}:{target[1]}"
            return self._attempt(target, command, replicas, asking=True)
        except exceptions.AuthenticationError:
            self._drop(endpoint)
            return "not let in"
        except (exceptions.ClusterDownError, exceptions.BusyLoadingError) as error:
            # It may be the one that is cut off: the others know better.
            self._failed[endpoint] = time.monotonic()
            self.look_around()
            return "loading" if isinstance(error, exceptions.BusyLoadingError) else "cluster down"
        except (exceptions.TimeoutError, TimeoutError):
            self._fail(endpoint)
            return "timeout"
        except (exceptions.ConnectionError, OSError):
            self._fail(endpoint)
            return "connection"
        except exceptions.ResponseError as error:
            self.look_around(first=endpoint)
            return type(error).__name__ if type(error) is not exceptions.ResponseError else str(error).split(" ", 1)[0]
        return None

    def look_around(self, first: Endpoint | None = None) -> None:
        """Take the view of the first node that answers, `first` before all others."""
        now = time.monotonic()
        known = [endpoint_of(record.address) for record in self._view.records.values()] if self._view else []
        good = [endpoint for endpoint in known if now - self._failed.get(endpoint, 0.0) > SHUN_SECONDS]
        # Who is connected answers at once; a dead node that nobody has noticed yet costs a whole timeout.
        good.sort(key=lambda endpoint: (endpoint, self._look_timeout) not in self._connections)
        candidates = [first, *good] if first else good
        for endpoint in dict.fromkeys(candidates):
            if self._take_view(endpoint):
                return
        for endpoint in self._seeds.endpoints():
            if endpoint not in good and self._take_view(endpoint):
                return

    def _take_view(self, endpoint: Endpoint) -> bool:
        try:
            connection = self._connection(endpoint, self._look_timeout)
            self._view = parse_view(str(_ask(connection, "CLUSTER", "NODES")))
        except (exceptions.RedisError, OSError, ValueError):
            self._drop(endpoint)
            self._failed[endpoint] = time.monotonic()
            return False
        return True

    def _follow_access(self) -> None:
        """Log in anew, everywhere, when users, passwords or certificates have been replaced."""
        changed = self._access_file.stat().st_mtime_ns
        if changed != self._access_changed:
            self._access_changed = changed
            self._access = Access.read(self._access_file)
            for endpoint, _ in list(self._connections):
                self._drop(endpoint)

    def _owner(self, slot: int) -> Record | None:
        if self._view is None:
            self.look_around()
        records = self._view.records.values() if self._view else ()
        for record in records:
            if record.is_master and any(first <= slot <= last for first, last in record.slot_ranges):
                return record
        return None

    def _endpoint_named(self, host: str, port: int) -> Endpoint | None:
        """Of a redirection, which may name a host that only pods can resolve."""
        for record in self._view.records.values() if self._view else ():
            if record.address.hostname == host and record.address.port == port:
                return endpoint_of(record.address)
        if host.replace(".", "").isdigit():
            return host, port
        self.look_around()
        return None

    def _connection(self, endpoint: Endpoint, timeout: float) -> Any:
        """The one that is kept for waits of this length."""
        if (endpoint, timeout) not in self._connections:
            self._connections[endpoint, timeout] = self._access.connect(endpoint, timeout)
        return self._connections[endpoint, timeout]

    def _fail(self, endpoint: Endpoint) -> None:
        self._drop(endpoint)
        self._failed[endpoint] = time.monotonic()
        self.look_around()

    def _drop(self, endpoint: Endpoint) -> None:
        for timeout in {self._timeout, self._look_timeout}:
            connection = self._connections.pop((endpoint, timeout), None)
            if connection is not None:
                connection.disconnect()


def _ask(connection: Any, *command: str | int) -> Any:
    connection.send_command(*command)
    return connection.read_response()
