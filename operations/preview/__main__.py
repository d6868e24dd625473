"""`python -m operations.preview STACK[,STACK…]`: what `pulumi up` would change, in a terminal and as reports.

Where a backend is given (PULUMI_BACKEND_URL or PULUMI_ACCESS_TOKEN), a stack is compared with its own state. With
`--base REVISION` settings are compared too, and what the program of that revision would change as well is told apart.

Without a backend, in a fork's pull request for instance, a stack is compared with what the program of the base plans,
or without a base with an empty state, in a folder that is removed afterwards, with a placeholder for every encrypted
value and for a password that the settings don't have.

Exit code: 0, or 3 where the gate is closed: data or its protection would go and `allowances.yaml` does not allow it, or
what would change is not known.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from command_line import pulumi_installation
from command_line.console import run_command
from command_line.errors import UserError
from command_line.paths import Paths
from command_line.progress import Progress
from operations.drift.beside_change import beside
from operations.preview.base import Base, commit_of
from operations.preview.comparison import compare, drift_of_live_objects
from operations.preview.engine import BUILD, GATE_IS_CLOSED, stacks_in
from operations.preview.forecast.answers import ChangedAnswer, changed_answers
from operations.preview.gate.allowances import read_allowances
from operations.preview.model.differences import Difference
from operations.preview.report.as_json import as_json
from operations.preview.report.build import build
from operations.preview.report.document import Report, StackReport
from operations.preview.report.html import html
from operations.preview.report.markdown import markdown
from operations.preview.report.terminal import terminal
from operations.preview.settings_file import changed_settings
from operations.routes import rules_in
from operations.scratch_stack import scratch_stack
from operations.stacks import check_known, settings_file

_OF_RULES = frozenset({"routes", "hosts", "default_backend", "routing"})
"""The settings that say how requests are answered."""
_FORMS = {"md": markdown, "json": as_json, "html": html}


def preview(stacks: Sequence[str], base: str) -> int:
    """Print the short form, write all others to `build/preview/`, and return the exit code.

    Raises UserError for a stack without a settings file, or a base that git does not know.
    """
    for stack in stacks:
        check_known(stack)
    if not stacks:
        raise UserError("STACK names no stack. Give one, or several with commas between: STACK=dev,staging.")
    earlier, allowances = Base.of(base) if base else None, read_allowances()
    paths, progress = Paths.from_environment(), Progress()
    engine = pulumi_installation.ensure(paths, progress)
    environment = pulumi_installation.variables(engine, paths)
    BUILD.mkdir(parents=True, exist_ok=True)
    for name in _FORMS:
        # A report of before must not be taken for one of this run.
        (BUILD / f"report.{name}").unlink(missing_ok=True)
    reports: list[StackReport] = []
    for stack in stacks:
        with progress.part(f"preview of {stack}"):
            with ThreadPoolExecutor(max_workers=1) as pool:
                # It is mostly waiting, for the cluster; the other is the engine's work.
                looking = pool.submit(drift_of_live_objects, stack, environment)
                compared = compare(stack, earlier, environment)
            drifted = looking.result()
            settings, answers = None, list[ChangedAnswer]()
            if earlier is not None:
                changed = changed_settings(earlier.settings(stack), settings_file(stack).read_bytes())
                settings = compared.secrets.hide_in_differences(changed)
                answers = _answers(earlier, stack, settings, environment)
        reports.append(
            build(
                compared.change,
                compared.against,
                settings,
                answers,
                pending=compared.pending,
                causes=compared.causes,
                of_base=compared.of_base,
                allowances=allowances,
                drift=None if drifted is None else beside(compared.change, drifted),
            )
        )
    report = Report(
        tuple(reports),
        commit=commit_of("HEAD"),
        base=base,
        base_commit="" if earlier is None else earlier.commit,
        run=os.environ.get("WEBTIER_RUN", ""),
        time=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    _write(report)
    sys.stdout.write(f"\n{terminal(report)}\nThe whole: {BUILD / 'report.html'}\n")
    return 0 if report.is_let_through else GATE_IS_CLOSED


def _answers(
    base: Base, stack: str, settings: Sequence[Difference], environment: Mapping[str, str]
) -> list[ChangedAnswer]:
    before, after = base.settings(stack), settings_file(stack)
    if before is None or not any(each.path[0] in _OF_RULES for each in settings):
        return []
    with scratch_stack(stack, environment) as scratch:
        earlier = scratch.folder / "base" / after.name
        earlier.parent.mkdir()
        earlier.write_bytes(before)
        try:
            old, new = (rules_in(scratch.read(file), stack) for file in (earlier, after))
        except UserError:
            # What is wrong in the new file the preview has said, and an old one that is wrong has no rules.
            return []
    return list(changed_answers(old, new))


def _write(report: Report) -> None:
    for name, form in _FORMS.items():
        (BUILD / f"report.{name}").write_text(form(report), encoding="utf-8")


def main() -> int:
    """Read the command line, and preview."""
    parser = argparse.ArgumentParser(prog="operations.preview")
    parser.add_argument("--base", default="", help="a git revision whose settings these are compared with")
    parser.add_argument("stacks", type=stacks_in)
    given = parser.parse_args()
    return run_command(lambda: preview(given.stacks, given.base), f"make preview STACK={','.join(given.stacks)}")


if __name__ == "__main__":
    sys.exit(main())
