"""What differs is said by the names of lists' items, and nothing is said that is the same."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.preview.model.differences import Difference, differences
from operations.preview.model.paths import format_path
from operations.preview.model.values import Opaque, Value

ABSENT = Opaque.ABSENT


def told(old: Value, new: Value) -> list[tuple[str, Value, Value]]:
    return [(format_path(each.path), each.old, each.new) for each in differences(old, new)]


def env(**variables: str) -> dict[str, Any]:
    return {"env": [{"name": name, "value": value} for name, value in variables.items()]}


def test_a_variable_put_first_is_one_addition() -> None:
    assert told(env(B="1", C="2"), env(A="0", B="1", C="2")) == [("env[A]", ABSENT, {"name": "A", "value": "0"})]


def test_a_changed_item_is_told_by_its_name() -> None:
    assert told(env(A="0", B="1"), env(A="0", B="2")) == [("env[B].value", "1", "2")]


def test_another_order_is_one_difference() -> None:
    assert told(env(A="0", B="1"), env(B="1", A="0")) == [("env[order]", ["A", "B"], ["B", "A"])]


def test_ports_of_one_number_are_told_apart_by_protocol() -> None:
    old: Value = [{"port": 53, "protocol": "UDP", "x": 1}, {"port": 53, "protocol": "TCP", "x": 1}]
    new: Value = [{"port": 53, "protocol": "UDP", "x": 1}, {"port": 53, "protocol": "TCP", "x": 2}]
    assert told(old, new) == [("[53 TCP].x", 1, 2)]


def test_items_without_a_name_are_compared_by_likeness() -> None:
    assert told(["a", "b", "c"], ["b", "c", "d"]) == [("[0]", "a", ABSENT), ("[2]", ABSENT, "d")]


@pytest.mark.parametrize(("old", "new"), [(True, 1), (0, False), ("1", 1), (None, ABSENT), (Opaque.SECRET, ABSENT)])
def test_values_of_another_kind_differ(old: Value, new: Value) -> None:
    assert list(differences(old, new)) == [Difference((), old, new)]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["name", "port", "x", "y"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES, VALUES)
def test_only_what_is_the_same_has_no_difference(old: Value, new: Value) -> None:
    assert list(differences(old, old)) == []
    assert (list(differences(old, new)) == []) is (repr(old) == repr(new) or _same(old, new))


def _same(old: Any, new: Any) -> bool:
    if type(old) is not type(new):
        return False
    match old:
        case dict():
            before = cast("dict[str, Any]", old)
            return before.keys() == new.keys() and all(_same(before[name], new[name]) for name in before)
        case list():
            items = cast("list[Any]", old)
            return len(items) == len(new) and all(map(_same, items, new))
        case _:
            return bool(old == new)


@pytest.mark.parametrize(("old", "new"), [(Opaque.SECRET, "x"), (Opaque.SECRET, {"x": "y"})])
def test_what_stands_where_a_secret_was_is_not_told(old: Value, new: Value) -> None:
    assert list(differences(old, new)) == [Difference((), Opaque.SECRET, Opaque.PLAIN)]
    assert list(differences(new, old)) == [Difference((), Opaque.PLAIN, Opaque.SECRET)]
