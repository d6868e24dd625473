"""HTTP requests at a steady rate while something is changed, and what became of each."""

import http.client
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import cycle

from typing_extensions import override

from tests.cluster.harness.background import Background
from webtier.path_rules.rules.model import RuleSet
from webtier.path_rules.rules.request import Refused, Request
from webtier.path_rules.rules.semantics import Answered, Redirected, Served, answer_to

CLIENTS = 8
KEPT_SECONDS, NEW_SECONDS = 20.0, 30.0
"""After which a request on a connection that is kept, and on one of its own, has failed."""

Outcome = tuple[int, str, str]
"""A status; then the service that answered and the path that it saw, or where the client was sent and nothing."""


@dataclass(frozen=True)
class Asked:
    """A request and its answer; times are in seconds of `time.monotonic`."""

    host: str
    path: str
    begin: float
    end: float
    outcome: Outcome | str
    """A text for a request that has failed."""


def expected(rules: RuleSet, host: str, path: str, address: str = "10.79.0.1") -> Outcome:
    """What the rules mean for a GET over HTTP from this address. It has no canary."""
    answer = answer_to(rules, Request(path, host, address=address))
    match answer:
        case Redirected():
            scheme = "http:" if answer.location.startswith("//") else ""
            return answer.code, scheme + answer.location, ""
        case Answered() | Refused():
            return answer.code, "", ""
        case Served():
            return 200, answer.backend.service, answer.path


class KeptConnections(Background):
    """Asks for one (host, path) after another, each client on a connection that it keeps.

    A kept connection may be closed just as a request is on its way: as every client of HTTP does, it is sent once more
    then, on another one.
    """

    def __init__(self, address: str, asks: Sequence[tuple[str, str]], per_second: float) -> None:
        self._address, self._rate = address, per_second / CLIENTS
        self._asked: list[list[Asked]] = [[] for _ in range(CLIENTS)]
        shares = [[*asks[number::CLIENTS], *asks[:number]] or list(asks) for number in range(CLIENTS)]
        super().__init__([partial(self._run, *each) for each in zip(shares, self._asked, strict=True)])

    @property
    def asked(self) -> list[Asked]:
        """All of them so far, of one client after the other."""
        return [each for own in self._asked for each in list(own)]

    def wrong(self, old: RuleSet, new: RuleSet, begin: float, settled: float) -> Iterator[str]:
        """The answers to requests since `begin` that are neither of the `old` nor of the `new` rules.

        From `settled` on only the new ones count.
        """
        for each in self.asked:
            if each.end < begin:
                continue
            right = {expected(new, each.host, each.path)}
            if each.begin < settled:
                right.add(expected(old, each.host, each.path))
            if each.outcome not in right:
                yield f"{each.begin - begin:+.2f} s: {each.host}{each.path}: {each.outcome} instead of {right}"

    def _run(self, asks: Sequence[tuple[str, str]], asked: list[Asked]) -> None:
        connection: http.client.HTTPConnection | None = None
        for _, (host, path) in zip(self.turns_at(self._rate), cycle(asks), strict=False):
            begin = time.monotonic()
            outcome: Outcome | str = ""
            for is_last in (connection is None, True):
                connection = connection or http.client.HTTPConnection(self._address, timeout=KEPT_SECONDS)
                try:
                    outcome = _ask(connection, host, path)
                    break
                except (OSError, http.client.HTTPException) as error:
                    connection.close()
                    connection, outcome = None, repr(error)
                    if is_last:
                        break
            asked.append(Asked(host, path, begin, time.monotonic(), outcome))


def _ask(connection: http.client.HTTPConnection, host: str, path: str) -> Outcome:
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    body = answer.read().decode()
    location = answer.getheader("Location")
    if location is not None:
        return answer.status, location, ""
    service, _, seen = body.partition(" ")
    return (200, service, seen.strip()) if answer.status == http.client.OK else (answer.status, "", "")


class NewConnections(Background):
    """Asks for one path, each time on a connection of its own, whatever becomes of the earlier requests.

    `address` is `host:port`. In the end `failed` says what became of those that did not get 200.
    """

    def __init__(self, address: str, path: str, per_second: float = 20) -> None:
        super().__init__([self._run])
        self.failed: Sequence[str] = ()
        self._address, self._path, self._rate = address, path, per_second
        self._clients = ThreadPoolExecutor(64)
        self._answers: list[Future[str | None]] = []

    @property
    def sent(self) -> int:
        return len(self._answers)

    @override
    def __exit__(self, error: object, *_: object) -> None:
        super().__exit__(error)
        self.failed = [failure for answer in self._answers if (failure := answer.result()) is not None]

    def _run(self) -> None:
        with self._clients:
            for _ in self.turns_at(self._rate):
                self._answers.append(self._clients.submit(self._send))

    def _send(self) -> str | None:
        # Clients of more comfort make a TLS context for each request, which takes longer than the request.
        connection = http.client.HTTPConnection(self._address, timeout=NEW_SECONDS)
        try:
            connection.request("GET", self._path)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            return repr(error)
        finally:
            connection.close()
        return None if answer.status == http.client.OK else str(answer.status)
