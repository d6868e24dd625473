"""A server that stands for GitLab's API: it keeps notes, lists them in pages, and has what pipelines have left."""

import json
import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

from operations.gitlab.client import GitLab
from tests.unit.operations.api_handler import ApiHandler, serving

PROJECT_ID = "42"
TOKEN = "of-a-project"
OWN, OTHER = 7, 8
"""Users: that of the token, and somebody else."""
_OF_COMMIT = re.compile(r"/projects/42/repository/commits/(\w+)/merge_requests")
_REQUEST = re.compile(r"/projects/42/merge_requests/(\d+)")
_PIPELINE = re.compile(r"/projects/42/pipelines/(\d+)/(jobs|bridges)")
_FILE = re.compile(r"/projects/42/jobs/(\d+)/artifacts/(.+)")
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
    requests_of: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    """Merge requests by a commit that they have brought somewhere."""
    pipelines: dict[int, dict[str, list[dict[str, Any]]]] = field(
        default_factory=dict[int, dict[str, list[dict[str, Any]]]]
    )
    """Jobs and bridges of each."""
    files: dict[tuple[int, str], bytes] = field(default_factory=dict[tuple[int, str], bytes])
    """Of a job, by their path."""
    storage: str = ""
    """Where artifacts are, if not at the API itself; the path there is that of the API."""

    @property
    def client(self) -> GitLab:
        return GitLab(PROJECT_ID, TOKEN, self.url)

    def add(self, merge_request: int, body: str, author: int) -> int:
        number = 100 + len(self.notes)
        self.notes[number] = {"id": number, "body": body, "author": {"id": author}, "merge_request": merge_request}
        return number

    def merge(self, commit: str, head: str, **more: Any) -> None:
        """A merge request whose last commit was `head`, and that became `commit`, with a pipeline of `head`."""
        number = 7 + len(self.requests_of)
        pipeline = {"id": 60 + number, "project_id": 42, "sha": head, "ref": f"refs/merge-requests/{number}/head"}
        request = {"iid": number, "state": "merged", "sha": head, "merge_commit_sha": commit, "merged_at": "2026-11-26"}
        last = {**pipeline, "web_url": f"https://gitlab.example.com/{pipeline['id']}"}
        self.requests_of.setdefault(commit, []).append({**request, "head_pipeline": last, **more})

    def add_job(self, pipeline: int, files: dict[str, bytes], *, name: str = "preview", child: int = 0) -> int:
        """A job, or one that starts the pipeline `child`."""
        number = 300 + sum(len(jobs) for each in self.pipelines.values() for jobs in each.values())
        job = {"id": number, "name": name, "status": "failed", "downstream_pipeline": {"id": child} if child else None}
        self.pipelines.setdefault(pipeline, {"jobs": [], "bridges": []})["bridges" if child else "jobs"].append(job)
        self.files.update({(number, path): content for path, content in files.items()})
        return number


class _Handler(ApiHandler):
    api: NotesApi

    @override
    def answered(self) -> None:
        content = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        self.api.requests.append(f"{self.command} {self.path}")
        self.api.tokens.add(self.headers.get("PRIVATE-TOKEN"))
        address = urlsplit(self.path)
        found = _NOTES.fullmatch(address.path)
        if self.api.refuse_with:
            self.answer(self.api.refuse_with, {"message": "403 Forbidden"}, {"Location": f"{self.api.url}/elsewhere"})
        elif address.path == "/user":
            self.answer(200, {"id": OWN})
        elif self.command == "GET" and self._get_of_pipelines(address.path):
            return
        elif found is None:
            self.answer(404, {"message": "404 Not found"})
        elif self.command == "GET":
            self._list([each for each in self.api.notes.values() if each["merge_request"] == int(found[1])])
        elif self.command == "POST":
            self.answer(201, self.api.notes[self.api.add(int(found[1]), content["body"], OWN)])
        else:
            self.api.notes[int(found[2])].update(content)
            self.answer(200, self.api.notes[int(found[2])])

    def _get_of_pipelines(self, path: str) -> bool:
        requests = [each for some in self.api.requests_of.values() for each in some]
        if of_commit := _OF_COMMIT.fullmatch(path):
            self._list(self.api.requests_of.get(of_commit[1], []))
        elif request := _REQUEST.fullmatch(path):
            self.answer(200, next(each for each in requests if each["iid"] == int(request[1])))
        elif pipeline := _PIPELINE.fullmatch(path):
            self._list(self.api.pipelines.get(int(pipeline[1]), {}).get(pipeline[2], []))
        elif (file := _FILE.fullmatch(path)) and (int(file[1]), file[2]) in self.api.files:
            if self.api.storage:
                self.send(302, b"", {"Location": f"{self.api.storage}{path}"})
            else:
                self.send(200, self.api.files[int(file[1]), file[2]], {})
        else:
            return False
        return True

    def _list(self, items: list[dict[str, Any]]) -> None:
        page = int(parse_qs(urlsplit(self.path).query).get("page", ["1"])[0])
        start = (page - 1) * self.api.page
        following = str(page + 1) if start + self.api.page < len(items) else ""
        self.answer(200, items[start : start + self.api.page], {"X-Next-Page": following})


@contextmanager
def running_notes_api() -> Generator[NotesApi]:
    """The server, while this is open."""
    api = NotesApi()
    with serving(type("Handler", (_Handler,), {"api": api})) as api.url:
        yield api
