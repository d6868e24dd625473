"""Running `pulumi preview` so that the engine's event log is there afterwards, and read into the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from command_line.pulumi_runner import Pulumi, messages
from operations.preview.model.change import Change, Diagnostic, Severity
from operations.preview.model.events import LogError, read_log
from operations.stacks import PROJECT

BUILD = PROJECT / "build" / "preview"
GATE_IS_CLOSED = 3
"""The exit code of a command that the gate stops."""


@dataclass(frozen=True)
class Engine:
    """Previews of one program; `folder` is where its Pulumi.yaml is, and `logs` where event logs are written."""

    folder: Path
    environment: Mapping[str, str]
    logs: Path

    def preview(self, stack: str, name: str, *options: str) -> Change:
        """What `pulumi up` of the stack would change; its log is called by `name`.

        A preview that fails is a change that has failed, with what the engine said: it is reported as any other.
        """
        log = self.logs / f"{name}.jsonl"
        log.unlink(missing_ok=True)
        # Without it the engine has no `--event-log`.
        pulumi = Pulumi(self.folder, {**self.environment, "PULUMI_DEBUG_COMMANDS": "true"})
        done = pulumi.attempt("preview", "--stack", stack, "--event-log", str(log), *options)
        change = _read(stack, log)
        if done.returncode == 0:
            return change
        said = change.diagnostics or (Diagnostic(Severity.ERROR, messages(done)),)
        return replace(change, diagnostics=said, succeeded=False)


def _read(stack: str, log: Path) -> Change:
    try:
        with log.open(encoding="utf-8") as lines:
            return read_log(stack, lines)
    except FileNotFoundError:
        # It never came so far: its message says why.
        return Change(stack, complete=False, succeeded=False)
    except LogError as error:
        return Change(stack, (), (Diagnostic(Severity.ERROR, str(error)),), complete=False, succeeded=False)


def logs_folder(build: Path) -> Path:
    """Where the event logs go: readable by nobody else, since they hold what the stack's settings say."""
    folder = build / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def stacks_in(given: str) -> Sequence[str]:
    """The stacks of `STACK=dev,staging`, each once, in that order."""
    return [*dict.fromkeys(name for part in given.split(",") if (name := part.strip()))]
