"""Running `pulumi`: one way to call it, and its messages as plain errors."""

import os
import shlex
import signal
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from command_line.errors import UserError

_SECONDS_TO_END = 20.0


@dataclass(frozen=True)
class Pulumi:
    """The CLI as it runs in one folder; `environment` is put over this process's own and says where the engine is."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *words: str, input: str | None = None, failure: str = "") -> str:
        """Run a command to its end and return what it printed.

        Raises UserError with the engine's messages when it fails; `failure` is the sentence before them, by default
        that this command failed.
        """
        done = self.attempt(*words, input=input)
        if done.returncode != 0:
            raise UserError(f"{failure or f'`pulumi {shlex.join(words)}` failed'}: {messages(done)}")
        return done.stdout

    def attempt(
        self, *words: str, input: str | None = None, timeout: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The same for a command that may fail; `timeout` is in seconds."""
        command = ["pulumi", *words, "--non-interactive", "--color=never"]
        stdin = subprocess.DEVNULL if input is None else subprocess.PIPE
        with self._running(command, stdin, subprocess.PIPE) as process:
            printed, said = process.communicate(input, timeout)
        return subprocess.CompletedProcess(command, process.returncode, printed, said)

    def show(self, *words: str, live: bool = False) -> int:
        """Run a command that writes to where this process does, without questions; returns its exit code.

        With `live` it runs as for people: on a terminal its lines change in place.
        """
        command = ["pulumi", *words, *(() if live else ("--non-interactive",))]
        with self._running(command, None if live else subprocess.DEVNULL, None) as process:
            return process.wait()

    @contextmanager
    def _running(self, command: list[str], stdin: int | None, output: int | None) -> Generator[subprocess.Popen[str]]:
        """Where this process is to end first, the engine is interrupted, and what it has started ends with it."""
        with subprocess.Popen(
            command,
            env={**os.environ, **self.environment},
            cwd=self.folder,
            stdin=stdin,
            stdout=output,
            stderr=output,
            text=True,
            errors="replace",
        ) as process:
            try:
                yield process
            except BaseException:
                process.send_signal(signal.SIGINT)
                try:
                    process.communicate(timeout=_SECONDS_TO_END)
                except subprocess.TimeoutExpired:
                    process.kill()
                raise


def messages(done: subprocess.CompletedProcess[str]) -> str:
    """What the engine said of a failure, without its own `error: `; its exit code where it said nothing."""
    lines = [line.removeprefix("error: ") for line in done.stderr.splitlines() if line.strip()]
    return "\n".join(lines or done.stdout.splitlines() or [f"the engine ended with exit code {done.returncode}"])
