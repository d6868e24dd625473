"""The reference of all settings in docs/configuration.md, and of rules in docs/path-rules.md, written from the models.

`python -m environment.settings.reference` brings the tables up to date; a test fails while they are not.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from environment.settings.schema import Leaf, SettingsSchema
from webtier.path_rules.registry.all_options import HOSTS, RULES
from webtier.path_rules.registry.option import HttpRoute, Option, RefusedByGateway, annotation_names

BEGIN = "<!-- The table is written by `python -m environment.settings.reference`. -->\n"
END = "<!-- End of the table. -->\n"

LONGEST_DEFAULT = 1000

_DOCS = Path(__file__).parents[2] / "docs"
_SCHEMA = SettingsSchema()
_OF_RULES, _OF_HOSTS = "routes[].", "hosts.<name>."


def render_reference() -> str:
    """A Markdown table with a line for every setting but those within rules and hosts."""
    leaves = (leaf for leaf in _SCHEMA.leaves() if not key_of(leaf).startswith((_OF_RULES, _OF_HOSTS)))
    return markdown_table(("key", "allowed", "default", "meaning"), (_cells(leaf) for leaf in leaves))


def render_rule_reference() -> str:
    """A Markdown table with a line for every field of rules and hosts, and what it becomes."""
    options: dict[str, Option[Any]] = {
        **{_OF_RULES + field.key: field.option for field in RULES.declared},
        **{_OF_HOSTS + field.key: field.option for field in HOSTS.declared},
    }
    rows = [(*_cells(leaf), *_becomes(options[key_of(leaf)])) for leaf in _SCHEMA.leaves() if key_of(leaf) in options]
    head = ("field", "allowed", "default", "meaning", "annotation of ingress-nginx", "in an HTTPRoute")
    return markdown_table(head, rows)


DOCUMENTS: dict[Path, Callable[[], str]] = {
    _DOCS / "configuration.md": render_reference,
    _DOCS / "path-rules.md": render_rule_reference,
}
"""The documents with a table between the marks, and how it is made."""


def with_table(document: str, table: str, begin: str = BEGIN) -> str:
    """The document with the table between its marks brought up to date."""
    before, _, rest = document.partition(begin)
    _, _, after = rest.partition(END)
    return f"{before}{begin}\n{table}\n{END}{after}"


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with these cells."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _cells(leaf: Leaf) -> tuple[str, str, str, str]:
    return f"`{key_of(leaf)}`", _SCHEMA.describe(leaf.node), _default(leaf), leaf.node.get("description", "")


def _becomes(option: Option[Any]) -> tuple[str, str]:
    annotations = ", ".join(f"`{name}`" for name in annotation_names(option))
    match option.http_route:
        case HttpRoute(part=part):
            return annotations, part if " " in part else f"`{part}`"
        case RefusedByGateway(why=why):
            return annotations, f"refused: {why}"
        case None:
            return annotations, "refused"


def key_of(leaf: Leaf) -> str:
    """As the tables call a setting: `routes[].path`."""
    return ".".join(leaf.keys).replace(".[]", "[]")


def _default(leaf: Leaf) -> str:
    if leaf.required:
        return "needed"
    if leaf.default == "":
        return "empty"
    text = leaf.default if isinstance(leaf.default, str) else json.dumps(leaf.default)
    # A whole group, each of whose keys has a line of its own.
    return f"`{text}`" if len(text) <= LONGEST_DEFAULT else "that of its keys"


if __name__ == "__main__":
    for document, render in DOCUMENTS.items():
        document.write_text(with_table(document.read_text(), render()))
