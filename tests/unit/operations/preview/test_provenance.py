"""Which setting makes which fields differ, by previews with one of them alone."""

from collections.abc import Mapping
from typing import Any

from operations.preview.model.change import Change
from operations.preview.model.paths import format_path
from operations.preview.provenance import Cause, Sides, causes
from operations.preview.settings_file import changed_settings
from tests.unit.operations.preview.engine_log import change_of, changed, state, step, urn_of

BEFORE = b"config: {webtier:a: 1, webtier:b: 1}"
A, B = (BEFORE.replace(f"{name}: 1".encode(), f"{name}: 2".encode()) for name in "ab")
AFTER = A.replace(b"b: 1", b"b: 2")
SERVICE = urn_of("Service", "x")


def _fields(**fields: Any) -> Any:
    return changed("Service", "x", dict.fromkeys(fields, 1), fields)


def _causes(
    change: Change, previews: Mapping[bytes, Change], after: bytes = AFTER, *, code: bool = False, **others: Any
) -> list[Cause]:
    asked: list[bytes] = []

    def preview(settings: bytes) -> Change:
        asked.append(settings)
        # What is written anew has other spaces.
        return next(each for key, each in previews.items() if list(changed_settings(key, settings)) == [])

    sides = Sides(BEFORE, after, list(changed_settings(BEFORE, after)), code_differs=code)
    found = list(causes(change, others.get("pending"), sides, preview))
    assert len(asked) == len(previews)
    return found


def test_one_setting_is_the_cause_of_all() -> None:
    assert _causes(change_of(_fields(p=2)), {}, A) == [Cause("a", {SERVICE: ("p",)})]


def test_without_a_changed_setting_it_is_the_code() -> None:
    assert _causes(change_of(_fields(p=2)), {}, BEFORE, code=True) == [Cause("the code", {SERVICE: ("p",)})]


def test_code_and_a_setting_are_told_apart() -> None:
    change = change_of(_fields(p=2, q=2))
    assert _causes(change, {BEFORE: change_of(_fields(q=2))}, A, code=True) == [
        Cause("a", {SERVICE: ("p",)}),
        Cause("the code", {SERVICE: ("q",)}),
    ]


def test_each_setting_has_its_own_and_some_work_together() -> None:
    gone = step("delete", "Secret", "y", old=state("Secret", "y"))
    change = change_of(_fields(p=2, q=2, r=2), gone)
    found = _causes(change, {A: change_of(_fields(p=2), gone), B: change_of(_fields(q=2))})
    assert found == [
        Cause("a", {SERVICE: ("p",), urn_of("Secret", "y"): ()}),
        Cause("b", {SERVICE: ("q",)}),
        Cause("several settings together", {SERVICE: ("r",)}),
    ]


def test_what_is_pending_has_no_cause_here() -> None:
    assert _causes(change_of(_fields(p=2, q=2)), {}, A, pending=change_of(_fields(q=2))) == [
        Cause("a", {SERVICE: ("p",)})
    ]


def test_a_setting_that_is_wrong_without_another_works_with_it() -> None:
    failed = change_of(result="failed")
    found = _causes(change_of(_fields(p=2)), {A: failed, B: change_of()})
    assert found == [Cause("several settings together", {SERVICE: ("p",)})]


def test_where_the_code_alone_can_not_be_previewed_nothing_is_said() -> None:
    assert _causes(change_of(_fields(p=2)), {BEFORE: change_of(result="failed")}, A, code=True) == []


def test_paths_are_those_of_the_settings() -> None:
    (difference,) = changed_settings(BEFORE, A)
    assert format_path(difference.path) == "a"
