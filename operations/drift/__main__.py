"""`python -m operations.drift STACK[,STACK…]`: what was changed in the cluster since each stack's last update.

The stack's state is compared with the live objects, field by field; nothing is changed, neither there nor here. The
passphrase of the state is not needed: a secret that differs is told by who has written it.

Exit code: 0 without drift, 4 with drift, 1 where it could not be found out.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from command_line import pulumi_installation
from command_line.console import run_command
from command_line.errors import UserError
from command_line.paths import Paths
from command_line.progress import Progress
from operations.drift.document import SCHEMA_VERSION, DriftReport, StackDrift, as_json
from operations.drift.forms import markdown, terminal
from operations.drift.look import drift_of
from operations.github.client import LONGEST_BODY
from operations.preview.comparison import environment_of_state
from operations.preview.engine import stacks_in
from operations.stacks import PROJECT, check_known

BUILD = PROJECT / "build" / "drift"
HAS_DRIFTED = 4


def drift(stacks: Sequence[str], ignored: tuple[str, ...] = ()) -> int:
    """Print the short form, write `report.md` and `report.json` to `build/drift/`, and return the exit code.

    `ignored` are beginnings of names of field managers whose work is not told. UserError for a stack without a settings
    file or a state, and where its cluster does not answer.
    """
    for stack in stacks:
        check_known(stack)
    if not stacks:
        raise UserError("STACK names no stack. Give one, or several with commas between: STACK=dev,staging.")
    BUILD.mkdir(parents=True, exist_ok=True)
    for name in ("report.md", "report.json"):
        # A report of before must not be taken for one of this run.
        (BUILD / name).unlink(missing_ok=True)
    paths, progress = Paths.from_environment(), Progress()
    engine = pulumi_installation.variables(pulumi_installation.ensure_cli(paths, progress), paths)
    found: list[StackDrift] = []
    for stack in stacks:
        with progress.part(f"drift of {stack}"):
            found.append(drift_of(stack, _state_environment(stack, engine), ignored))
    report = DriftReport(
        version=SCHEMA_VERSION,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        run=os.environ.get("WEBTIER_RUN", ""),
        stacks=found,
    )
    (BUILD / "report.json").write_text(as_json(report), encoding="utf-8")
    (BUILD / "report.md").write_text(markdown(report, LONGEST_BODY), encoding="utf-8")
    sys.stdout.write(f"\n{terminal(report)}\n")
    return HAS_DRIFTED if report.has_drifted else 0


def _state_environment(stack: str, engine: Mapping[str, str]) -> Mapping[str, str]:
    own = environment_of_state(stack)
    if own is None:
        raise UserError(
            "No backend is given. Set PULUMI_BACKEND_URL (s3://…, azblob://…, gs://…, file://…) or "
            f"PULUMI_ACCESS_TOKEN to say where the state of the stack '{stack}' is kept."
        )
    return {**engine, **own}


def main() -> int:
    """Read the command line, and compare."""
    parser = argparse.ArgumentParser(prog="operations.drift")
    parser.add_argument("--ignore", default="", help="names of field managers, with commas between, that don't count")
    parser.add_argument("stacks", type=stacks_in)
    given = parser.parse_args()
    ignored = tuple(stacks_in(given.ignore))
    return run_command(lambda: drift(given.stacks, ignored), f"make drift STACK={','.join(given.stacks)}")


if __name__ == "__main__":
    sys.exit(main())
