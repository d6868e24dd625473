"""Running `pulumi preview`, and reading the engine's event log into the model while it is written."""

import os
import tempfile
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from command_line.pulumi_runner import Pulumi, messages
from operations.preview.model.change import Change, Diagnostic, Severity
from operations.preview.model.events import LogError, read_log
from operations.stacks import PROJECT

BUILD = PROJECT / "build" / "preview"
GATE_IS_CLOSED = 3
"""The exit code of a command that the gate stops."""
_END = "\n\n"


@dataclass(frozen=True)
class Engine:
    """Previews of one program; `folder` is where its Pulumi.yaml is."""

    folder: Path
    environment: Mapping[str, str]

    def preview(self, stack: str, *options: str) -> Change:
        """What `pulumi up` of the stack would change.

        A preview that fails is a change that has failed, with what the engine said: it is reported as any other.
        """
        # Without it the engine has no `--event-log`.
        pulumi = Pulumi(self.folder, {**self.environment, "PULUMI_DEBUG_COMMANDS": "true"})
        with event_log() as log:
            done = pulumi.attempt("preview", "--stack", stack, "--event-log", str(log.file), *options)
        change = log.change(stack)
        if done.returncode == 0:
            return change
        said = change.diagnostics or (Diagnostic(Severity.ERROR, messages(done)),)
        return replace(change, diagnostics=said, succeeded=False)


class EventLog:
    """The engine writes to `file`, a pipe; whose lines there are at the end of the `with`."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lines: list[str] = []

    def change(self, stack: str) -> Change:
        """What the log tells; an empty one is of an engine that never came so far, and its message says why."""
        if not self._lines:
            return Change(stack, complete=False, succeeded=False)
        try:
            return read_log(stack, self._lines)
        except LogError as error:
            return Change(stack, (), (Diagnostic(Severity.ERROR, str(error)),), complete=False, succeeded=False)

    def read(self, pipe: int) -> None:
        """Reads to the end that `event_log` writes when the engine has ended."""
        with open(pipe, encoding="utf-8", errors="replace", closefd=False) as lines:
            for line in lines:
                if line == "\n":
                    return
                self._lines.append(line)


@contextmanager
def event_log() -> Generator[EventLog]:
    """Nothing of it is ever on a disk: among its messages for debugging the engine writes secrets in plain text."""
    with tempfile.TemporaryDirectory(prefix="webtier-preview-") as folder:
        log = EventLog(Path(folder) / "events")
        os.mkfifo(log.file, 0o600)
        # Open for both, so that neither side waits for the other to begin, or takes a pause for the end.
        pipe = os.open(log.file, os.O_RDWR)
        reader = threading.Thread(target=log.read, args=(pipe,), daemon=True)
        reader.start()
        try:
            yield log
        finally:
            os.write(pipe, _END.encode())
            reader.join()
            os.close(pipe)


def stacks_in(given: str) -> Sequence[str]:
    """The stacks of `STACK=dev,staging`, each once, in that order."""
    return [*dict.fromkeys(name for part in given.split(",") if (name := part.strip()))]
