"""Requests at a steady rate while rules are changed, each of which is judged by what the rules mean."""

import http.client
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Self

from webtier.path_rules.rules.model import RuleSet
from webtier.path_rules.rules.request import Refused, Request
from webtier.path_rules.rules.semantics import Answered, Redirected, Served, meaning

CLIENTS = 8
PATIENCE = 20.0
"""Seconds after which a request has failed."""

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
    answer = meaning(rules, Request(path, host, address=address))
    match answer:
        case Redirected():
            scheme = "http:" if answer.location.startswith("//") else ""
            return answer.code, scheme + answer.location, ""
        case Answered() | Refused():
            return answer.code, "", ""
        case Served():
            return 200, answer.backend.service, answer.path


class ChangingLoad:
    """Asks from `with` until its end, each client on a connection that it keeps, for one path after another.

    A kept connection may be closed just as a request is on its way: as every client of HTTP does, it is sent once more
    then, on another one.
    """

    def __init__(self, address: str, asks: Sequence[tuple[str, str]], per_second: float) -> None:
        self._address, self._pause = address, CLIENTS / per_second
        self._end = threading.Event()
        self._asked: list[list[Asked]] = [[] for _ in range(CLIENTS)]
        shares = [[*asks[number::CLIENTS], *asks[:number]] or list(asks) for number in range(CLIENTS)]
        self._threads = [
            threading.Thread(target=self._run, args=(shares[number], self._asked[number]), daemon=True)
            for number in range(CLIENTS)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

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
        due = time.monotonic()
        for host, path in cycle(asks):
            if self._end.wait(max(0.0, due - time.monotonic())):
                break
            due = max(due + self._pause, time.monotonic() - 1)
            begin = time.monotonic()
            outcome: Outcome | str = ""
            for is_last in (connection is None, True):
                connection = connection or http.client.HTTPConnection(self._address, timeout=PATIENCE)
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
