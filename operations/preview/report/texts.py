"""Values and texts as people read them, the same in every form of the report."""

import json
from collections.abc import Callable
from difflib import unified_diff

from operations.preview.model.differences import Difference
from operations.preview.model.values import Opaque, Value, plain

LONGEST = 120
"""Characters of a value that are shown beside another on one line."""
_SHORT = 40
"""The same where there is little room, as in a table."""
_LONGEST_LINE = 400
_MOST_LINES = 60
_AROUND = 30
"""Characters that are shown before and after a changed part of a long text."""


def of_kind(count: int, kind: str) -> str:
    """`1 Ingress`, `6 PersistentVolumeClaims`."""
    return f"{count} {kind if count == 1 else plural(kind)}"


def plural(word: str) -> str:
    """Of a kind of objects, or of another English word: `Ingresses`, `NetworkPolicies`, `Gateways`."""
    if word.endswith(("s", "x", "ch")):
        return word if word == "Endpoints" else f"{word}es"
    return f"{word[:-1]}ies" if word.endswith("y") and word[-2:-1] not in "aeiou" else f"{word}s"


def one_line(value: Value) -> str:
    """The value on one line, cut with its length where it is long."""
    text = _whole_line(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 20]}… ({len(text)} characters)"


def _whole_line(value: Value) -> str:
    if isinstance(value, Opaque):
        return str(plain(value))
    text = value if isinstance(value, str) and value else json.dumps(plain(value), ensure_ascii=False)
    return json.dumps(text, ensure_ascii=False) if "\n" in text else text


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
    if isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) > LONGEST:
        old, new = _around(old, new), _around(new, old)
    return _sides(old, new, difference.default, one_line)


def short_old_and_new(difference: Difference) -> str:
    """The same with values of at most 40 characters: their middle is left out, or else what both have."""
    old, new = difference.old, difference.new
    before, after = _whole_line(old), _whole_line(new)
    if before == after or Opaque.ABSENT in (old, new) or _short(old) != _short(new):
        return _sides(old, new, difference.default, _short)
    # The middle was all the difference.
    old, new = _around(before, after, _SHORT // 4), _around(after, before, _SHORT // 4)
    return _sides(old, new, difference.default, _short)


def without_middle(text: str, most: int = _SHORT) -> str:
    """At most so many characters of a text: its beginning and its end."""
    return text if len(text) <= most else f"{text[: most // 2]}…{text[1 - most // 2 :]}"


def _short(value: Value) -> str:
    return without_middle(_whole_line(value))


def _sides(old: Value, new: Value, default: Value, said: Callable[[Value], str]) -> str:
    """`default` stands in for the side that does not have the setting, where one is known."""
    if old is Opaque.SECRET and new is Opaque.SECRET:
        return "changed (a secret)"
    instead = "" if default is Opaque.ABSENT else f"{said(default)} (default)"
    if old is Opaque.ABSENT:
        return f"{instead} → {said(new)}" if instead else f"+ {said(new)}"
    if new is Opaque.ABSENT:
        return f"{said(old)} → {instead}" if instead else f"- {said(old)}"
    return f"{said(old)} → {said(new)}"


def _around(text: str, other: str, around: int = _AROUND) -> str:
    """The part of a long text that is not as in the other, with some characters around it."""
    same = _equal_at_start(text, other)
    # What both begin with is not counted once more as what both end with.
    same_at_end = _equal_at_start(text[same:][::-1], other[same:][::-1])
    start, stop = max(same - around, 0), len(text) - max(same_at_end - around, 0)
    return f"{'…' if start else ''}{text[start:stop]}{'…' if stop < len(text) else ''}"


def _equal_at_start(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((position for position, (a, b) in pairs if a != b), min(len(one), len(other)))
