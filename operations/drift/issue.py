"""`python -m operations.drift.issue STACK[,STACK…] FOLDER`: one issue on GitHub says which stacks have drifted.

It is found by a mark in its text, edited in place, and closed when no stack has drifted any more. `FOLDER` has
`drift-STACK/report.json` of each stack; of one that has none it is not known whether it has drifted, which the issue
says too.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from command_line.console import run_command
from operations.drift.document import SCHEMA_VERSION, DriftReport, StackDrift
from operations.drift.forms import markdown
from operations.github.client import LONGEST_BODY, GitHub, find_marked
from operations.preview.engine import stacks_in

MARK = "<!-- webtier drift -->"
_ABOUT = (
    "What is in the clusters, compared with what `pulumi up` left there (`make drift`, docs/drift.md). This text is "
    "written anew each time; the issue is closed when there is no drift."
)
_LIMIT = LONGEST_BODY - len(MARK) - len(_ABOUT) - 100


def write_issue(github: GitHub, report: DriftReport) -> str:
    """Open, edit or close the issue, and say in a sentence what was done. UserError where GitHub refuses it."""
    open_ones = find_marked(github.open_issues(), MARK)
    title, body = _title(report), f"{MARK}\n{_ABOUT}\n\n{markdown(report, _LIMIT)}"
    is_over = not _concerned(report)
    if not open_ones:
        return "No drift, and no issue about any." if is_over else f"Opened issue {github.create_issue(title, body)}."
    kept, *others = open_ones
    github.update_issue(kept.id, title, body, close=is_over)
    for each in others:
        # Two runs at once can have opened one each.
        github.update_issue(each.id, title, f"{MARK}\nSee #{kept.id}.\n", close=True)
    return f"{'Closed' if is_over else 'Edited'} issue {kept.id}."


def gather(stacks: Sequence[str], folder: Path, time: str, run: str) -> DriftReport:
    """The reports of all stacks as one."""
    return DriftReport(version=SCHEMA_VERSION, time=time, run=run, stacks=[_read(each, folder) for each in stacks])


def _read(stack: str, folder: Path) -> StackDrift:
    file = folder / f"drift-{stack}" / "report.json"
    try:
        report = DriftReport.model_validate_json(file.read_bytes())
    except OSError:
        return StackDrift(stack=stack, failure="Live objects and state could not be compared: the run says why.")
    except ValidationError:
        return StackDrift(stack=stack, failure="Its report is not one of this version of webtier.")
    found = [each for each in report.stacks if each.stack == stack]
    return found[0] if found else StackDrift(stack=stack, failure="Its report is about other stacks.")


def _concerned(report: DriftReport) -> list[StackDrift]:
    return [each for each in report.stacks if each.has_drifted or each.failure]


def _title(report: DriftReport) -> str:
    drifted = [each.stack for each in report.stacks if each.has_drifted]
    unknown = [each.stack for each in report.stacks if each.failure]
    parts = [f"Drift in {', '.join(drifted)}"] if drifted else []
    parts += [f"{'drift' if parts else 'Drift'} not known of {', '.join(unknown)}"] if unknown else []
    return "; ".join(parts) or "No drift"


def main() -> int:
    """Read the command line and the environment of a workflow, and write the issue."""
    parser = argparse.ArgumentParser(prog="operations.drift.issue")
    parser.add_argument("stacks", type=stacks_in)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()

    def write() -> None:
        time, run = datetime.now(UTC).isoformat(timespec="seconds"), os.environ.get("WEBTIER_RUN", "")
        print(write_issue(GitHub.from_environment(), gather(given.stacks, given.folder, time, run)))

    return run_command(write, "make drift-issue")


if __name__ == "__main__":
    sys.exit(main())
