"""The one report that the previews of a pull request become, and what is none."""

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from command_line.errors import UserError
from operations.preview.approved import report as module
from operations.preview.approved.report import Previews, composed, report_in
from operations.preview.gate.deployment import reviewed_change
from operations.preview.report.as_json import JsonReport
from tests.unit.operations.github.api_server import zip_of
from tests.unit.operations.preview.approved.reports import CHECKED_OUT, COMMIT, report

URL = "https://ci.example.com/900"


def previews(diff: bytes, commit: str = "", **with_state: bytes) -> Previews:
    return Previews("Run 50 of the preview of pull request 7", URL, diff, with_state, commit)


def fingerprints(text: str, folder: Path, *stacks: str) -> list[Any]:
    """As `make deploy` reads them."""
    file = folder / "report.json"
    file.write_text(text)
    return [reviewed_change(file, stack) for stack in stacks]


def test_what_was_compared_with_its_state_counts_more(tmp_path: Path) -> None:
    text, lines = composed(previews(report("dev", "prod"), prod=report("prod", replicas=3)))
    dev, prod = fingerprints(text, tmp_path, "dev", "prod")
    assert [dev] == fingerprints(report("dev").decode(), tmp_path, "dev")
    assert [prod] == fingerprints(report("prod", replicas=3).decode(), tmp_path, "prod")
    assert dev != prod
    assert lines == ["  dev: compared with the base", "  prod: compared with its state"]


def test_one_report_alone_stays_as_it_is() -> None:
    text, _ = composed(previews(report("dev", "prod")))
    assert JsonReport.model_validate_json(text) == JsonReport.model_validate_json(report("dev", "prod"))


def test_a_preview_with_the_state_speaks_of_its_own_stack_alone(tmp_path: Path) -> None:
    text, _ = composed(previews(report("dev", "prod"), prod=report("dev", "prod", replicas=3)))
    dev, _ = fingerprints(text, tmp_path, "dev", "prod")
    assert [dev] == fingerprints(report("dev").decode(), tmp_path, "dev")


def test_a_preview_that_failed_counts_only_where_there_is_no_other() -> None:
    text, lines = composed(previews(report("dev", "prod"), prod=report("prod", ends=False)))
    assert lines[1] == "  prod: compared with the base"
    assert json.loads(text)["is_let_through"] is True
    text, lines = composed(previews(report("prod", ends=False), prod=report("prod")))
    assert (lines, json.loads(text)["verdict"]) == (["  prod: compared with its state"], "safe")
    with pytest.raises(UserError, match=rf"the preview of prod failed.*Run the preview again at {URL}"):
        composed(previews(report("prod", ends=False), prod=report("prod", ends=False)))


def test_the_verdict_is_the_worst_and_the_gate_that_of_all() -> None:
    content = json.loads(report("dev", "prod"))
    content["stacks"][1] |= {"verdict": "destructive", "is_let_through": False}
    text, _ = composed(previews(json.dumps(content).encode()))
    assert (json.loads(text)["verdict"], json.loads(text)["is_let_through"]) == ("destructive", False)


def test_reports_are_of_the_commit_that_their_run_has_checked_out() -> None:
    assert composed(previews(report("dev"), CHECKED_OUT))[1] == ["  dev: compared with the base"]
    with pytest.raises(UserError, match=f"is of the commit {CHECKED_OUT}, and the run is of {COMMIT}"):
        composed(previews(report("dev"), COMMIT))
    with pytest.raises(UserError, match=f"of the commit {COMMIT}, and one of all stacks of {CHECKED_OUT}"):
        composed(previews(report("dev"), dev=report("dev", commit=COMMIT)))


_NOT_THERE = object()


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("version", 99, "version 99 of reports, and this webtier has 1"),
        ("version", _NOT_THERE, "version None"),
        ("commit", "", "of which commit"),
        ("commit", 7, "of which commit"),
        ("stacks", [], "no stack"),
        ("stacks", {"dev": {}}, "no stack"),
        ("stacks", ["dev"], "no part of a report"),
        ("stack", _NOT_THERE, "no part of a report"),
        ("verdict", ["safe"], "no part of a report"),
        ("fingerprint", _NOT_THERE, "no part of a report"),
        ("is_let_through", _NOT_THERE, "no part of a report"),
    ],
)
def test_what_is_no_report_is_said(key: str, value: object, problem: str) -> None:
    content = json.loads(report("dev"))
    place = content if key in ("version", "commit", "stacks") else content["stacks"][0]
    del place[key]
    if value is not _NOT_THERE:
        place[key] = value
    with pytest.raises(UserError, match=f"preview-diff of Run 50 .*{URL}.*is of no use: .*{problem}"):
        composed(previews(json.dumps(content).encode()))


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b"\xff", b"{", b"[" * 200_000, b"9" * 5000])
def test_what_is_no_object_is_said(text: bytes) -> None:
    with pytest.raises(UserError, match=r"it is no report\.json"):
        composed(previews(text))


def test_what_is_not_used_here_is_checked_where_it_is_deployed(tmp_path: Path) -> None:
    content = json.loads(report("dev"))
    content["stacks"][0]["messages"] = ["\ud800"]
    text, _ = composed(previews(json.dumps(content).encode()))
    with pytest.raises(UserError, match=r"no report\.json of this version"):
        fingerprints(text, tmp_path, "dev")


def test_a_zip_is_asked_for_the_one_file() -> None:
    assert report_in(zip_of({"report.md": b"text", "report.json": b"{}", "report.html": b""}), "It") == b"{}"
    assert report_in(zip_of({"../report.json": b"{}", "x/report.json": b"{}", "/report.json": b"{}"}), "It") is None


def test_what_is_no_zip_is_said() -> None:
    good = zip_of({"report.json": b"some text that is long enough to be packed" * 9})
    # In the packed content, behind the header and the name.
    damaged = good[:45] + b"\xff\xff\xff" + good[48:]
    encrypted = bytearray(good)
    encrypted[6] |= 1
    encrypted[good.rindex(b"PK\x01\x02") + 8] |= 1
    for content in (b"", b"no zip", good[:-5], damaged, bytes(encrypted)):
        with pytest.raises(UserError, match=r"^It is no zip that can be read"):
            report_in(content, "It")


def test_what_unpacks_to_too_much_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    assert report_in(zip_of({"report.json": b" " * 1000}), "It") == b" " * 1000
    packed = zip_of({"report.json": b" " * 1_000_000})
    assert len(packed) < 2000
    with pytest.raises(UserError, match=re.escape("It has a report.json of more than the 1,000 bytes")):
        report_in(packed, "It")
    # One that says of itself to be small has no more than it says.
    size = zipfile.ZipFile(io.BytesIO(packed)).getinfo("report.json").file_size.to_bytes(4, "little")
    with pytest.raises(UserError, match="no zip that can be read"):
        report_in(packed.replace(size, (10).to_bytes(4, "little")), "It")
