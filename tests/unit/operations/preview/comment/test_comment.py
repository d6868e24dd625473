"""The comment's life on both systems, against servers that keep what they are sent."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from command_line.errors import UserError
from operations.preview.comment.__main__ import comment
from operations.preview.comment.body import LIMIT, Run
from operations.preview.comment.conversation import conversation
from tests.unit.operations.github.api_server import REPOSITORY, running_api
from tests.unit.operations.github.api_server import TOKEN as GITHUB_TOKEN
from tests.unit.operations.gitlab.api_server import OTHER, OWN, PROJECT_ID, running_notes_api
from tests.unit.operations.gitlab.api_server import TOKEN as GITLAB_TOKEN

NUMBER = 7
URL = "https://ci.example.com/57"


@dataclass
class Server:
    """What a test needs of either system."""

    bodies: Callable[[], list[str]]
    add: Callable[[str, bool], int]
    refuse: Callable[[int], None]
    requests: list[str]


@pytest.fixture(params=["github", "gitlab"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("PULL_REQUEST", str(NUMBER))
    if request.param == "github":
        monkeypatch.delenv("GITLAB_CI", raising=False)
        with running_api() as api:
            for name, value in {"REPOSITORY": REPOSITORY, "TOKEN": GITHUB_TOKEN, "API_URL": api.url}.items():
                monkeypatch.setenv(f"GITHUB_{name}", value)
            yield Server(
                lambda: [each["body"] for each in api.comments.values()],
                lambda body, ours: api.add_comment(NUMBER, body, author="Bot" if ours else "User"),
                lambda status: setattr(api, "refuse_with", status),
                api.requests,
            )
        return
    with running_notes_api() as notes:
        given = {"GITLAB_CI": "true", "CI_PROJECT_ID": PROJECT_ID, "GITLAB_TOKEN": GITLAB_TOKEN}
        for name, value in {**given, "CI_API_V4_URL": notes.url}.items():
            monkeypatch.setenv(name, value)
        yield Server(
            lambda: [each["body"] for each in notes.notes.values()],
            lambda body, ours: notes.add(NUMBER, body, OWN if ours else OTHER),
            lambda status: setattr(notes, "refuse_with", status),
            notes.requests,
        )


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., None]:
    """Writes the comment of a run that has these reports, by the names of their parts."""

    def run(number: int = 57, attempt: int = 1, parts: str = "diff,dev,prod", **reports: str) -> None:
        folder = tmp_path / f"{number}-{attempt}-{threading.get_ident()}-{'-'.join(reports)}"
        for name, text in reports.items():
            (folder / f"preview-{name}").mkdir(parents=True, exist_ok=True)
            (folder / f"preview-{name}" / "report.md").write_text(text)
        comment(folder, parts, Run(number, attempt), URL)

    return run


SAFE, REVIEW, FAILED = (f"## Preview: {verdict}\n\n{verdict} it is" for verdict in ("safe", "review", "failed"))
NONE = "## Preview: no changes\n"


def test_it_is_made_once_and_then_edited_in_place(server: Server, write: Callable[..., None]) -> None:
    server.add("a word of somebody's", False)
    write(diff=SAFE)
    write(58, diff=REVIEW)
    assert len(server.bodies()) == 2
    assert "# Preview: review" in server.bodies()[1]
    assert "safe it is" not in server.bodies()[1]


@pytest.mark.parametrize("count", [25, 90])
def test_it_is_found_among_any_number_of_comments(server: Server, write: Callable[..., None], count: int) -> None:
    for number in range(count):
        server.add(f"comment {number}", False)
    write(diff=SAFE)
    for number in range(count):
        server.add(f"later comment {number}", False)
    write(58, diff=REVIEW)
    assert len(server.bodies()) == 2 * count + 1
    assert "# Preview: review" in server.bodies()[count]


def test_a_copy_of_it_by_somebody_else_is_not_taken_for_it(server: Server, write: Callable[..., None]) -> None:
    server.add("<!-- webtier preview of run 99.1 -->\n# Preview: safe", False)
    write(diff=REVIEW)
    assert len(server.bodies()) == 2
    assert server.bodies()[0].endswith("# Preview: safe")


def test_after_a_failure_and_without_changes_it_says_so(server: Server, write: Callable[..., None]) -> None:
    write(diff=SAFE, dev=SAFE, prod=SAFE)
    write(58, diff=FAILED)
    assert "# Preview: failed" in server.bodies()[0]
    assert "safe it is" not in server.bodies()[0]
    write(59)
    assert "without a report: diff, dev, prod" in server.bodies()[0]
    write(60, diff=NONE, dev=NONE, prod=NONE)
    assert "# Preview: no changes" in server.bodies()[0]


def test_parts_of_one_run_come_together_in_any_order(server: Server, write: Callable[..., None]) -> None:
    write(diff=SAFE)
    write(prod=REVIEW)
    write(dev=SAFE)
    [text] = server.bodies()
    assert "# Preview: review" in text
    assert [name for name in ("diff", "dev", "prod") if f"<!-- webtier part {name} -->" in text] == [
        "diff",
        "dev",
        "prod",
    ]
    assert "without a report" not in text
    assert text.count("All stacks, compared with the base") == 1


def test_the_comment_of_a_later_run_or_attempt_stays(server: Server, write: Callable[..., None]) -> None:
    write(58, diff=REVIEW)
    write(57, diff=SAFE)
    assert "# Preview: review" in server.bodies()[0]
    write(58, 2, diff=SAFE)
    write(58, 1, diff=REVIEW)
    assert "# Preview: safe" in server.bodies()[0]


def test_of_two_runs_at_once_the_later_one_is_there_in_the_end(server: Server, write: Callable[..., None]) -> None:
    write(56, diff=SAFE)
    writers = [threading.Thread(target=write, args=(57,), kwargs={"diff": report}) for report in (SAFE, REVIEW)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    write(58, diff=FAILED)
    assert len(server.bodies()) == 1
    assert "# Preview: failed" in server.bodies()[0]


def test_of_two_comments_the_same_one_is_edited_ever_after(server: Server, write: Callable[..., None]) -> None:
    for _ in range(2):
        server.add("<!-- webtier preview of run 3.1 -->\n", True)
    write(diff=SAFE)
    write(58, diff=REVIEW)
    first, second = server.bodies()
    assert "# Preview: review" in first
    assert second == "<!-- webtier preview of run 3.1 -->\n"


def test_what_is_the_same_is_not_written_again(server: Server, write: Callable[..., None]) -> None:
    write(diff=SAFE)
    sent = len([each for each in server.requests if not each.startswith("GET")])
    write(diff=SAFE)
    assert len([each for each in server.requests if not each.startswith("GET")]) == sent


def test_it_fits_into_a_comment(server: Server, write: Callable[..., None]) -> None:
    long = "## Preview: review\n\n### prod\n\n" + "detail\n" * 9_000
    write(diff=long, dev=long, prod=long)
    assert len(server.bodies()[0]) <= LIMIT


def test_a_refusal_is_an_error(server: Server, write: Callable[..., None]) -> None:
    server.refuse(403)
    with pytest.raises(UserError, match="HTTP 403"):
        write(diff=SAFE)


def test_a_number_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULL_REQUEST", "")
    with pytest.raises(UserError, match="PULL_REQUEST is ''"):
        conversation()
