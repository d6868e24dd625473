"""The client for GitHub's issues and comments, against a server that keeps what it is sent."""

import pytest

from command_line.errors import UserError
from operations.github.client import GitHub, find_marked
from tests.unit.operations.github.api_server import REPOSITORY, TOKEN, Api

MARK = "<!-- ours -->"


def test_an_issue_is_made_and_then_edited_and_closed(api: Api) -> None:
    number = api.client.create_issue("Drift", "of today")
    assert api.issues[number]["title"] == "Drift"
    api.client.update_issue(number, "Drift of two", "of tomorrow")
    assert (api.issues[number]["title"], api.issues[number]["body"]) == ("Drift of two", "of tomorrow")
    assert api.issues[number]["state"] == "open"
    api.client.update_issue(number, "No drift", "none", close=True)
    assert (api.issues[number]["state"], api.issues[number]["state_reason"]) == ("closed", "completed")
    assert len(api.issues) == 1


def test_all_open_issues_of_any_number_of_pages_are_listed_once(api: Api) -> None:
    for number in range(95):
        api.add_issue(f"issue {number}", state="closed" if number == 3 else "open")
    api.add_issue("a pull request", pull_request={})
    assert [post.body for post in api.client.open_issues()] == [f"issue {n}" for n in range(95) if n != 3]
    assert sum(each.startswith("GET") for each in api.requests) == 4


def test_a_comment_on_the_last_of_many_pages_is_found_and_edited(api: Api) -> None:
    for number in range(70):
        api.add_comment(7, f"comment {number}", author="User")
    ours = api.client.create_comment(7, f"{MARK}\nof today")
    api.add_comment(8, f"{MARK}\nof another pull request")
    [found] = find_marked(api.client.comments(7), MARK)
    assert found.id == ours
    api.client.update_comment(found.id, f"{MARK}\nof tomorrow")
    assert api.comments[ours]["body"] == f"{MARK}\nof tomorrow"
    assert [each for each in api.comments.values() if each["body"].startswith(MARK) and each["issue"] == 7] == [
        api.comments[ours]
    ]


def test_a_mark_counts_only_where_it_begins_what_a_bot_has_written(api: Api) -> None:
    api.add_issue(f"{MARK} copied", author="User")
    api.add_issue(None)
    api.add_issue(f"{MARK} of a deleted account", author=None)
    api.add_issue(f"a quote of {MARK}")
    ours = api.add_issue(f"{MARK}\nthe report")
    assert [post.id for post in find_marked(api.client.open_issues(), MARK)] == [ours]


@pytest.mark.parametrize("status", [401, 403, 404, 422, 500])
def test_a_refusal_says_what_was_asked_and_why_and_never_the_token(api: Api, status: int) -> None:
    api.refuse_with = status
    with pytest.raises(UserError, match=f"POST {api.url}/repos/shop/tier/issues: HTTP {status} .*not accessible") as no:
        api.client.create_issue("Drift", "of today")
    assert TOKEN not in str(no.value)
    assert TOKEN not in repr(api.client)


def test_an_api_that_does_not_answer_is_named() -> None:
    with pytest.raises(UserError, match=r"GET http://127\.0\.0\.1:1/repos/shop/tier/issues\?.*: no answer"):
        list(GitHub(REPOSITORY, TOKEN, "http://127.0.0.1:1").open_issues())


def test_another_server_never_gets_the_token(api: Api) -> None:
    for _ in range(31):
        api.add_issue("issue")
    api.next_page_at = "http://127.0.0.1:1"
    with pytest.raises(UserError, match="not below"):
        list(api.client.open_issues())
    api.refuse_with = 302
    with pytest.raises(UserError, match="HTTP 302 Found"):
        list(api.client.open_issues())


def test_the_environment_of_a_workflow_is_read(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_API_URL", f"{api.url}/")
    monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    assert GitHub.from_environment().create_issue("Drift", "of today") == 1
    assert api.tokens == {f"Bearer {TOKEN}"}
    monkeypatch.delenv("GITHUB_TOKEN")
    with pytest.raises(UserError, match=r"^GITHUB_TOKEN must be set"):
        GitHub.from_environment()


def test_an_artifact_has_a_limit_and_no_answer_is_said(api: Api) -> None:
    api.storage = api.url
    number = api.add_artifact(900, "preview-diff", b"12345")
    assert api.client.artifact(number, 5) == b"12345"
    with pytest.raises(UserError, match="more than the 4 bytes"):
        api.client.artifact(number, 4)
    api.refuse_with = 410
    with pytest.raises(UserError, match=r"HTTP 410 Gone \(.*\)\. It is kept for some time only"):
        api.client.artifact(number, 5)
    with pytest.raises(UserError, match="no answer of GitHub's API"):
        GitHub(REPOSITORY, TOKEN, "http://127.0.0.1:1").artifact(number, 5)
