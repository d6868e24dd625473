"""GitLab's REST API for the notes of a merge request, which are what GitHub calls comments."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, cast
from urllib.parse import quote

from command_line.errors import UserError
from operations.github.client import Post, opener

_SECONDS = 30
_PAGE = 100


@dataclass(frozen=True)
class GitLab:
    """One project, by its id or its path. Each call raises UserError with GitLab's own words when it is refused.

    `token` is a project access token of the scope `api`: a job's own token may not write notes.
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
                f"{' and '.join(missing)} must be set: the project's id, and a project access token of the scope "
                "`api`, as a masked variable of the environment `comment`."
            )
        api = os.environ.get("CI_API_V4_URL") or cls.api
        return cls(os.environ["CI_PROJECT_ID"], os.environ["GITLAB_TOKEN"], api.rstrip("/"))

    def notes(self, merge_request: int) -> Iterator[Post]:
        """All notes of a merge request, oldest first. Those that this token's own user has written are a bot's."""
        own = cast("dict[str, Any]", self._ask("GET", f"{self.api}/user")[0])["id"]
        page = "1"
        while page:
            address = f"{self._notes(merge_request)}?sort=asc&order_by=created_at&per_page={_PAGE}&page={page}"
            found, page = self._ask("GET", address)
            for each in cast("list[dict[str, Any]]", found):
                author: Mapping[str, Any] = each.get("author") or {}
                yield Post(each["id"], each.get("body") or "", author.get("id") == own)

    def create_note(self, merge_request: int, body: str) -> int:
        """Returns its id."""
        return self._send("POST", self._notes(merge_request), body)["id"]

    def update_note(self, merge_request: int, note: int, body: str) -> None:
        """Of the note with this id."""
        self._send("PUT", f"{self._notes(merge_request)}/{note}", body)

    def _notes(self, merge_request: int) -> str:
        return f"{self.api}/projects/{quote(self.project, safe='')}/merge_requests/{merge_request}/notes"

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
            raise UserError(
                f"{method} {url}: HTTP {error.code} ({_said(error)}).{_HINTS.get(error.code, '')}"
            ) from None
        except (OSError, ValueError) as error:
            raise UserError(f"{method} {url}: no answer of GitLab's API: {error}") from None


_HINTS = {
    401: " GITLAB_TOKEN is not valid (any more).",
    403: " GITLAB_TOKEN needs the scope `api` and the role Reporter.",
    404: " The token may not see it, or it is not there.",
}


def _said(error: urllib.error.HTTPError) -> str:
    try:
        told = json.load(error)
        return str(told.get("message") or told.get("error") or error.reason)
    except (OSError, ValueError, AttributeError):
        return str(error.reason)
