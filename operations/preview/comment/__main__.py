"""`python -m operations.preview.comment FOLDER --parts=diff,dev,prod`: write the reports in a folder as one comment.

For a job that has no other task, since it has a token that may write: it needs no packages, and runs none of the code
that is previewed.
"""

import argparse
import os
import sys
from pathlib import Path

from command_line.console import run_command
from operations.preview.comment.body import Run, parts_in
from operations.preview.comment.conversation import conversation, write


def comment(folder: Path, parts: str, run: Run, url: str) -> None:
    """The comment of this run. What is not in the folder is said to be missing. UserError if the API refuses it."""
    names = [*dict.fromkeys(name for each in parts.split(",") if (name := each.strip()))]
    print(write(conversation(), parts_in(folder, names), run, url))


def main() -> int:
    """Read the command line, and comment."""
    parser = argparse.ArgumentParser(prog="operations.preview.comment")
    parser.add_argument("folder", type=Path, help="with the reports as `preview-PART/report.md`")
    parser.add_argument("--parts", required=True, help="`diff` and stacks, with commas between, in their order")
    parser.add_argument("--run", type=int, required=True, help="the number of this run, counted up")
    parser.add_argument("--attempt", type=int, default=1, help="of this run")
    parser.add_argument("--url", default=os.environ.get("WEBTIER_RUN", ""), help="where the run is seen")
    given = parser.parse_args()
    run = Run(given.run, given.attempt)
    return run_command(lambda: comment(given.folder, given.parts, run, given.url), "the job")


if __name__ == "__main__":
    sys.exit(main())
