"""How a command ends: what a user can mend is a paragraph and exit code 1, never a stack trace."""

import sys
from collections.abc import Callable

from command_line.errors import UserError
from command_line.subprocesses import CommandError


def run_command(command: Callable[[], int | None], again: str) -> int:
    """Run a command to its exit code; `again` is what the user runs to go on after an interruption."""
    try:
        return command() or 0
    except UserError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except CommandError as problem:
        print(f"error: {problem}\n\nRun `{again}` again: it goes on where this stopped.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nInterrupted. `{again}` goes on where this stopped.", file=sys.stderr)
        return 130
