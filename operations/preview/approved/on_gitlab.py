"""The previews of a merged merge request on GitLab: what the jobs of its last pipeline have left."""

import sys

from command_line.errors import UserError
from operations.gitlab.client import GitLab, Job, MergeRequest, Pipeline
from operations.preview.approved.report import MOST_BYTES, REPORT, NoPullRequestError, Previews, again

_JOB = "preview"
_OF_STACK = "preview:"


def on_gitlab(client: GitLab, commit: str) -> Previews:
    """What is there for the last pipeline of the merge request that became `commit`. UserError where there is none."""
    request = _merge_request(client, commit)
    pipeline = _pipeline(client, request)
    where = f"Pipeline {pipeline.id} of merge request {request.number}"
    job = _named(client.jobs(pipeline.id))
    diff = job and client.artifact(job.id, _path("diff"), MOST_BYTES)
    if not diff:
        status = job.status if job else "not there"
        raise UserError(f"{where} has no report, or no longer; its job `{_JOB}` is: {status}. {again(pipeline.url)}")
    with_state: dict[str, bytes] = {}
    for trigger in client.triggers(pipeline.id):
        if not trigger.name.startswith(_OF_STACK) or not trigger.child:
            continue
        stack = trigger.name.removeprefix(_OF_STACK)
        own = _named(client.jobs(trigger.child))
        report = own and client.artifact(own.id, _path(stack), MOST_BYTES)
        if report:
            with_state[stack] = report
        else:
            print(f"{where} has left no report of {stack} with its state.", file=sys.stderr)
    return Previews(where, pipeline.url, diff, with_state, pipeline.commit)


def _merge_request(client: GitLab, commit: str) -> MergeRequest:
    merged = client.merged(commit)
    # A commit can come by way of another branch: what made it a part of this one counts.
    found = [each for each in merged if commit in each.commits] or merged
    if not found:
        raise NoPullRequestError(commit, "merge request")
    return max(found, key=lambda each: (each.merged_at, each.number))


def _pipeline(client: GitLab, request: MergeRequest) -> Pipeline:
    pipeline = client.pipeline(request.number)
    if pipeline is None:
        raise UserError(f"Merge request {request.number} has no pipeline, so no preview. {again('the merge request')}")
    # Of a fork's project the pipeline is what the fork says.
    if not pipeline.ref.startswith(f"refs/merge-requests/{request.number}/"):
        raise UserError(
            f"The last pipeline of merge request {request.number} ({pipeline.url}) is of '{pipeline.ref}', and not one "
            "that this project has run for it. " + again("the merge request")
        )
    return pipeline


def _named(jobs: list[Job]) -> Job | None:
    return max((each for each in jobs if each.name == _JOB), key=lambda each: each.id, default=None)


def _path(part: str) -> str:
    return f"build/reports/preview-{part}/{REPORT}"
