"""Values and texts as people read them, the same in every form of the report."""

import json
from collections.abc import Mapping, Sequence
from difflib import unified_diff
from typing import cast

from operations.preview.model.differences import Difference
from operations.preview.model.values import Opaque, Value

LONGEST = 120
"""Characters of a value that are shown beside another on one line."""
_LONGEST_LINE = 400
_MOST_LINES = 60
_OPAQUE = {
    Opaque.SECRET: "a secret",
    Opaque.UNKNOWN: "known once it is there",
    Opaque.ABSENT: "not set",
    Opaque.PLAIN: "no secret",
}


def plain(value: Value) -> object:
    """The value as JSON has it, with words in brackets for what is not to be shown."""
    if isinstance(value, Opaque):
        return f"({_OPAQUE[value]})"
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in sorted(cast("Mapping[str, Value]", value).items())}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(each) for each in value]
    return value


def one_line(value: Value) -> str:
    """The value on one line, cut with its length where it is long."""
    if isinstance(value, Opaque):
        return f"({_OPAQUE[value]})"
    text = value if isinstance(value, str) and value else json.dumps(plain(value), ensure_ascii=False)
    text = json.dumps(text, ensure_ascii=False) if "\n" in text else text
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 20]}… ({len(text)} characters)"


def is_text(value: Value) -> bool:
    """Whether the value is a text of several lines, whose lines are compared."""
    return isinstance(value, str) and "\n" in value.strip("\n")


def changed_lines(difference: Difference) -> list[str] | None:
    """For a text of several lines: its changed lines, begun with '-' and '+', among two of those around each.

    None where old and new say all on one line each.
    """
    old, new = difference.old, difference.new
    if not (is_text(old) or is_text(new)):
        return None
    if Opaque.SECRET in (old, new):
        return None
    before, after = (value.splitlines() if isinstance(value, str) else [] for value in (old, new))
    lines = [line for line in unified_diff(before, after, n=2, lineterm="") if not line.startswith(("---", "+++"))]
    shown = [line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…" for line in lines[:_MOST_LINES]]
    return [*shown, f"… {len(lines) - _MOST_LINES} more lines"] if len(lines) > _MOST_LINES else shown


def old_and_new(difference: Difference) -> str:
    """`3 → 5`; for a secret only that it changed."""
    old, new = difference.old, difference.new
    if old is Opaque.SECRET and new is Opaque.SECRET:
        return "changed (a secret)"
    if old is Opaque.ABSENT:
        return f"+ {one_line(new)}"
    if new is Opaque.ABSENT:
        return f"- {one_line(old)}"
    return f"{one_line(old)} → {one_line(new)}"
