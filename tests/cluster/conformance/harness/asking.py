"""Requests to the controller, sent to the last byte as they are written down: no client of ours tidies up a path."""

import contextlib
import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPConnection, HTTPResponse
from typing import Any, Self, cast

from cryptography import x509

PATIENCE = 120
"""Seconds until a request counts as never answered."""


@dataclass(frozen=True)
class Ask:
    """A request. `target` is what stands in its first line; of the body only `size` bytes of it matter.

    The last `missing` of these are not sent with the others: whoever takes the whole body waits for them.
    """

    host: str
    target: str = "/"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    size: int = 0
    missing: int = 0
    https: bool = False


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """With names in lower case."""
    cookies: Mapping[str, str]
    """What `Set-Cookie` says, by the cookie's name: its value and attributes."""
    body: bytes
    certificate_names: tuple[str, ...] = ()
    """Of the certificate that was shown; empty over HTTP."""

    @cached_property
    def echo(self) -> Mapping[str, Any]:
        """What the echo server says; empty when somebody else has answered."""
        try:
            found: Any = json.loads(self.body)
        except ValueError:
            return {}
        return cast("dict[str, Any]", found) if isinstance(found, dict) else {}

    @property
    def service(self) -> str | None:
        return self.echo.get("service")


@dataclass(frozen=True)
class Controller:
    """Where the controller is reached: a node's address and its ports."""

    address: str
    http: int
    https: int

    def ask(self, ask: Ask) -> Answer:
        with self.connection(ask.host, ask.https) as connection:
            return connection.ask(ask)

    def connection(self, host: str, https: bool = False) -> "Connection":
        return Connection(self.address, self.https if https else self.http, host if https else None)


class Connection:
    """One connection, for any number of requests one after another. `name` is who is asked over TLS; None for HTTP."""

    def __init__(self, address: str, port: int, name: str | None = None) -> None:
        self._http = HTTPConnection(address, port, timeout=PATIENCE)
        self._http.sock = socket.create_connection((address, port), timeout=PATIENCE)
        self._names: tuple[str, ...] = ()
        if name is not None:
            context = ssl.create_default_context()
            # Which certificate is shown is what a test looks at.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self._http.sock = over_tls = context.wrap_socket(self._http.sock, server_hostname=name)
            self._names = _names(over_tls.getpeercert(binary_form=True) or b"")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def ask(self, ask: Ask) -> Answer:
        # A server that refuses a body has answered before it was sent.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send(ask)
        return self.receive()

    def send(self, ask: Ask) -> None:
        http = self._http
        http.putrequest(ask.method, ask.target, skip_host=True, skip_accept_encoding=True)
        http.putheader("Host", ask.host)
        for name, value in ask.headers.items():
            http.putheader(name, value)
        if ask.size:
            http.putheader("Content-Length", str(ask.size))
        http.endheaders(b"x" * (ask.size - ask.missing) or None)

    def send_missing(self, ask: Ask) -> None:
        """What `send` has left out of the body."""
        self._http.send(b"x" * ask.missing)

    def receive(self) -> Answer:
        found: HTTPResponse = self._http.getresponse()
        body = found.read()
        headers = {name.lower(): value for name, value in found.getheaders()}
        cookies = {
            name: value for line in found.msg.get_all("Set-Cookie", []) for name, _, value in [line.partition("=")]
        }
        return Answer(found.status, headers, cookies, body, self._names)

    @property
    def is_answered(self) -> bool:
        """Whether an answer has begun to come."""
        self._http.sock.settimeout(0)
        try:
            return bool(self._http.sock.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return False
        finally:
            self._http.sock.settimeout(PATIENCE)


def _names(certificate: bytes) -> tuple[str, ...]:
    names = x509.load_der_x509_certificate(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return tuple(names.value.get_values_for_type(x509.DNSName))
