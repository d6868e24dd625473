"""Clients that connect all at once."""

import socket
from collections.abc import Generator
from contextlib import ExitStack, contextmanager


@contextmanager
def crowd(ip: str, port: int, clients: int) -> Generator[None]:
    """So many connections, none of which waits until it is accepted."""
    with ExitStack() as sockets:
        for _ in range(clients):
            client = sockets.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex((ip, port))
        yield
