"""Host names to addresses, never for longer than a bound."""

import queue
import socket
import threading
from collections.abc import Callable

Resolve = Callable[[str], list[str]]
"""All current addresses of a host name, none when it has none. Tests give their own."""


def resolve(host: str, timeout: float = 3.0) -> list[str]:
    """Asks the system's resolver for IPv4 and IPv6 addresses; none after `timeout` seconds.

    The name is taken as complete: a pod's search list would send five queries for it first.
    """
    return resolve_within(timeout, _look_up, host)


def resolve_within(seconds: float, look_up: Resolve, host: str) -> list[str]:
    """What `look_up` finds in that time; none when it takes longer."""
    answers: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
    # getaddrinfo can't be told when to give up, and a daemon thread does not delay an exit.
    threading.Thread(target=lambda: answers.put(look_up(host)), daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except queue.Empty:
        return []


def _look_up(host: str) -> list[str]:
    try:
        found = socket.getaddrinfo(host.rstrip(".") + ".", None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return sorted({str(address[4][0]) for address in found})
