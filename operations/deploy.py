"""`python -m operations.deploy STACK`: `pulumi up` of a stack for a pipeline, without questions and through the gate.

The change is computed first. It is refused, with exit code 3 and before anything is sent, where data or its protection
would go and `allowances.yaml` does not allow it, or where it has more than the reviewed report that `--approved` names.
"""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from command_line import pulumi_installation
from command_line.console import run_command
from command_line.errors import UserError
from command_line.paths import Paths
from command_line.progress import Progress
from command_line.pulumi_runner import Pulumi
from operations.drift.beside_change import beside
from operations.locks import refuse_if_locked
from operations.preview.comparison import compare, drift_of_live_objects
from operations.preview.engine import GATE_IS_CLOSED
from operations.preview.gate.allowances import read_allowances
from operations.preview.gate.deployment import refusals, reviewed_change
from operations.preview.report.build import build
from operations.preview.report.document import Report
from operations.preview.report.terminal import terminal
from operations.stacks import PROJECT, check_known, names_a_backend

_TOLD = "yes"


def deploy(stack: str, approved: str = "", unreviewed: str = "") -> int:
    """Run `pulumi up` against the backend that the environment names, and return the engine's exit code.

    `approved` is a `report.json` of the change as it was reviewed; it is not read, and need not be there, where
    `unreviewed` is `yes`, which deploys what it does not have too. Raises UserError for an unknown stack, where another
    deployment of it has the lock, for a report that is of no use, and where no backend is named: a deployment whose
    state is thrown away could never be changed again.
    """
    check_known(stack)
    if not names_a_backend(os.environ):
        raise UserError(
            "No backend is given. Set PULUMI_BACKEND_URL (s3://…, azblob://…, gs://…, file://…) or "
            "PULUMI_ACCESS_TOKEN to say where the state of the stack is kept."
        )
    if unreviewed not in ("", _TOLD):
        raise UserError(
            f"UNREVIEWED is '{unreviewed}'; it is '{_TOLD}' to deploy what was not reviewed too, or not set."
        )
    reviewed = reviewed_change(Path(approved), stack) if approved and not unreviewed else None
    allowances, today = read_allowances(), datetime.now(UTC).date()
    refuse_if_locked(os.environ.get("PULUMI_BACKEND_URL", ""), stack)
    paths, progress = Paths.from_environment(), Progress()
    environment = pulumi_installation.variables(pulumi_installation.ensure(paths, progress), paths)
    with progress.part(f"preview of {stack}"):
        compared, drifted = compare(stack, None, environment), drift_of_live_objects(stack, environment)
    drift = None if drifted is None else beside(compared.change, drifted)
    report = build(compared.change, compared.against, None, allowances=allowances, today=today, drift=drift)
    print(f"\n{terminal(Report((report,)))}")
    reasons = list(refusals(compared.change, allowances, reviewed, today))
    if reasons:
        lines = "\n".join(f"  {each}" for each in reasons)
        print(f"Nothing was deployed: the gate is closed (docs/preview.md).\n{lines}", file=sys.stderr)
        return GATE_IS_CLOSED
    if reviewed is None:
        why = f"UNREVIEWED is {_TOLD}" if unreviewed else "there is no APPROVED"
        print(f"Not compared with what was reviewed ({why}): this goes by allowances.yaml alone.", file=sys.stderr)
    return Pulumi(PROJECT, environment).show("up", "--stack", stack, "--yes", "--skip-preview")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="operations.deploy")
    parser.add_argument("--approved", default="", help="the report.json of the change as it was reviewed")
    parser.add_argument("--unreviewed", default="", help="`yes`: deploy what was not reviewed too")
    parser.add_argument("stack")
    given = parser.parse_args()
    command = f"make deploy STACK={given.stack}"
    sys.exit(run_command(lambda: deploy(given.stack, given.approved, given.unreviewed), command))
