"""The command on both systems, against servers that stand for their APIs."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line.errors import UserError
from operations.preview.approved.__main__ import approve
from operations.preview.gate.deployment import reviewed_change
from operations.stacks import PROJECT
from tests.unit.operations.github.api_server import REPOSITORY, Api, running_api
from tests.unit.operations.github.api_server import TOKEN as GITHUB_TOKEN
from tests.unit.operations.gitlab.api_server import PROJECT_ID, NotesApi, running_notes_api
from tests.unit.operations.gitlab.api_server import TOKEN as GITLAB_TOKEN
from tests.unit.operations.preview.approved.reports import CHECKED_OUT, COMMIT, HEAD, report

AGAIN = r"Run the preview again at https://.*make deploy. with .APPROVED=build/preview/report.json"


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.delenv("GITLAB_CI", raising=False)
    with running_api() as api:
        for name, value in {"REPOSITORY": REPOSITORY, "TOKEN": GITHUB_TOKEN, "API_URL": api.url}.items():
            monkeypatch.setenv(f"GITHUB_{name}", value)
        api.storage = api.url
        yield api


@pytest.fixture
def gitlab(monkeypatch: pytest.MonkeyPatch) -> Iterator[NotesApi]:
    with running_notes_api() as api:
        given = {"GITLAB_CI": "true", "CI_PROJECT_ID": PROJECT_ID, "GITLAB_TOKEN": GITLAB_TOKEN}
        for name, value in {**given, "CI_API_V4_URL": api.url}.items():
            monkeypatch.setenv(name, value)
        yield api


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "approved" / "report.json"


def replicas_of(file: Path, stack: str) -> int:
    """Which of the reports it is that says what was reviewed of this stack."""
    found = [count for count in range(2, 9) if fingerprint(file, stack) == fingerprint(file, stack, count)]
    return found[0]


def fingerprint(file: Path, stack: str, replicas: int = 0) -> object:
    if replicas:
        file = file.parent / "expected.json"
        file.write_bytes(report(stack, replicas=replicas))
    return reviewed_change(file, stack)


def test_the_last_run_of_the_merged_pull_request_counts(github: Api, file: Path) -> None:
    github.page = 1
    github.merge(COMMIT, HEAD)
    github.add_run(HEAD, {"preview-diff": {"report.json": report("dev", "prod", replicas=8)}})
    github.add_run(
        HEAD,
        {
            "preview-diff": {"report.json": report("dev", "prod"), "report.md": b""},
            "preview-prod": {"report.json": report("prod", replicas=3)},
        },
        # A preview of prod waits for an approval, or the gate was closed: the report is there.
        status="waiting",
        conclusion=None,
    )
    github.add_run("b" * 40, {"preview-diff": {"report.json": report("dev", replicas=8)}})
    github.add_run(HEAD, {"preview-diff": {"report.json": report("dev", replicas=8)}}, event="push")
    approve(COMMIT, file)
    assert (replicas_of(file, "dev"), replicas_of(file, "prod")) == (2, 3)


def test_the_last_attempt_of_a_run_counts(github: Api, file: Path) -> None:
    github.merge(COMMIT, HEAD)
    run = github.add_run(HEAD, {"preview-diff": {"report.json": report("dev")}}, conclusion="failure")
    github.artifacts[0]["id"], github.zips[9000] = 9000, github.zips[5000]
    github.add_artifact(run, "preview-diff", b"of an earlier attempt")
    approve(COMMIT, file)
    assert replicas_of(file, "dev") == 2


def test_the_storage_does_not_get_the_token(github: Api, file: Path) -> None:
    github.merge(COMMIT, HEAD)
    github.add_run(HEAD, {"preview-diff": {"report.json": report("dev")}})
    approve(COMMIT, file)
    assert github.tokens == {f"Bearer {GITHUB_TOKEN}"}
    assert github.stored_with == [None]


@pytest.mark.parametrize("storage", ["http://127.0.0.1:1", "ftp://127.0.0.1", "file://"])
def test_a_storage_that_is_of_no_use_is_named_without_its_signature(github: Api, file: Path, storage: str) -> None:
    github.merge(COMMIT, HEAD)
    github.add_run(HEAD, {"preview-diff": {"report.json": report("dev")}})
    github.storage = storage
    with pytest.raises(UserError, match="from the storage") as refused:
        approve(COMMIT, file)
    assert "hush" not in str(refused.value)


def test_a_preview_of_a_stack_without_a_report_is_said(
    github: Api, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    github.merge(COMMIT, HEAD)
    github.add_run(
        HEAD,
        {"preview-diff": {"report.json": report("prod")}, "preview-prod": {"report.md": b"## Preview: failed"}},
    )
    approve(COMMIT, file)
    assert replicas_of(file, "prod") == 2
    said = capsys.readouterr()
    assert "has left no report of prod with its state" in said.err
    assert "prod: compared with the base" in said.out


def test_of_several_pull_requests_the_one_that_became_the_commit_counts(github: Api, file: Path) -> None:
    github.merge(COMMIT, HEAD)
    github.merge("e" * 40, "b" * 40, merged_at="2026-11-27")
    github.pulls[COMMIT] += github.pulls["e" * 40]
    github.pulls[COMMIT].append({"number": 9, "head": {"sha": "f" * 40}, "merged_at": None, "merge_commit_sha": COMMIT})
    github.add_run(HEAD, {"preview-diff": {"report.json": report("dev")}})
    approve(COMMIT, file)
    assert replicas_of(file, "dev") == 2


@pytest.mark.parametrize("told", ["", "yes"])
def test_what_has_no_pull_request_is_refused_unless_told(
    github: Api, file: Path, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    github.pulls[COMMIT] = [{"number": 9, "head": {"sha": HEAD}, "merged_at": None, "merge_commit_sha": COMMIT}]
    file.parent.mkdir()
    file.write_text("of before")
    if told:
        approve(COMMIT, file, told)
        assert "without a review" in capsys.readouterr().out
    else:
        with pytest.raises(
            UserError, match=f"No merged pull request has brought the commit {COMMIT}.*DEPLOY_UNREVIEWED"
        ):
            approve(COMMIT, file)
    assert not file.exists()


def test_a_pull_request_without_a_report_is_refused_also_when_told(github: Api, file: Path) -> None:
    github.merge(COMMIT, HEAD)
    with pytest.raises(UserError, match=f"no run of the preview for {HEAD}.*pull request 7"):
        approve(COMMIT, file, "yes")
    run = github.add_run(HEAD, {"preview-dev": {"report.json": report("dev")}}, conclusion="cancelled")
    with pytest.raises(UserError, match=f"has left no report; it is: cancelled. {AGAIN}"):
        approve(COMMIT, file, "yes")
    github.add_artifact(run, "preview-diff", b"", expired=True)
    with pytest.raises(UserError, match=f"no longer kept; it is: cancelled. {AGAIN}"):
        approve(COMMIT, file, "yes")
    github.add_artifact(run, "preview-diff", b"", size_in_bytes=10**9)
    with pytest.raises(UserError, match="1,000,000,000 bytes, and at most 67,108,864"):
        approve(COMMIT, file, "yes")
    assert not file.exists()


@pytest.mark.parametrize("commit", ["", "main", "../issues", "A" * 40])
def test_what_is_no_commit_is_asked_nobody(github: Api, file: Path, commit: str) -> None:
    with pytest.raises(UserError, match="must be the whole name"):
        approve(commit, file)
    with pytest.raises(UserError, match="DEPLOY_UNREVIEWED is 'no'"):
        approve(COMMIT, file, "no")
    assert github.requests == []


def gitlab_path(part: str) -> str:
    return f"build/reports/preview-{part}/report.json"


def test_gitlabs_last_pipeline_counts(gitlab: NotesApi, file: Path) -> None:
    gitlab.page = 1
    gitlab.merge(COMMIT, CHECKED_OUT)
    gitlab.add_job(67, {}, name="unit")
    gitlab.add_job(67, {gitlab_path("diff"): report("dev", "staging", "prod", replicas=2)})
    gitlab.add_job(67, {}, name="preview:staging", child=90)
    gitlab.add_job(67, {}, name="preview:prod", child=91)
    gitlab.add_job(67, {}, name="another", child=92)
    gitlab.add_job(90, {})
    gitlab.add_job(91, {gitlab_path("prod"): report("prod", replicas=3)})
    approve(COMMIT, file)
    assert [replicas_of(file, stack) for stack in ("dev", "staging", "prod")] == [2, 2, 3]
    assert gitlab.tokens == {GITLAB_TOKEN}


def test_a_storage_of_gitlabs_does_not_get_the_token(gitlab: NotesApi, file: Path) -> None:
    gitlab.merge(COMMIT, CHECKED_OUT)
    gitlab.add_job(67, {gitlab_path("diff"): report("dev")})
    with running_notes_api() as storage:
        storage.files, gitlab.storage = gitlab.files, storage.url
        approve(COMMIT, file)
        assert storage.tokens == {None}
    assert replicas_of(file, "dev") == 2


def test_a_squashed_merge_request_counts(gitlab: NotesApi, file: Path) -> None:
    gitlab.merge(COMMIT, CHECKED_OUT, merge_commit_sha=None, squash_commit_sha=COMMIT)
    gitlab.merge("e" * 40, HEAD, merged_at="2026-11-27")
    gitlab.requests_of[COMMIT] += gitlab.requests_of["e" * 40]
    gitlab.add_job(67, {gitlab_path("diff"): report("dev")})
    approve(COMMIT, file)
    assert replicas_of(file, "dev") == 2


def test_what_gitlab_does_not_have_is_said(gitlab: NotesApi, file: Path) -> None:
    with pytest.raises(UserError, match="No merged merge request"):
        approve(COMMIT, file)
    approve(COMMIT, file, "yes")
    gitlab.merge(COMMIT, HEAD)
    with pytest.raises(UserError, match=r"Pipeline 67 of merge request 7 has no report.*is: not there"):
        approve(COMMIT, file, "yes")
    gitlab.add_job(67, {})
    with pytest.raises(UserError, match=f"its job `preview` is: failed. {AGAIN}"):
        approve(COMMIT, file, "yes")
    gitlab.add_job(67, {gitlab_path("diff"): report("dev")})
    with pytest.raises(UserError, match=f"is of the commit {CHECKED_OUT}, and the run is of {HEAD}"):
        approve(COMMIT, file, "yes")
    [request] = gitlab.requests_of[COMMIT]
    request["head_pipeline"]["ref"] = "topic"
    with pytest.raises(UserError, match="is of 'topic', and not one that this project has run"):
        approve(COMMIT, file, "yes")
    request["head_pipeline"] = None
    with pytest.raises(UserError, match="has no pipeline"):
        approve(COMMIT, file, "yes")
    assert not file.exists()


@pytest.mark.parametrize("command", ["approved", "comment"])
def test_it_needs_no_packages(command: str) -> None:
    words = [sys.executable, "-S", "-m", f"operations.preview.{command}", "--help"]
    done = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
