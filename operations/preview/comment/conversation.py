"""Where the comment stands: in the conversation of a pull request on GitHub, or of a merge request on GitLab."""

import os
from collections.abc import Iterable, Sequence
from typing import Protocol

from command_line.errors import UserError
from operations.github.client import GitHub, Post, find_marked
from operations.gitlab.client import GitLab
from operations.preview.comment.body import MARK, Part, Run, body, parts_of


class Conversation(Protocol):
    """Comments of one pull request."""

    def comments(self) -> Iterable[Post]:
        """All of them, oldest first."""
        ...

    def create(self, body: str) -> None:
        """A new one."""
        ...

    def update(self, comment: int, body: str) -> None:
        """Another text for the one with this id."""
        ...


class OnGitHub:
    """A pull request's, by its number."""

    def __init__(self, client: GitHub, number: int) -> None:
        self._client, self._number = client, number

    def comments(self) -> Iterable[Post]:
        return self._client.comments(self._number)

    def create(self, body: str) -> None:
        self._client.create_comment(self._number, body)

    def update(self, comment: int, body: str) -> None:
        self._client.update_comment(comment, body)


class OnGitLab:
    """A merge request's, by its number in the project."""

    def __init__(self, client: GitLab, number: int) -> None:
        self._client, self._number = client, number

    def comments(self) -> Iterable[Post]:
        return self._client.notes(self._number)

    def create(self, body: str) -> None:
        self._client.create_note(self._number, body)

    def update(self, comment: int, body: str) -> None:
        self._client.update_note(self._number, comment, body)


def conversation() -> Conversation:
    """The one that the environment of a pipeline names. UserError where a variable is missing or is no number."""
    number = os.environ.get("PULL_REQUEST", "")
    if not number.isdecimal():
        raise UserError(f"PULL_REQUEST is '{number}', and must be the number of the pull request to write to.")
    if os.environ.get("GITLAB_CI"):
        return OnGitLab(GitLab.from_environment(), int(number))
    return OnGitHub(GitHub.from_environment(), int(number))


def write(where: Conversation, parts: Sequence[Part], run: Run, url: str) -> str:
    """Edits the comment, or makes it where there is none; returns what was done, in words.

    A part that is empty stays as the comment of this run has it. A run that began earlier leaves the comment of a later
    one as it is: jobs may end in another order.
    """
    ours = find_marked(where.comments(), MARK)
    # Of two the oldest counts, in every run the same.
    earlier = ours[0] if ours else None
    by = Run.of(earlier.body) if earlier else None
    if by is not None and by > run:
        return f"The comment is of run {by.number}.{by.attempt}, which began later: it stays."
    kept = parts_of(earlier.body) if earlier and by == run else {}
    text = body([part if part.text else Part(part.name, kept.get(part.name, "")) for part in parts], run, url)
    if earlier is None:
        where.create(text)
        return "A comment was written."
    if earlier.body == text:
        return "The comment says so already."
    where.update(earlier.id, text)
    return "The comment was edited."
