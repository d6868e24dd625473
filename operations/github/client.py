"""GitHub's REST API for issues, comments, and what workflows have left; a pull request's conversation is an issue's.

Not `gh`: what is sent can be seen by a test, at a server that GITHUB_API_URL names.
"""

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Never, Self, cast

from command_line.errors import UserError
from operations.github.download import download, opener

LONGEST_BODY = 65_536
"""Characters that GitHub takes in the body of an issue or a comment."""

_SECONDS = 30
_PAGE = 100


@dataclass(frozen=True)
class Post:
    """An issue, by its number, or a comment, by its id. `is_by_bot` says that a workflow or an app has written it."""

    id: int
    body: str
    is_by_bot: bool


@dataclass(frozen=True)
class PullRequest:
    """A merged one. `head` is its last commit, and `merge_commit` what it became on its branch."""

    number: int
    head: str
    merge_commit: str
    merged_at: str


@dataclass(frozen=True)
class Run:
    """One of a workflow for the commit `head`. `status` is GitHub's word for how it ended, or for what it is doing."""

    id: int
    number: int
    head: str
    status: str
    url: str


@dataclass(frozen=True)
class Artifact:
    """A zip of `size` bytes that a run has left."""

    id: int
    name: str
    size: int
    is_expired: bool


@dataclass(frozen=True)
class GitHub:
    """One repository (`owner/name`). Each call raises UserError with GitHub's own words when it is refused."""

    repository: str
    token: str = field(repr=False)
    api: str = "https://api.github.com"

    @classmethod
    def from_environment(cls) -> Self:
        """As workflows name them: GITHUB_REPOSITORY, GITHUB_TOKEN and GITHUB_API_URL. UserError if one is missing."""
        missing = [name for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN") if not os.environ.get(name)]
        if missing:
            raise UserError(
                f"{' and '.join(missing)} must be set: the repository as owner/name, and a token with the "
                "rights that this needs there. In a workflow `env: GITHUB_TOKEN: ${{ github.token }}` gives the token."
            )
        api = os.environ.get("GITHUB_API_URL") or cls.api
        return cls(os.environ["GITHUB_REPOSITORY"], os.environ["GITHUB_TOKEN"], api.rstrip("/"))

    def open_issues(self) -> Iterator[Post]:
        """All open issues, oldest first, without pull requests."""
        for each in self._list("issues", state="open", sort="created", direction="asc"):
            if "pull_request" not in each:
                yield _post(each, "number")

    def create_issue(self, title: str, body: str) -> int:
        """Returns its number."""
        return self._send("POST", self._url("issues"), {"title": title, "body": body})["number"]

    def update_issue(self, number: int, title: str, body: str, *, close: bool = False) -> None:
        """Title and body are written anew; with `close` it is closed as completed."""
        closing = {"state": "closed", "state_reason": "completed"} if close else {}
        self._send("PATCH", self._url(f"issues/{number}"), {"title": title, "body": body, **closing})

    def comments(self, number: int) -> Iterator[Post]:
        """All comments of an issue or a pull request, oldest first; not those on lines of a review."""
        for each in self._list(f"issues/{number}/comments"):
            yield _post(each, "id")

    def create_comment(self, number: int, body: str) -> int:
        """Returns its id."""
        return self._send("POST", self._url(f"issues/{number}/comments"), {"body": body})["id"]

    def update_comment(self, comment: int, body: str) -> None:
        """Of the comment with this id."""
        self._send("PATCH", self._url(f"issues/comments/{comment}"), {"body": body})

    def merged(self, commit: str) -> list[PullRequest]:
        """The pull requests that have brought a commit into their branch."""
        return [
            PullRequest(each["number"], each["head"]["sha"], each.get("merge_commit_sha") or "", each["merged_at"])
            for each in self._list(f"commits/{commit}/pulls")
            if each.get("merged_at")
        ]

    def runs(self, workflow: str, head: str) -> list[Run]:
        """Those that pull requests have started of the workflow in this file for their last commit `head`."""
        found = self._list(f"actions/workflows/{workflow}/runs", "workflow_runs", event="pull_request", head_sha=head)
        return [
            Run(
                each["id"],
                each["run_number"],
                each["head_sha"],
                each.get("conclusion") or each["status"],
                each["html_url"],
            )
            for each in found
            if each["head_sha"] == head
        ]

    def artifacts(self, run: int) -> list[Artifact]:
        """All of a run, of all of its attempts."""
        found = self._list(f"actions/runs/{run}/artifacts", "artifacts")
        return [Artifact(each["id"], each["name"], each["size_in_bytes"], each["expired"]) for each in found]

    def artifact(self, artifact: int, most: int) -> bytes:
        """The zip of the artifact with this id. UserError too where it has more than `most` bytes."""
        url = self._url(f"actions/artifacts/{artifact}/zip")
        try:
            return download(url, self._headers(), most)
        except urllib.error.HTTPError as error:
            _refused("GET", url, error)
        except OSError as error:
            raise UserError(f"GET {url}: no answer of GitHub's API: {error}") from None

    def _url(self, path: str) -> str:
        return f"{self.api}/repos/{self.repository}/{path}"

    def _list(self, path: str, key: str = "", **options: str) -> Iterator[dict[str, Any]]:
        """The items of all pages; they stand below `key` where a page is an object."""
        url: str | None = f"{self._url(path)}?{urllib.parse.urlencode({**options, 'per_page': _PAGE})}"
        while url:
            page, links = self._ask("GET", url)
            yield from cast("list[dict[str, Any]]", cast("dict[str, Any]", page)[key] if key else page)
            url = _next(links)
            if url and not url.startswith(f"{self.api}/"):
                raise UserError(f"GitHub names {url} as the next page, which is not below {self.api}: it is not read.")

    def _headers(self) -> dict[str, str]:
        return {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "webtier",
            "Authorization": f"Bearer {self.token}",
        }

    def _send(self, method: str, url: str, content: Mapping[str, str]) -> dict[str, Any]:
        return cast("dict[str, Any]", self._ask(method, url, json.dumps(content).encode())[0])

    def _ask(self, method: str, url: str, content: bytes | None = None) -> tuple[object, str]:
        """What was answered, and its header `Link`."""
        request = urllib.request.Request(url, content, self._headers(), method=method)  # noqa: S310 (the API's address)
        if content is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with opener().open(request, timeout=_SECONDS) as answer:
                return json.load(answer), answer.headers.get("Link", "")
        except urllib.error.HTTPError as error:
            _refused(method, url, error)
        except (OSError, ValueError) as error:
            raise UserError(f"{method} {url}: no answer of GitHub's API: {error}") from None


def find_marked(posts: Iterable[Post], mark: str) -> list[Post]:
    """Those that a workflow or an app has written and that begin with `mark`, in their order.

    The author counts, since anybody may write a mark into an issue or a comment of their own.
    """
    return [post for post in posts if post.is_by_bot and post.body.startswith(mark)]


def _post(each: Mapping[str, Any], key: str) -> Post:
    # A deleted account has no user, and an issue may have no body.
    author: Mapping[str, Any] = each.get("user") or {}
    return Post(each[key], each.get("body") or "", author.get("type") == "Bot")


def _next(links: str) -> str | None:
    for link in links.split(","):
        address, _, relation = link.partition(";")
        if 'rel="next"' in relation:
            return address.strip().removeprefix("<").removesuffix(">")
    return None


def _refused(method: str, url: str, error: urllib.error.HTTPError) -> Never:
    try:
        said = str(json.load(error).get("message", ""))
    except (OSError, ValueError, AttributeError):
        said = ""
    status = f"HTTP {error.code} {HTTPStatus(error.code).phrase}" if error.code in {*HTTPStatus} else str(error.code)
    hint = {
        401: " The token is not valid (any more).",
        403: f" The workflow's `permissions` have to let it {'read' if method == 'GET' else 'write'} this.",
        404: " The token may not see it, or it is not there.",
        410: " It is kept for some time only, and that is over.",
    }.get(error.code, "")
    raise UserError(f"{method} {url}: {status}{f' ({said})' if said else ''}.{hint}") from None
