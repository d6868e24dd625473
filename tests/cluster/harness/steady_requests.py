"""Requests at a steady pace, whatever becomes of the earlier ones, while something else goes on."""

import http.client
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Self

TIMEOUT_SECONDS = 30


@dataclass
class SteadyRequests:
    """Sends so many requests a second, each on a connection of its own, from `with` until its end.

    `address` is `host:port`. In the end `failed` says what became of those that did not get 200; `slowest` is in
    seconds.
    """

    address: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    per_second: float = 20
    sent: int = 0
    slowest: float = 0
    failed: Sequence[str] = ()

    def __enter__(self) -> Self:
        self._end = threading.Event()
        self._pool = ThreadPoolExecutor(64)
        self._answers = list[Future[str | None]]()
        self._thread = threading.Thread(target=self._send_all, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self._pool.shutdown(wait=True)
        self.sent = len(self._answers)
        self.failed = [failure for failure in (answer.result() for answer in self._answers) if failure is not None]

    def _send_all(self) -> None:
        start = time.monotonic()
        while not self._end.wait(max(0, start + len(self._answers) / self.per_second - time.monotonic())):
            self._answers.append(self._pool.submit(self._send))

    def _send(self) -> str | None:
        start = time.monotonic()
        # Clients of more comfort make a TLS context for each request, which takes longer than the request.
        connection = http.client.HTTPConnection(self.address, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("GET", self.path, headers=dict(self.headers))
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            return repr(error)
        finally:
            connection.close()
            self.slowest = max(self.slowest, time.monotonic() - start)
        return None if answer.status == http.client.OK else str(answer.status)
