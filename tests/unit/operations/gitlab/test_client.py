"""The client for notes of merge requests, against a server that keeps what it is sent."""

from collections.abc import Iterator

import pytest

from command_line.errors import UserError
from operations.gitlab.client import GitLab
from tests.unit.operations.gitlab.api_server import OTHER, OWN, PROJECT_ID, TOKEN, NotesApi, running_notes_api


@pytest.fixture
def api() -> Iterator[NotesApi]:
    with running_notes_api() as running:
        yield running


def test_all_notes_of_any_number_of_pages_are_listed_once(api: NotesApi) -> None:
    for number in range(65):
        api.add(3, f"note {number}", OWN if number == 50 else OTHER)
    api.add(4, "of another merge request", OWN)
    notes = list(api.client.notes(3))
    assert [note.body for note in notes] == [f"note {number}" for number in range(65)]
    assert [note.body for note in notes if note.is_by_bot] == ["note 50"]
    assert api.tokens == {TOKEN}


def test_a_note_is_made_and_edited(api: NotesApi) -> None:
    note = api.client.create_note(3, "of today")
    api.client.update_note(3, note, "of tomorrow")
    assert [(each["merge_request"], each["body"]) for each in api.notes.values()] == [(3, "of tomorrow")]


@pytest.mark.parametrize("status", [302, 401, 403, 404, 500])
def test_a_refusal_says_what_was_asked_and_why_and_never_the_token(api: NotesApi, status: int) -> None:
    api.refuse_with = status
    with pytest.raises(UserError, match=f"POST {api.url}/.*/notes: HTTP {status} .*403 Forbidden") as refused:
        api.client.create_note(3, "text")
    assert TOKEN not in str(refused.value)
    # Another server would get the token.
    assert len(api.requests) == 1


def test_no_answer_is_said() -> None:
    with pytest.raises(UserError, match="no answer of GitLab's API"):
        GitLab(PROJECT_ID, TOKEN, "http://127.0.0.1:1").create_note(3, "text")


def test_what_is_missing_in_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITLAB_TOKEN", raising=False)
    monkeypatch.setenv("CI_PROJECT_ID", PROJECT_ID)
    with pytest.raises(UserError, match=r"^GITLAB_TOKEN must be set"):
        GitLab.from_environment()


def test_a_file_of_a_job_has_a_limit_and_may_not_be_there(api: NotesApi) -> None:
    job = api.add_job(60, {"build/report.json": b"12345"})
    assert api.client.artifact(job, "build/report.json", 5) == b"12345"
    assert api.client.artifact(job, "build/other.json", 5) is None
    with pytest.raises(UserError, match="more than the 4 bytes"):
        api.client.artifact(job, "build/report.json", 4)
    api.refuse_with = 403
    with pytest.raises(UserError, match=r"HTTP 403 .*read_api"):
        api.client.artifact(job, "build/report.json", 5)
    with pytest.raises(UserError, match="no answer of GitLab's API"):
        GitLab(PROJECT_ID, TOKEN, "http://127.0.0.1:1").artifact(job, "x", 5)
