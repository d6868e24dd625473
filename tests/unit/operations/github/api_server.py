"""A server that stands for GitHub's API: it keeps what it is sent, lists it in pages, and has artifacts of runs."""

import io
import json
import re
import zipfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

from operations.github.client import GitHub
from tests.unit.operations.api_handler import ApiHandler, serving

REPOSITORY = "shop/tier"
TOKEN = "of-a-workflow"
_ISSUES = re.compile(r"/repos/shop/tier/issues(?:/(\d+))?(/comments)?")
_COMMENT = re.compile(r"/repos/shop/tier/issues/comments/(\d+)")
_COMMIT_PULLS = re.compile(r"/repos/shop/tier/commits/(\w+)/pulls")
_RUNS = "/repos/shop/tier/actions/workflows/preview.yaml/runs"
_ARTIFACTS = re.compile(r"/repos/shop/tier/actions/runs/(\d+)/artifacts")
_ZIP = re.compile(r"/repos/shop/tier/actions/artifacts/(\d+)/zip")
_STORED = re.compile(r"/storage/(\d+)\?signature=hush")


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
    pulls: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    """Pull requests by a commit that they have brought somewhere."""
    runs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    artifacts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    zips: dict[int, bytes] = field(default_factory=dict[int, bytes])
    storage: str = ""
    """Where artifacts are stored, if not at this very server."""
    stored_with: list[str | None] = field(default_factory=list[str | None])
    """The tokens that the storage was asked with."""

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

    def merge(self, commit: str, head: str, **more: Any) -> None:
        """A pull request whose last commit was `head`, and that became `commit`."""
        number = 7 + len(self.pulls)
        merged = {"number": number, "head": {"sha": head}, "merged_at": "2026-11-26", "merge_commit_sha": commit}
        self.pulls.setdefault(commit, []).append({**merged, **more})

    def add_run(self, head: str, files: Mapping[str, Mapping[str, bytes]], **more: Any) -> int:
        """A run of the preview, newest first as GitHub lists them, with the files of its artifacts by their names."""
        number = 900 + len(self.runs)
        run = {
            "id": number,
            "run_number": number - 850,
            "head_sha": head,
            "html_url": f"https://ci.example.com/{number}",
        }
        self.runs.insert(0, {**run, "event": "pull_request", "status": "completed", "conclusion": "success", **more})
        for name, content in files.items():
            self.add_artifact(number, name, zip_of(content))
        return number

    def add_artifact(self, run: int, name: str, content: bytes, **more: Any) -> int:
        number = 5000 + len(self.artifacts)
        self.zips[number] = content
        artifact = {"id": number, "run": run, "name": name, "size_in_bytes": len(content), "expired": False}
        self.artifacts.append({**artifact, **more})
        return number


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """A zip with these files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


class _Handler(ApiHandler):
    api: Api

    @override
    def answered(self) -> None:
        match self.command:
            case "GET":
                self._get()
            case "POST":
                self._post()
            case _:
                self._patch()

    def _get(self) -> None:
        if stored := _STORED.fullmatch(self.path):
            self.api.stored_with.append(self.headers.get("Authorization"))
            self.send(200, self.api.zips[int(stored[1])], {})
            return
        if self._is_refused():
            return
        address = urlsplit(self.path)
        asked = parse_qs(address.query)
        if self._get_of_workflows(address.path, asked):
            return
        found = _ISSUES.fullmatch(address.path)
        if found is None:
            self._answer(404, {"message": "Not Found"})
        elif found[2]:
            self._list([each for each in self.api.comments.values() if each["issue"] == int(found[1])], asked)
        else:
            states = asked.get("state", ["open"])
            self._list([each for each in self.api.issues.values() if each["state"] in states], asked)

    def _get_of_workflows(self, path: str, asked: dict[str, list[str]]) -> bool:
        if pulls := _COMMIT_PULLS.fullmatch(path):
            self._list(self.api.pulls.get(pulls[1], []), asked)
        elif path == _RUNS:
            matching = [each for each in self.api.runs if {each["head_sha"]} == {*asked["head_sha"]}]
            self._list([each for each in matching if [each["event"]] == asked["event"]], asked, "workflow_runs")
        elif artifacts := _ARTIFACTS.fullmatch(path):
            self._list([each for each in self.api.artifacts if each["run"] == int(artifacts[1])], asked, "artifacts")
        elif stored := _ZIP.fullmatch(path):
            self.send(302, b"", {"Location": f"{self.api.storage}/storage/{stored[1]}?signature=hush"})
        else:
            return False
        return True

    def _post(self) -> None:
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

    def _patch(self) -> None:
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

    def _is_refused(self) -> bool:
        self.api.requests.append(f"{self.command} {self.path}")
        self.api.tokens.add(self.headers.get("Authorization"))
        if self.api.refuse_with:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(self.api.refuse_with, {"message": "Resource not accessible by integration"})
        return bool(self.api.refuse_with)

    def _content(self) -> dict[str, Any]:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _list(self, items: list[dict[str, Any]], asked: dict[str, list[str]], key: str = "") -> None:
        number = int(asked.get("page", ["1"])[0])
        start = (number - 1) * self.api.page
        links = ""
        if start + self.api.page < len(items):
            address = urlsplit(self.path).path
            base = self.api.next_page_at or self.api.url
            query = "&".join(f"{name}={values[0]}" for name, values in asked.items() if name != "page")
            links = f'<{base}{address}?{query}&page={number + 1}>; rel="next", <{base}{address}?page=9>; rel="last"'
        shown = items[start : start + self.api.page]
        self._answer(200, {"total_count": len(items), key: shown} if key else shown, links)

    def _answer(self, status: int, content: object, links: str = "") -> None:
        headers = {"Link": links} if links else {}
        if status in (301, 302, 307):
            headers["Location"] = f"{self.api.next_page_at}/elsewhere"
        self.answer(status, content, headers)


@contextmanager
def running_api() -> Generator[Api]:
    """The server, while this is open."""
    api = Api()
    with serving(type("Handler", (_Handler,), {"api": api})) as api.url:
        yield api
