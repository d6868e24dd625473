"""A server that stands for GitHub's API: it keeps what it is sent, and lists it in pages."""

import http.server
import json
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from operations.github.client import GitHub

REPOSITORY = "shop/tier"
TOKEN = "of-a-workflow"
_ISSUES = re.compile(r"/repos/shop/tier/issues(?:/(\d+))?(/comments)?")
_COMMENT = re.compile(r"/repos/shop/tier/issues/comments/(\d+)")


@dataclass
class Api:
    """`issues` and `comments` by their number or id, as they are now. `requests` are all, in order, without their text.

    `refuse_with` makes each further request fail with this status. A page has `page` items, whatever is asked for.
    """

    url: str = ""
    page: int = 30
    refuse_with: int = 0
    next_page_at: str = ""
    issues: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    comments: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    requests: list[str] = field(default_factory=list[str])
    tokens: set[str | None] = field(default_factory=set[str | None])

    @property
    def client(self) -> GitHub:
        return GitHub(REPOSITORY, TOKEN, self.url)

    def add_issue(self, body: str | None, *, author: str | None = "Bot", state: str = "open", **more: Any) -> int:
        number = len(self.issues) + 1
        user = {"type": author} if author else None
        self.issues[number] = {"number": number, "title": "", "body": body, "user": user, "state": state, **more}
        return number

    def add_comment(self, issue: int, body: str, *, author: str = "Bot") -> int:
        number = 1000 + len(self.comments)
        self.comments[number] = {"id": number, "issue": issue, "body": body, "user": {"type": author}}
        return number


class _Handler(http.server.BaseHTTPRequestHandler):
    api: Api

    def do_GET(self) -> None:
        if self._is_refused():
            return
        address = urlsplit(self.path)
        asked = parse_qs(address.query)
        found = _ISSUES.fullmatch(address.path)
        if found is None:
            self._answer(404, {"message": "Not Found"})
        elif found[2]:
            self._list([each for each in self.api.comments.values() if each["issue"] == int(found[1])], asked)
        else:
            states = asked.get("state", ["open"])
            self._list([each for each in self.api.issues.values() if each["state"] in states], asked)

    def do_POST(self) -> None:
        if self._is_refused():
            return
        content = self._content()
        found = _ISSUES.fullmatch(self.path)
        if found is None:
            self._answer(404, {"message": "Not Found"})
        elif found[2]:
            self._answer(201, self.api.comments[self.api.add_comment(int(found[1]), content["body"])])
        else:
            self._answer(201, self.api.issues[self.api.add_issue(content["body"], title=content["title"])])

    def do_PATCH(self) -> None:
        if self._is_refused():
            return
        content = self._content()
        if comment := _COMMENT.fullmatch(self.path):
            kept = self.api.comments.get(int(comment[1]))
        else:
            issue = _ISSUES.fullmatch(self.path)
            kept = self.api.issues.get(int(issue[1])) if issue and issue[1] else None
        if kept is None:
            self._answer(404, {"message": "Not Found"})
            return
        kept.update(content)
        self._answer(200, kept)

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _is_refused(self) -> bool:
        self.api.requests.append(f"{self.command} {self.path}")
        self.api.tokens.add(self.headers.get("Authorization"))
        if self.api.refuse_with:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(self.api.refuse_with, {"message": "Resource not accessible by integration"})
        return bool(self.api.refuse_with)

    def _content(self) -> dict[str, Any]:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _list(self, items: list[dict[str, Any]], asked: dict[str, list[str]]) -> None:
        number = int(asked.get("page", ["1"])[0])
        start = (number - 1) * self.api.page
        links = ""
        if start + self.api.page < len(items):
            address = urlsplit(self.path).path
            base = self.api.next_page_at or self.api.url
            query = "&".join(f"{name}={values[0]}" for name, values in asked.items() if name != "page")
            links = f'<{base}{address}?{query}&page={number + 1}>; rel="next", <{base}{address}?page=9>; rel="last"'
        self._answer(200, items[start : start + self.api.page], links)

    def _answer(self, status: int, content: object, links: str = "") -> None:
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        if links:
            self.send_header("Link", links)
        if status in (301, 302, 307):
            self.send_header("Location", f"{self.api.next_page_at}/elsewhere")
        self.end_headers()
        self.wfile.write(text)


@contextmanager
def running_api() -> Generator[Api]:
    """The server, while this is open."""
    api = Api()
    handler = type("Handler", (_Handler,), {"api": api})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        api.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield api
        server.shutdown()
