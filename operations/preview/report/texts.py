"""Values and texts as people read them, the same in every form of the report."""

import json
from difflib import unified_diff

from operations.preview.model.differences import Difference
from operations.preview.model.values import Opaque, Value, plain

LONGEST = 120
"""Characters of a value that are shown beside another on one line."""
_LONGEST_LINE = 400
_MOST_LINES = 60
_AROUND = 30
"""Characters that are shown before and after a changed part of a long text."""


def one_line(value: Value) -> str:
    """The value on one line, cut with its length where it is long."""
    if isinstance(value, Opaque):
        return str(plain(value))
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
    """`3 → 5`, or `3 (default) → 5`; for a secret only that it changed."""
    old, new = difference.old, difference.new
    if old is Opaque.SECRET and new is Opaque.SECRET:
        return "changed (a secret)"
    default = "" if difference.default is Opaque.ABSENT else f"{one_line(difference.default)} (default)"
    if old is Opaque.ABSENT:
        return f"{default} → {one_line(new)}" if default else f"+ {one_line(new)}"
    if new is Opaque.ABSENT:
        return f"{one_line(old)} → {default}" if default else f"- {one_line(old)}"
    if isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) > LONGEST:
        old, new = _around(old, new), _around(new, old)
    return f"{one_line(old)} → {one_line(new)}"


def _around(text: str, other: str) -> str:
    """The part of a long text that is not as in the other, with some characters around it."""
    same = _equal_at_start(text, other)
    # What both begin with is not counted once more as what both end with.
    same_at_end = _equal_at_start(text[same:][::-1], other[same:][::-1])
    start, stop = max(same - _AROUND, 0), len(text) - max(same_at_end - _AROUND, 0)
    return f"{'…' if start else ''}{text[start:stop]}{'…' if stop < len(text) else ''}"


def _equal_at_start(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((position for position, (a, b) in pairs if a != b), min(len(one), len(other)))
