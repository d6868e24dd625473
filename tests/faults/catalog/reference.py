"""`python -m tests.faults.catalog.reference` writes the tables of docs/faults.md.

The list of faults comes from the registry, and a test fails while it is not up to date. The results come from
build/faults.md, as the last `make faults` has left it; without that file the table stays as it is.
"""

import json
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
    if not results.exists():
        return document
    document = _replaced(document, SWITCHES_BEGIN, render_switches())
    return _replaced(document, RESULTS_BEGIN, results.read_text())


def render_switches() -> str:
    """A row for each fault that was tried without a feature."""
    lines = ["| left out | what that means | fault | what it then said |", "| --- | --- | --- | --- |"]
    for name, switch in SWITCHES.items():
        file = without_file(name)
        records: list[dict[str, Any]] = json.loads(file.read_text()) if file.exists() else []
        said = {record["name"]: "; ".join(record["complaints"]) or "passed" for record in records}
        lines += [
            f"| `{name}` | {switch.what} | `{fault}` | {_cell(said.get(fault, 'not tried'))} |"
            for fault in switch.faults
        ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")[:300]


def _replaced(document: str, begin: str, text: str) -> str:
    before, mark, rest = document.partition(begin)
    assert mark, f"{DOCUMENT.name} has no line '{begin.strip()}'"
    return f"{before}{begin}\n{text}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text()))
