"""The life of the one issue about drift, against a server that keeps what it is sent."""

from pathlib import Path

import pytest

from command_line.errors import UserError
from operations.drift.comparison import Consequence, Happened
from operations.drift.document import DriftReport, ForeignObject, ObjectDrift, StackDrift, as_json
from operations.drift.issue import MARK, gather, main, write_issue
from operations.github.client import LONGEST_BODY
from tests.unit.operations.github.api_server import REPOSITORY, TOKEN, Api

STACKS = ("dev", "prod")


def gone(name: str) -> ObjectDrift:
    return ObjectDrift(
        kind="ConfigMap",
        place=f"shop/{name}",
        urn=f"urn:{name}",
        happened=Happened.GONE,
        consequence=Consequence.CREATE,
        by=[],
        fields=[],
    )


def report(*drifted: str, count: int = 1) -> DriftReport:
    objects = [gone(f"of-this-name-{number}") for number in range(count)]
    stacks = [StackDrift(stack=each, looked_at=9, objects=objects if each in drifted else []) for each in STACKS]
    return DriftReport(stacks=stacks, time="2026-11-26T03:41:00+00:00", run="https://github.example/runs/1")


def test_without_drift_there_is_no_issue(api: Api) -> None:
    assert write_issue(api.client, report()) == "No drift, and no issue about any."
    assert api.issues == {}


def test_drift_opens_one_issue_which_is_edited_and_then_closed(api: Api) -> None:
    # Others' issues, on several pages, and one that a reader has copied.
    for number in range(70):
        api.add_issue(f"issue {number}", author="User")
    api.add_issue(f"{MARK} copied", author="User")
    before = len(api.issues)
    assert write_issue(api.client, report("prod")) == f"Opened issue {before + 1}."
    ours = api.issues[before + 1]
    assert ours["title"] == "Drift in prod"
    assert "ConfigMap shop/of-this-name-0: gone" in ours["body"]
    assert "https://github.example/runs/1" in ours["body"]
    assert write_issue(api.client, report("dev", "prod")) == f"Edited issue {before + 1}."
    assert (ours["title"], ours["state"]) == ("Drift in dev, prod", "open")
    assert write_issue(api.client, report()) == f"Closed issue {before + 1}."
    assert (ours["title"], ours["state"]) == ("No drift", "closed")
    assert len(api.issues) == before + 1
    # The next drift is another matter.
    assert write_issue(api.client, report("dev")) == f"Opened issue {before + 2}."
    assert [each["body"] for each in api.issues.values() if each["user"]["type"] == "User"][:2] == [
        "issue 0",
        "issue 1",
    ]


def test_of_two_that_are_open_one_stays(api: Api) -> None:
    first, second = (api.add_issue(f"{MARK}\nearlier") for _ in range(2))
    write_issue(api.client, report("prod"))
    assert (api.issues[first]["state"], api.issues[second]["state"]) == ("open", "closed")
    assert f"#{first}" in api.issues[second]["body"]


def test_the_issue_keeps_to_its_length_by_leaving_out_objects(api: Api) -> None:
    write_issue(api.client, report("dev", "prod", count=3000))
    body = api.issues[1]["body"]
    assert len(body) <= LONGEST_BODY
    assert "more objects" in body
    assert body.count("~~~") % 2 == 0
    assert "drift in 3000 objects" in body


def test_a_stack_without_a_report_is_not_known_and_keeps_the_issue_open(api: Api, tmp_path: Path) -> None:
    for stack, content in (("dev", as_json(report())), ("prod", '{"version": 7}')):
        (tmp_path / f"drift-{stack}").mkdir()
        (tmp_path / f"drift-{stack}" / "report.json").write_text(content)
    found = gather(("dev", "staging", "prod"), tmp_path, "T", "")
    assert [(each.stack, bool(each.failure)) for each in found.stacks] == [
        ("dev", False),
        ("staging", True),
        ("prod", True),
    ]
    number = api.add_issue(f"{MARK}\nearlier")
    write_issue(api.client, found)
    assert (api.issues[number]["title"], api.issues[number]["state"]) == ("Drift not known of staging, prod", "open")
    assert "could not be compared" in api.issues[number]["body"]


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "drift-prod").mkdir()
    foreign = ForeignObject(kind="Ingress", place="shop/other", made="T", by=[])
    written = DriftReport(
        version=1, time="T", run="", stacks=[StackDrift(stack="prod", objects=[gone("a")], foreign=[foreign])]
    )
    (tmp_path / "drift-prod" / "report.json").write_text(as_json(written))
    assert gather(["prod"], tmp_path, "T", "").stacks == written.stacks


def test_a_refusal_is_told(api: Api) -> None:
    api.refuse_with = 403
    with pytest.raises(UserError, match="permissions"):
        write_issue(api.client, report("prod"))


def test_the_command_of_the_workflow_writes_it(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "drift-prod").mkdir()
    (tmp_path / "drift-prod" / "report.json").write_text(as_json(report("prod")))
    for name, value in (("API_URL", api.url), ("REPOSITORY", REPOSITORY), ("TOKEN", TOKEN)):
        monkeypatch.setenv(f"GITHUB_{name}", value)
    monkeypatch.setenv("WEBTIER_RUN", "https://github.example/runs/7")
    monkeypatch.setattr("sys.argv", ["operations.drift.issue", "--", "prod", str(tmp_path)])
    assert main() == 0
    assert capsys.readouterr().out == "Opened issue 1.\n"
    assert "runs/7" in api.issues[1]["body"]
    monkeypatch.delenv("GITHUB_TOKEN")
    assert main() == 1
    assert "GITHUB_TOKEN must be set" in capsys.readouterr().err
