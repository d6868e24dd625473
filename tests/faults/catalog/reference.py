"""`python -m tests.faults.catalog.reference` writes the tables of docs/faults.md.

The list of faults comes from the registry, and a test fails while it is not up to date. The results come from
build/faults.md and the files of features left out, as `make faults` has left them; what was not run keeps its row.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from operations.local import PROJECT
from tests.faults.catalog.registry import FAULTS
from tests.faults.harness.report import TABLE_FILE, without_file
from tests.faults.harness.switches import SWITCHES

DOCUMENT = PROJECT / "docs" / "faults.md"
COMMAND = "`python -m tests.faults.catalog.reference`"
FAULTS_BEGIN, RESULTS_BEGIN = (
    f"<!-- The faults, written by {COMMAND}. -->\n",
    f"<!-- The results, written by {COMMAND}. -->\n",
)
SWITCHES_BEGIN = f"<!-- The features left out, written by {COMMAND}. -->\n"
END = "<!-- End of the table. -->\n"


def render_faults() -> str:
    """A Markdown table with a line for every fault."""
    lines = ["| fault | what is done | at most |", "| --- | --- | --- |"]
    for fault in FAULTS.values():
        name = f"`{fault.name}`" + (" ●" if fault.subset else " ○" if fault.long else "")
        lines.append(f"| {name} | {fault.what} | {fault.expectation} |")
    return "\n".join(lines) + "\n"


def with_tables(document: str, results: Path = TABLE_FILE) -> str:
    """The document with its tables brought up to date."""
    document = _replaced(document, FAULTS_BEGIN, render_faults())
    document = _replaced(document, SWITCHES_BEGIN, render_switches(_rows(document, SWITCHES_BEGIN), results.parent))
    if not results.exists():
        return document
    head, rows = _split(results.read_text())
    known = {_key(row): row for row in [*_rows(document, RESULTS_BEGIN), *rows]}
    order = list(FAULTS)
    kept = sorted((key for key in known if key[0] in FAULTS), key=lambda key: (key[1], order.index(key[0])))
    return _replaced(document, RESULTS_BEGIN, head + "".join(known[key] for key in kept))


def render_switches(before: Sequence[str], folder: Path) -> str:
    """A row for each fault that was tried without a feature: by the records in `folder`, else as it was `before`."""
    known = {(_cells(row)[0], _cells(row)[2]): row for row in before}
    lines = ["| left out | what that means | fault | what it then said |\n", "| --- | --- | --- | --- |\n"]
    for name, switch in SWITCHES.items():
        file = folder / without_file(name).name
        records: list[dict[str, Any]] = json.loads(file.read_text()) if file.exists() else []
        said = {record["name"]: "; ".join(record["complaints"]) or "passed" for record in records}
        for fault in switch.faults:
            row = f"| `{name}` | {switch.what} | `{fault}` | {_cell(said.get(fault, 'not tried'))} |\n"
            lines.append(row if fault in said else known.get((f"`{name}`", f"`{fault}`"), row))
    return "".join(lines)


def _split(table: str) -> tuple[str, list[str]]:
    """Its two lines at the top, and its rows."""
    lines = [line for line in table.splitlines(keepends=True) if line.startswith("|")]
    return "".join(lines[:2]), lines[2:]


def _rows(document: str, begin: str) -> list[str]:
    return _split(document.partition(begin)[2].partition(END)[0])[1]


def _key(row: str) -> tuple[str, str]:
    """The fault, and with what settings."""
    name, given, *_ = _cells(row)
    return name, given


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|\n ").split("|")]


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")[:300]


def _replaced(document: str, begin: str, text: str) -> str:
    before, mark, rest = document.partition(begin)
    assert mark, f"{DOCUMENT.name} has no line '{begin.strip()}'"
    return f"{before}{begin}\n{text}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text()))
