"""What a deployment is refused for."""

from datetime import date
from pathlib import Path

import pytest

from command_line.errors import UserError
from operations.preview.gate.allowances import Allowance
from operations.preview.gate.dangers import DangerKind
from operations.preview.gate.deployment import refusals, reviewed_change
from operations.preview.gate.fingerprint import fingerprint
from operations.preview.report.as_json import as_json
from operations.preview.report.build import build
from operations.preview.report.document import Report
from tests.unit.operations.preview.engine_log import STACK, change_of, changed, state, step, urn_of

TODAY = date(2026, 11, 26)
ALLOWED = Allowance(
    urn=urn_of("Secret", "a"),
    danger=DangerKind.DELETED,
    reason="nobody reads it any more",
    author="jane",
    until=TODAY,
)
LOST = change_of(step("delete", "Secret", "a", old=state("Secret", "a")))
SCALED = change_of(changed("Deployment", "a", {"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}))


def test_what_is_dangerous_is_refused_unless_it_is_allowed() -> None:
    (said,) = refusals(LOST, [], None, TODAY)
    assert said == f"deleted: Secret webtier/a is deleted. ({urn_of('Secret', 'a')})"
    assert list(refusals(LOST, [ALLOWED], None, TODAY)) == []
    assert list(refusals(LOST, [], fingerprint(LOST), TODAY)) == [said]


def test_what_was_not_reviewed_is_refused_also_where_it_is_allowed() -> None:
    assert list(refusals(LOST, [ALLOWED], {}, TODAY)) == [f"not reviewed: {urn_of('Secret', 'a')}: delete"]
    assert list(refusals(SCALED, [], fingerprint(SCALED), TODAY)) == []
    assert len(list(refusals(SCALED, [], fingerprint(LOST), TODAY))) == 2


def test_a_deployment_that_is_run_again_has_nothing_to_do() -> None:
    assert list(refusals(change_of(), [ALLOWED], fingerprint(LOST), TODAY)) == []


def test_a_change_that_is_not_known_is_refused() -> None:
    (said,) = refusals(change_of(ends=False), [], None, TODAY)
    assert said.startswith("incomplete: ")


def test_a_report_is_a_reviewed_change(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(as_json(Report((build(SCALED, "its state", None, today=TODAY),))))
    assert reviewed_change(file, STACK) == fingerprint(SCALED)
    with pytest.raises(UserError, match=f"no preview of the stack 'dev'; it has: {STACK}"):
        reviewed_change(file, "dev")
    file.write_text(file.read_text().replace('"version": 1', '"version": 99'))
    with pytest.raises(UserError, match="version 99"):
        reviewed_change(file, STACK)


def test_another_file_is_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="can't be read"):
        reviewed_change(tmp_path / "none.json", STACK)
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(UserError, match="of this version of webtier"):
        reviewed_change(tmp_path / "other.json", STACK)
