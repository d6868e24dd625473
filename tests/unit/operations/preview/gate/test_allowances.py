"""What is allowed, and what no longer fits."""

from datetime import date
from pathlib import Path

import pytest

from command_line.errors import UserError
from operations.preview.gate.allowances import Allowance, closing, judged, read_allowances
from operations.preview.gate.dangers import Danger, DangerKind
from operations.preview.report.build import build
from operations.preview.report.document import Report, Verdict
from tests.unit.operations.preview.engine_log import change_of, component, state, step, urn_of

REDIS = component("RedisCluster", "redis")
URN = urn_of("Secret", "a")
TODAY = date(2026, 11, 26)
LOST = Danger(DangerKind.DELETED, URN, "Secret webtier/a is deleted.")


def _allowance(danger: DangerKind = DangerKind.DELETED, urn: str = URN, until: date = TODAY) -> Allowance:
    return Allowance(urn=urn, danger=danger, reason="nobody reads it any more", author="jane", until=until)


def test_what_is_allowed_does_not_close_the_gate() -> None:
    (found,) = judged("prod", [LOST], [_allowance()], TODAY)
    assert found.allowance == "nobody reads it any more (jane, until 2026-11-26)"
    assert closing([found]) == []


@pytest.mark.parametrize(
    "other",
    [_allowance(DangerKind.REPLACED), _allowance(urn=urn_of("Secret", "b")), _allowance(until=date(2026, 11, 25))],
    ids=["another danger", "another resource", "yesterday"],
)
def test_nothing_else_is_allowed_by_it(other: Allowance) -> None:
    found = list(judged("prod", [LOST], [other], TODAY))
    assert not any(each.allowance for each in found)
    assert found[0].kind is DangerKind.DELETED


def test_an_allowance_of_what_does_not_happen_closes_the_gate() -> None:
    (found,) = judged("prod", [], [_allowance()], TODAY)
    assert (found.kind, found.urn) == (DangerKind.ALLOWANCE, URN)
    assert closing([found]) == [found]


def test_an_allowance_of_another_stack_says_nothing_here() -> None:
    assert list(judged("dev", [], [_allowance()], TODAY)) == []


def test_the_report_says_whether_it_is_let_through() -> None:
    change = change_of(step("delete", "Secret", "a", old=state("Secret", "a")))
    shut = build(change, "its state", None, today=TODAY)
    assert (shut.verdict, shut.is_let_through) == (Verdict.DESTRUCTIVE, False)
    opened = build(change, "its state", None, allowances=[_allowance()], today=TODAY)
    assert (opened.verdict, opened.is_let_through) == (Verdict.DESTRUCTIVE, True)
    assert not Report((shut, opened)).is_let_through


def test_a_failed_preview_can_not_be_allowed() -> None:
    change = change_of(step("delete", "Secret", "a", old=state("Secret", "a")), result="failed")
    made = build(change, "its state", None, allowances=[_allowance()], today=TODAY)
    assert not made.is_let_through


@pytest.mark.parametrize("danger", [DangerKind.INCOMPLETE, DangerKind.REFUSED, DangerKind.ALLOWANCE])
def test_what_is_no_danger_of_a_resource_can_not_be_allowed(danger: DangerKind) -> None:
    with pytest.raises(ValueError, match="nothing else can be allowed"):
        _allowance(danger)


def test_fewer_shards_are_a_danger_of_their_own() -> None:
    kept = state("StatefulSet", "redis-shard-0", REDIS)
    gone = state("StatefulSet", "redis-shard-1", REDIS)
    events = [
        step("same", "StatefulSet", "redis-shard-0", parent=REDIS, old=kept, new=kept),
        step("delete", "StatefulSet", "redis-shard-1", parent=REDIS, old=gone),
    ]
    found = build(change_of(*events), "its state", None).dangers
    assert [(each.kind, each.urn) for each in found][1:] == [(DangerKind.FEWER_SHARDS, REDIS)]


ENTRY = f"""
- urn: {URN}
  danger: deleted
  reason: nobody reads it any more
  author: jane
  until: 2026-11-26
"""


def test_the_file(tmp_path: Path) -> None:
    file = tmp_path / "allowances.yaml"
    assert read_allowances(file) == []
    file.write_text("# none\n")
    assert read_allowances(file) == []
    file.write_text(ENTRY)
    assert read_allowances(file) == [_allowance()]
    file.write_text(ENTRY.replace("2026-11-26", "'2026-11-26'"))
    assert read_allowances(file) == [_allowance()]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("danger: deleted", "danger: gone", "danger: Input should be 'deleted', 'replaced'"),
        ("danger: deleted", "danger: incomplete", "nothing else can be allowed"),
        ("2026-11-26", "soon", "a date such as 2026-01-31"),
        ("2026-11-26", "1795000000", "a date such as 2026-01-31"),
        ("  author: jane\n", "", "entry 1, author: Field required"),
        ("reason: nobody reads it any more", "reason: ok", "at least 10 characters"),
        (URN, "secret/a", "entry 1, urn"),
        ("author", "autor", "entry 1, autor: Extra inputs are not permitted"),
        ("- urn", "urn", "can't be read"),
        (ENTRY, "allow: all", "is no list"),
        (ENTRY, "- all", "entry 1, the whole"),
        (ENTRY, "- [", "can't be read"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    file = tmp_path / "allowances.yaml"
    file.write_text(ENTRY.replace(old, new, 1))
    with pytest.raises(UserError) as refused:
        read_allowances(file)
    assert said in str(refused.value)
    assert "allowances.yaml" in str(refused.value)
