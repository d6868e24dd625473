"""What servers have in common that stand for the API of a code host."""

import http.server
import json
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager


class ApiHandler(http.server.BaseHTTPRequestHandler):
    """Answers with JSON, or with bytes as they are, and logs nothing. `answered` is called for each request."""

    def answered(self) -> None:
        raise NotImplementedError

    def do_GET(self) -> None:
        self.answered()

    def do_POST(self) -> None:
        self.answered()

    def do_PUT(self) -> None:
        self.answered()

    def do_PATCH(self) -> None:
        self.answered()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def answer(self, status: int, content: object, headers: Mapping[str, str] | None = None) -> None:
        self.send(status, json.dumps(content).encode(), headers or {})

    def send(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving(handler: type[ApiHandler]) -> Generator[str]:
    """The server's address, while this is open."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
