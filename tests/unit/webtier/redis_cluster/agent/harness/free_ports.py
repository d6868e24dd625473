"""Ports for the processes of tests."""

import secrets
import socket


def free_ports(ip: str) -> tuple[int, int]:
    """A port and a bus port that nothing on this machine listens on at all addresses at once."""
    for _ in range(200):
        port = secrets.randbelow(9000) + 21000
        try:
            for number in (port, port + 10000):
                with socket.socket() as probe:
                    probe.bind((ip, number))
        except OSError:
            continue
        return port, port + 10000
    raise AssertionError("no free port")
