"""The previews of a merged pull request on GitHub: the artifacts of its workflow's last run."""

import re
import sys

from command_line.errors import UserError
from operations.github.client import Artifact, GitHub, PullRequest, Run
from operations.preview.approved.report import MOST_BYTES, NoPullRequestError, Previews, again, report_in

WORKFLOW = "preview.yaml"
_DIFF = "preview-diff"
_OF_STACK = re.compile(r"preview-([a-z0-9][a-z0-9-]*)")


def on_github(client: GitHub, commit: str) -> Previews:
    """What is there for the last commit of the pull request that became `commit`.

    The run is known by that commit, which GitHub says of it. A report has another one: what was checked out is the
    pull request merged into its base, which exists for the run alone. UserError where there is no report.
    """
    pull = _pull_request(client, commit)
    run = _run(client, pull)
    where = f"Run {run.number} of the preview of pull request {pull.number}"
    # Of an artifact that several attempts have left, the last.
    artifacts = {each.name: each for each in sorted(client.artifacts(run.id), key=lambda each: each.id)}
    diff = _report(client, artifacts.get(_DIFF))
    if diff is None:
        left = "has an artifact that is no longer kept" if _DIFF in artifacts else "has left no report"
        raise UserError(f"{where} {left}; it is: {run.status}. {again(run.url)}")
    with_state: dict[str, bytes] = {}
    for name, artifact in artifacts.items():
        found = _OF_STACK.fullmatch(name)
        if found is None or name == _DIFF:
            continue
        report = _report(client, artifact)
        if report is None:
            print(f"{where} has left no report of {found[1]} with its state.", file=sys.stderr)
        else:
            with_state[found[1]] = report
    return Previews(where, run.url, diff, with_state)


def _pull_request(client: GitHub, commit: str) -> PullRequest:
    merged = client.merged(commit)
    # A commit can come by way of another branch: what made it a part of this one counts.
    found = [each for each in merged if each.merge_commit == commit] or merged
    if not found:
        raise NoPullRequestError(commit, "pull request")
    return max(found, key=lambda each: (each.merged_at, each.number))


def _run(client: GitHub, pull: PullRequest) -> Run:
    """The last one, at its end or not: a preview of a stack may wait for an approval that nobody gives."""
    # That two pull requests can have the same last commit does no harm: they are the same code.
    runs = client.runs(WORKFLOW, pull.head)
    if not runs:
        raise UserError(
            f"There is no run of the preview for {pull.head}, the last commit of pull request {pull.number}. "
            + again("the pull request's checks")
        )
    return max(runs, key=lambda each: each.number)


def _report(client: GitHub, artifact: Artifact | None) -> bytes | None:
    if artifact is None or artifact.is_expired:
        return None
    where = f"The artifact {artifact.name} ({artifact.id})"
    if artifact.size > MOST_BYTES:
        raise UserError(f"{where} has {artifact.size:,} bytes, and at most {MOST_BYTES:,} are taken.")
    return report_in(client.artifact(artifact.id, MOST_BYTES), where)
