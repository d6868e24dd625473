"""`python -m operations.preview.approved COMMIT FILE`: the report that was reviewed, for `make deploy APPROVED=FILE`.

COMMIT is one of the branch that is deployed. The previews of the pull request that has brought it there become one
report of all stacks. It needs no packages: `make deploy` checks all of the report, and this what it puts together.
"""

import argparse
import os
import re
import sys
from pathlib import Path

from command_line.console import run_command
from command_line.errors import UserError
from operations.github.client import GitHub
from operations.gitlab.client import GitLab
from operations.preview.approved.on_github import on_github
from operations.preview.approved.on_gitlab import on_gitlab
from operations.preview.approved.report import NoPullRequestError, composed

_TOLD = "yes"
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def approve(commit: str, file: Path, unreviewed: str = "") -> None:
    """Write the report of the pull request that has brought a commit into its branch.

    UserError where there is none. With `unreviewed`, which is `yes`, a commit without a pull request is no error, and
    nothing is written.
    """
    if not _COMMIT.fullmatch(commit):
        raise UserError(f"The commit is '{commit}', and must be the whole name of one: 40 digits from 0 to f.")
    if unreviewed not in ("", _TOLD):
        raise UserError(
            f"DEPLOY_UNREVIEWED is '{unreviewed}'; it is '{_TOLD}' to deploy what has no pull request, or not set."
        )
    # One of before must not be taken for this one's.
    file.unlink(missing_ok=True)
    try:
        previews = (
            on_gitlab(GitLab.from_environment(), commit)
            if os.environ.get("GITLAB_CI")
            else on_github(GitHub.from_environment(), commit)
        )
    except NoPullRequestError as none:
        if not unreviewed:
            raise
        print(f"{none}\nDEPLOY_UNREVIEWED is set: it is deployed without a review.")
        return
    text, lines = composed(previews)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    print("\n".join((f"{previews.where} ({previews.url}) is what was reviewed.", *lines)))


def main() -> int:
    """Read the command line, and find the report."""
    parser = argparse.ArgumentParser(prog="operations.preview.approved")
    parser.add_argument("--unreviewed", default="", help="`yes`: a commit without a pull request is no error")
    parser.add_argument("commit")
    parser.add_argument("file", type=Path, help="what is written")
    given = parser.parse_args()
    return run_command(lambda: approve(given.commit, given.file, given.unreviewed), "the job")


if __name__ == "__main__":
    sys.exit(main())
