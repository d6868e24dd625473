"""Settings as people read them: a table of all, and one of what differs between two stacks."""

from collections import Counter
from collections.abc import Sequence

from operations.config.comparison import Comparison
from operations.config.effective import Effective, Origin, Setting

LONGEST = 100
"""Characters of a value that are shown."""


def all_settings(found: Effective, stack: str) -> str:
    """Every setting, a line each."""
    rows = [(setting.key, str(setting.origin), _shown(setting.text)) for setting in found.settings]
    count = Counter(setting.origin for setting in found.settings)
    summary = (
        f"The settings of the stack '{stack}': {count[Origin.FILE]} from Pulumi.{stack}.yaml (file), "
        f"{count[Origin.SECRET]} that are not shown (secret), {count[Origin.DEFAULT]} by default."
    )
    lines = [summary, "", *_table([("key", "from", "value"), *rows])]
    return "\n".join([*lines, *_notes(found)]) + "\n"


def differences(found: Comparison, stack: str, against: str) -> str:
    """What differs, a line each with both sides."""
    count = len(found.pairs)
    verb = "does" if count == 1 else "do"
    lines = [f"How the settings of '{stack}' and '{against}' differ: {count} {verb}, {found.alike} are alike."]
    if found.pairs:
        rows = [(pair.key, _side(pair.one), _side(pair.other)) for pair in found.pairs]
        lines += ["", *_table([("key", stack, against), *rows])]
    if found.secrets:
        lines += ["", f"Both have these secrets, which are not compared: {', '.join(found.secrets)}."]
    return "\n".join(lines) + "\n"


def _notes(found: Effective) -> list[str]:
    return ["", *found.notes] if found.notes else []


def _side(setting: Setting | None) -> str:
    return "-" if setting is None else f"{_shown(setting.text)} ({setting.origin})"


def _shown(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 20]}… ({len(text)} characters)"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
