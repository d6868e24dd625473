"""GitLab's REST API for merge requests: their notes, which GitHub calls comments, and what pipelines have left."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Never, Self, cast
from urllib.parse import quote

from command_line.errors import UserError
from operations.github.client import Post
from operations.github.download import download, opener

_SECONDS = 30
_PAGE = 100


@dataclass(frozen=True)
class MergeRequest:
    """A merged one, by its number in the project. `commits` are those that it became on its branch, as far as known."""

    number: int
    commits: frozenset[str]
    merged_at: str


@dataclass(frozen=True)
class Pipeline:
    """`commit` is what it checked out, and `ref` where that is, such as `refs/merge-requests/7/head`."""

    id: int
    project: int
    commit: str
    ref: str
    url: str


@dataclass(frozen=True)
class Job:
    """A pipeline's; `child` is the pipeline that it started, or 0."""

    id: int
    name: str
    status: str
    child: int = 0


@dataclass(frozen=True)
class GitLab:
    """One project, by its id or its path. Each call raises UserError with GitLab's own words when it is refused.

    `token` is a project access token of the scope `api`, or of `read_api` to read: a job's own token may do neither.
    """

    project: str
    token: str = field(repr=False)
    api: str = "https://gitlab.com/api/v4"

    @classmethod
    def from_environment(cls) -> Self:
        """As pipelines name them: CI_PROJECT_ID and CI_API_V4_URL, and the token as GITLAB_TOKEN. UserError without."""
        missing = [name for name in ("CI_PROJECT_ID", "GITLAB_TOKEN") if not os.environ.get(name)]
        if missing:
            raise UserError(
                f"{' and '.join(missing)} must be set: the project's id, and a project access token, as a masked "
                "variable of the job's own environment (docs/pipeline.md)."
            )
        api = os.environ.get("CI_API_V4_URL") or cls.api
        return cls(os.environ["CI_PROJECT_ID"], os.environ["GITLAB_TOKEN"], api.rstrip("/"))

    def notes(self, merge_request: int) -> Iterator[Post]:
        """All notes of a merge request, oldest first. Those that this token's own user has written are a bot's."""
        own = cast("dict[str, Any]", self._ask("GET", f"{self.api}/user")[0])["id"]
        for each in self._list(f"{self._notes(merge_request)}?sort=asc&order_by=created_at"):
            author: Mapping[str, Any] = each.get("author") or {}
            yield Post(each["id"], each.get("body") or "", author.get("id") == own)

    def create_note(self, merge_request: int, body: str) -> int:
        """Returns its id."""
        return self._send("POST", self._notes(merge_request), body)["id"]

    def update_note(self, merge_request: int, note: int, body: str) -> None:
        """Of the note with this id."""
        self._send("PUT", f"{self._notes(merge_request)}/{note}", body)

    def merged(self, commit: str) -> list[MergeRequest]:
        """The merge requests that have brought a commit into their branch."""
        return [
            MergeRequest(
                each["iid"],
                frozenset(each[key] for key in ("merge_commit_sha", "squash_commit_sha", "sha") if each.get(key)),
                each.get("merged_at") or "",
            )
            for each in self._list(f"{self._project}/repository/commits/{commit}/merge_requests?state=merged")
            if each["state"] == "merged"
        ]

    def pipeline(self, merge_request: int) -> Pipeline | None:
        """The last one of a merge request; None where it had none."""
        found, _ = self._ask("GET", f"{self._project}/merge_requests/{merge_request}")
        last = cast("dict[str, Any]", found).get("head_pipeline")
        if not last:
            return None
        return Pipeline(last["id"], last["project_id"], last["sha"], last["ref"], last["web_url"])

    def jobs(self, pipeline: int) -> list[Job]:
        """Of each job of a pipeline the last run."""
        return [
            Job(each["id"], each["name"], each["status"])
            for each in self._list(f"{self._project}/pipelines/{pipeline}/jobs?include_retried=false")
        ]

    def triggers(self, pipeline: int) -> list[Job]:
        """The jobs of a pipeline that start another one."""
        return [
            Job(each["id"], each["name"], each["status"], (each.get("downstream_pipeline") or {"id": 0})["id"])
            for each in self._list(f"{self._project}/pipelines/{pipeline}/bridges?include_retried=false")
        ]

    def artifact(self, job: int, path: str, most: int) -> bytes | None:
        """One file of a job's artifacts; None where it has none, or no longer. UserError for more than `most` bytes."""
        url = f"{self._project}/jobs/{job}/artifacts/{quote(path)}"
        try:
            return download(url, {"PRIVATE-TOKEN": self.token}, most)
        except urllib.error.HTTPError as error:
            if error.code == HTTPStatus.NOT_FOUND:
                return None
            _refused("GET", url, error)
        except OSError as error:
            raise UserError(f"GET {url}: no answer of GitLab's API: {error}") from None

    @property
    def _project(self) -> str:
        return f"{self.api}/projects/{quote(self.project, safe='')}"

    def _notes(self, merge_request: int) -> str:
        return f"{self._project}/merge_requests/{merge_request}/notes"

    def _list(self, url: str) -> Iterator[dict[str, Any]]:
        """The items of all pages of an address that has a query."""
        page = "1"
        while page:
            found, page = self._ask("GET", f"{url}&per_page={_PAGE}&page={page}")
            yield from cast("list[dict[str, Any]]", found)

    def _send(self, method: str, url: str, body: str) -> dict[str, Any]:
        return cast("dict[str, Any]", self._ask(method, url, json.dumps({"body": body}).encode())[0])

    def _ask(self, method: str, url: str, content: bytes | None = None) -> tuple[object, str]:
        """What was answered, and the number of the next page; empty on the last."""
        request = urllib.request.Request(url, content, method=method)  # noqa: S310 (the API's own address)
        request.add_header("PRIVATE-TOKEN", self.token)
        request.add_header("User-Agent", "webtier")
        if content is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with opener().open(request, timeout=_SECONDS) as answer:
                return json.load(answer), answer.headers.get("X-Next-Page", "")
        except urllib.error.HTTPError as error:
            _refused(method, url, error)
        except (OSError, ValueError) as error:
            raise UserError(f"{method} {url}: no answer of GitLab's API: {error}") from None


_HINTS = {
    401: " GITLAB_TOKEN is not valid (any more).",
    403: " GITLAB_TOKEN needs the scope `api`, or `read_api` to read, and the role Reporter.",
    404: " The token may not see it, or it is not there.",
}


def _refused(method: str, url: str, error: urllib.error.HTTPError) -> Never:
    raise UserError(f"{method} {url}: HTTP {error.code} ({_said(error)}).{_HINTS.get(error.code, '')}") from None


def _said(error: urllib.error.HTTPError) -> str:
    try:
        told = json.load(error)
        return str(told.get("message") or told.get("error") or error.reason)
    except (OSError, ValueError, AttributeError):
        return str(error.reason)
