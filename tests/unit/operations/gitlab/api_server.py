"""A server that stands for GitLab's API: it keeps the notes that it is sent, and lists them in pages."""

import http.server
import json
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from operations.gitlab.client import GitLab

PROJECT_ID = "42"
TOKEN = "of-a-project"
OWN, OTHER = 7, 8
"""Users: that of the token, and somebody else."""
_NOTES = re.compile(r"/projects/42/merge_requests/(\d+)/notes(?:/(\d+))?")


@dataclass
class NotesApi:
    """`notes` by their id, as they are now. With `refuse_with` each further request fails with this status."""

    url: str = ""
    page: int = 20
    refuse_with: int = 0
    notes: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    requests: list[str] = field(default_factory=list[str])
    tokens: set[str | None] = field(default_factory=set[str | None])

    @property
    def client(self) -> GitLab:
        return GitLab(PROJECT_ID, TOKEN, self.url)

    def add(self, merge_request: int, body: str, author: int) -> int:
        number = 100 + len(self.notes)
        self.notes[number] = {"id": number, "body": body, "author": {"id": author}, "merge_request": merge_request}
        return number


class _Handler(http.server.BaseHTTPRequestHandler):
    api: NotesApi

    def do_GET(self) -> None:
        self._answered()

    def do_POST(self) -> None:
        self._answered()

    def do_PUT(self) -> None:
        self._answered()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answered(self) -> None:
        content = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        self.api.requests.append(f"{self.command} {self.path}")
        self.api.tokens.add(self.headers.get("PRIVATE-TOKEN"))
        address = urlsplit(self.path)
        found = _NOTES.fullmatch(address.path)
        if self.api.refuse_with:
            self._answer(self.api.refuse_with, {"message": "403 Forbidden"}, {"Location": f"{self.api.url}/elsewhere"})
        elif address.path == "/user":
            self._answer(200, {"id": OWN})
        elif found is None:
            self._answer(404, {"message": "404 Not found"})
        elif self.command == "GET":
            self._list(int(found[1]), int(parse_qs(address.query).get("page", ["1"])[0]))
        elif self.command == "POST":
            self._answer(201, self.api.notes[self.api.add(int(found[1]), content["body"], OWN)])
        else:
            self.api.notes[int(found[2])].update(content)
            self._answer(200, self.api.notes[int(found[2])])

    def _list(self, merge_request: int, page: int) -> None:
        items = [each for each in self.api.notes.values() if each["merge_request"] == merge_request]
        start = (page - 1) * self.api.page
        following = str(page + 1) if start + self.api.page < len(items) else ""
        self._answer(200, items[start : start + self.api.page], {"X-Next-Page": following})

    def _answer(self, status: int, content: object, headers: dict[str, str] | None = None) -> None:
        text = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(text)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)


@contextmanager
def running_notes_api() -> Generator[NotesApi]:
    """The server, while this is open."""
    api = NotesApi()
    handler = type("Handler", (_Handler,), {"api": api})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        api.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield api
        server.shutdown()
