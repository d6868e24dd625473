"""The reference of all settings in docs/configuration.md, written from the models.

`python -m environment.reference` brings the table up to date; a test fails while it is not.
"""

import json
from pathlib import Path

from environment.schema import Leaf, SettingsSchema
from environment.settings import EnvironmentSettings

BEGIN = "<!-- The table is written by `python -m environment.reference`. -->\n"
END = "<!-- End of the table. -->\n"

DOCUMENT = Path(__file__).parent.parent / "docs" / "configuration.md"


def render_reference() -> str:
    """A Markdown table with a line for every setting."""
    schema = SettingsSchema(EnvironmentSettings)
    lines = ["| key | allowed | default | meaning |", "| --- | --- | --- | --- |"]
    for leaf in schema.leaves():
        cells = (f"`{_key(leaf)}`", schema.describe(leaf.node), _default(leaf), leaf.node.get("description", ""))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def with_reference(document: str) -> str:
    """The document with the table between its marks brought up to date."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{render_reference()}\n{END}{after}"


def _key(leaf: Leaf) -> str:
    return ".".join(leaf.keys).replace(".[]", "[]")


def _default(leaf: Leaf) -> str:
    if leaf.required:
        return "needed"
    if leaf.default == "":
        return "empty"
    return f"`{leaf.default if isinstance(leaf.default, str) else json.dumps(leaf.default)}`"


if __name__ == "__main__":
    DOCUMENT.write_text(with_reference(DOCUMENT.read_text()))
