"""Running other programs: one way to call them, one way to tell what went wrong."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class CommandError(Exception):
    """A program failed. The message holds the command, its exit code and the end of what it printed."""

    def __init__(self, command: Sequence[str], code: int, output: str) -> None:
        tail = "\n".join(output.strip().splitlines()[-20:])
        super().__init__(f"`{' '.join(command)}` ended with exit code {code}:\n{tail}")
        self.code = code
        self.output = output


def run(
    command: Sequence[str],
    *,
    input: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float | None = None,
) -> str:
    """What a program writes to standard output until it ends. CommandError if it fails; `timeout` is in seconds."""
    done = subprocess.run(
        command,
        input=input,
        env=env,
        cwd=cwd,
        timeout=timeout,
        text=True,
        capture_output=True,
        stdin=None if input is not None else subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0:
        raise CommandError(command, done.returncode, done.stderr or done.stdout)
    return done.stdout


def succeeds(command: Sequence[str], *, env: Mapping[str, str] | None = None, timeout: float | None = None) -> bool:
    try:
        run(command, env=env, timeout=timeout)
    except (CommandError, FileNotFoundError, subprocess.TimeoutExpired):
        return False
    return True
