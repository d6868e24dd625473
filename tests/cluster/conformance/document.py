"""The table in docs/conformance.md, written from the cases.

`python -m tests.cluster.conformance.document` brings it up to date; a test fails while it is not.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from environment.settings.reference import key_of, markdown_table, with_table
from environment.settings.schema import SettingsSchema
from tests.cluster.conformance.case import Shown
from tests.cluster.conformance.harness.stack import CHAPTERS

DOCUMENT = Path(__file__).parents[3] / "docs" / "conformance.md"
BEGIN = "<!-- The table is written by `python -m tests.cluster.conformance.document`. -->\n"


def fields_of_rules() -> list[str]:
    """Every field of rules and hosts that has no further ones below it, as docs/path-rules.md calls it."""
    keys = [key_of(leaf) for leaf in SettingsSchema().leaves()]
    own = [key for key in keys if key.startswith(("routes[].", "hosts.<name>."))]
    return [key for key in own if not any(other.startswith(f"{key}.") for other in own)]


def shown_by_field() -> Mapping[str, Sequence[Shown]]:
    """What names each field, in the order of the chapters."""
    found: dict[str, list[Shown]] = {}
    for chapter in CHAPTERS.values():
        for shown in chapter.all_cases:
            for field in shown.fields:
                found.setdefault(field, []).append(shown)
    return found


def with_cases(document: str) -> str:
    """The document with its table brought up to date."""
    by_field = shown_by_field()
    rows = (
        (f"`{field}`", str(len(by_field[field])), "; ".join(dict.fromkeys(shown.shows for shown in by_field[field])))
        for field in [*fields_of_rules(), "routes[].rewrite"]
    )
    return with_table(document, markdown_table(("field", "cases", "what is shown"), rows), BEGIN)


if __name__ == "__main__":
    DOCUMENT.write_text(with_cases(DOCUMENT.read_text()))
