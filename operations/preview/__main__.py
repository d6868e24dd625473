"""`python -m operations.preview STACK[,STACK…]`: what `pulumi up` would change, in a terminal and as reports.

Where a backend is given (PULUMI_BACKEND_URL or PULUMI_ACCESS_TOKEN), a stack is compared with its own state. Elsewhere,
in a fork's pull request for instance, it is compared with an empty state in a folder that is removed afterwards, with a
placeholder for every encrypted value and for a password that the settings don't have: everything shows as created, and
every setting is still checked. `--base REVISION` also says which settings differ from those of that revision.

Exit code: 0, or 3 where data or its protection would go, or what would change is not known.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from command_line import pulumi_installation
from command_line.console import run_command
from command_line.errors import UserError
from command_line.paths import Paths
from command_line.progress import Progress
from environment.guard.cluster_ownership import WITHOUT_CLUSTER
from operations.preview.engine import Engine, logs_folder, stacks_in
from operations.preview.forecast.answers import changed_answers
from operations.preview.model.differences import Difference
from operations.preview.report.as_json import as_json
from operations.preview.report.build import build
from operations.preview.report.document import Report, StackReport, Verdict
from operations.preview.report.html import html
from operations.preview.report.markdown import markdown
from operations.preview.report.terminal import terminal
from operations.preview.settings_file import changed_settings
from operations.routes import rules_in
from operations.scratch_stack import PLACEHOLDER, scratch_stack
from operations.stacks import LOCAL, PROJECT, check_known, names_a_backend, settings_file

BUILD = PROJECT / "build" / "preview"
GATE_IS_CLOSED = 3
_OF_RULES = frozenset({"routes", "hosts", "default_backend", "routing"})
"""The settings that say how requests are answered."""
_FORMS = {"md": markdown, "json": as_json, "html": html}


@dataclass(frozen=True)
class _Prepared:
    """How the engine previews one stack."""

    environment: Mapping[str, str]
    options: Sequence[str]
    against: str


def preview(stacks: Sequence[str], base: str) -> int:
    """Print the short form, write all others to `build/preview/`, and return the exit code.

    Raises UserError for a stack without a settings file, or a base that git does not know.
    """
    for stack in stacks:
        check_known(stack)
    if not stacks:
        raise UserError("STACK names no stack. Give one, or several with commas between: STACK=dev,staging.")
    commit = _commit(base) if base else ""
    paths, progress = Paths.from_environment(), Progress()
    engine = pulumi_installation.ensure(paths, progress)
    environment = pulumi_installation.variables(engine, paths)
    logs = logs_folder(BUILD)
    for name in _FORMS:
        # A report of before must not be taken for one of this run.
        (BUILD / f"report.{name}").unlink(missing_ok=True)
    reports: list[StackReport] = []
    for stack in stacks:
        with _prepared(stack, environment) as ready, progress.part(f"preview of {stack}"):
            change = Engine(PROJECT, ready.environment, logs).preview(stack, stack, *ready.options)
        compared = _compared(commit, stack, environment) if commit else _Compared()
        reports.append(build(change, ready.against, compared.settings, compared.answers))
    report = Report(
        tuple(reports),
        commit=_commit("HEAD"),
        base=base,
        run=os.environ.get("WEBTIER_RUN", ""),
        time=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    _write(report)
    sys.stdout.write(f"\n{terminal(report)}\nThe whole: {BUILD / 'report.html'}\n")
    return GATE_IS_CLOSED if report.verdict in (Verdict.DESTRUCTIVE, Verdict.FAILED) else 0


@dataclass(frozen=True)
class _Compared:
    """What differs from a base: settings, and the answers of rules; None where there is no base."""

    settings: Sequence[Difference] | None = None
    answers: Sequence[str] = ()


def _compared(commit: str, stack: str, environment: Mapping[str, str]) -> _Compared:
    before, after = _settings_at(commit, stack), settings_file(stack)
    settings = list(changed_settings(before, after.read_bytes()))
    if before is None or not any(each.path[0] in _OF_RULES for each in settings):
        return _Compared(settings)
    with scratch_stack(stack, environment) as scratch:
        earlier = scratch.folder / "base" / after.name
        earlier.parent.mkdir()
        earlier.write_bytes(before)
        try:
            old, new = (rules_in(scratch.read(file), stack) for file in (earlier, after))
        except UserError:
            # What is wrong in the new file the preview has said, and an old one that is wrong has no rules.
            return _Compared(settings)
    return _Compared(settings, [str(each) for each in changed_answers(old, new)])


def _write(report: Report) -> None:
    for name, form in _FORMS.items():
        (BUILD / f"report.{name}").write_text(form(report), encoding="utf-8")


@contextmanager
def _prepared(stack: str, environment: Mapping[str, str]) -> Generator[_Prepared]:
    if stack == LOCAL and (of_local := _environment_of_local()):
        yield _Prepared({**environment, **of_local}, [], "its state")
        return
    if names_a_backend(os.environ):
        yield _Prepared(environment, [], "its state")
        return
    with scratch_stack(stack, environment) as scratch:
        settings = scratch.hand_over(settings_file(stack), needs_password=True)
        password_file = scratch.folder / "redis-password"
        password_file.write_text(PLACEHOLDER)
        of_no_machine = {
            "WEBTIER_KUBECONFIG": str(scratch.folder / "no-cluster"),
            WITHOUT_CLUSTER: "true",
            "WEBTIER_REDIS_PASSWORD_FILE": str(password_file),
        }
        against = "an empty state, with placeholders for secrets: no backend is given (PULUMI_BACKEND_URL)"
        yield _Prepared({**scratch.environment, **of_no_machine}, ["--config-file", str(settings)], against)


def _environment_of_local() -> Mapping[str, str]:
    """Where the state of the stack `local` and its cluster are; nothing before the first `make up`."""
    # Of all stacks this one alone is on the embedded cluster: previews of the others go without that package.
    from operations.local import LocalStack

    local = LocalStack.from_environment()
    return local.environment() if local.is_prepared() else {}


def _git(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *words], cwd=PROJECT, capture_output=True, check=False)


def _commit(revision: str) -> str:
    found = _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if found.returncode == 0:
        return found.stdout.decode().strip()
    if revision == "HEAD":
        # An unpacked archive has no history.
        return ""
    raise UserError(f"BASE is '{revision}', which is no revision that git knows here. Fetch it, or give another.")


def _settings_at(commit: str, stack: str) -> bytes | None:
    shown = _git("show", f"{commit}:./{settings_file(stack).name}")
    return shown.stdout if shown.returncode == 0 else None


def main() -> int:
    """Read the command line, and preview."""
    parser = argparse.ArgumentParser(prog="operations.preview")
    parser.add_argument("--base", default="", help="a git revision whose settings these are compared with")
    parser.add_argument("stacks", type=stacks_in)
    given = parser.parse_args()
    return run_command(lambda: preview(given.stacks, given.base), f"make preview STACK={','.join(given.stacks)}")


if __name__ == "__main__":
    sys.exit(main())
