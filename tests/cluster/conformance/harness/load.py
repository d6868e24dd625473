"""Clients that go on asking while something is changed, and count what they get."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from http.client import BadStatusLine, HTTPException

from tests.cluster.conformance.harness.asking import Answer, Ask, Connection, Controller
from tests.cluster.harness.background import Background

RATE = 20
"""Requests a second that each client tries to send."""


class Load(Background):
    """Two clients: one opens a connection for each request, the other keeps one open.

    A connection that was kept may be closed just as a request is on its way. Every client of HTTP sends such a request
    again, on another connection, if nothing at all has come back: so does this one, once, and counts it in `again`.
    """

    def __init__(self, controller: Controller, ask: Ask) -> None:
        super().__init__([partial(self._run, controller.ask), partial(self._run, self._ask_kept)])
        self.ask = ask
        self.services: Counter[str] = Counter()
        self.failures: list[str] = []
        self.again = 0
        self.slowest = 0.0
        """In seconds, of the answers."""
        self._controller = controller
        self._lock = threading.Lock()
        self._kept: Connection | None = None

    def __str__(self) -> str:
        sent = self.services.total() + len(self.failures)
        services = ", ".join(f"{count} by {service}" for service, count in sorted(self.services.items()))
        return (
            f"{sent} requests: {len(self.failures)} failed, {services}; {self.again} sent again; the slowest took "
            f"{self.slowest:.2f} s"
        )

    def wait_for(self, service: str, answers: int = 50) -> None:
        """Until a web service has answered so many more."""
        most = self.services[service] + answers
        while self.services[service] < most and not self.failures:
            time.sleep(0.1)

    def _run(self, client: Callable[[Ask], Answer]) -> None:
        for _ in self.turns_at(RATE):
            begin = time.monotonic()
            try:
                answer: Answer | None = client(self.ask)
                wrong = "" if answer.status == 200 and answer.service else f"{answer.status}: {answer.body[:200]!r}"
            except (OSError, HTTPException) as error:
                answer, wrong = None, repr(error)
            took = time.monotonic() - begin
            with self._lock:
                self.slowest = max(self.slowest, took)
                if answer is None or wrong:
                    self.failures.append(f"after {took:.2f} s: {wrong}")
                else:
                    self.services[answer.service or ""] += 1

    def _ask_kept(self, ask: Ask) -> Answer:
        if self._kept is not None:
            try:
                return self._answer_of(self._kept, ask)
            except (BadStatusLine, ConnectionError):
                self.again += 1
        self._kept = connection = self._controller.connection(ask.host)
        return self._answer_of(connection, ask)

    def _answer_of(self, connection: Connection, ask: Ask) -> Answer:
        answer = connection.ask(ask)
        if answer.headers.get("connection") == "close":
            connection.close()
            self._kept = None
        return answer
