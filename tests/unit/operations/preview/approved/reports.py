"""Reports as previews leave them, of a change of one field in each stack."""

from dataclasses import replace

from operations.preview.report.as_json import as_json
from operations.preview.report.build import build
from operations.preview.report.document import Report
from tests.unit.operations.preview.engine_log import change_of, changed

COMMIT, HEAD, CHECKED_OUT = "c" * 40, "a" * 40, "d" * 40
"""What is deployed, the last commit of the pull request, and what its preview has checked out."""


def report(*stacks: str, replicas: int = 2, ends: bool = True, commit: str = CHECKED_OUT) -> bytes:
    """A change to this number of replicas; the preview has failed if it did not come to its end."""
    change = change_of(
        changed("Deployment", "a", {"spec": {"replicas": 1}}, {"spec": {"replicas": replicas}}), ends=ends
    )
    parts = tuple(build(replace(change, stack=stack), "its state", None) for stack in stacks)
    return as_json(Report(parts, commit=commit, base="ba5e")).encode()
