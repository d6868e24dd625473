"""`python -m operations.config STACK`: every setting of a stack and where it comes from, without a cluster.

With `--against OTHER` only how the settings of the two differ.
"""

import argparse
import sys
from collections.abc import Sequence

from command_line import pulumi_installation
from command_line.console import run_command
from command_line.errors import UserError
from command_line.paths import Paths
from command_line.progress import Progress
from operations.config.comparison import compare
from operations.config.effective import Effective, effective
from operations.config.tables import all_settings, differences
from operations.scratch_stack import scratch_stack
from operations.stacks import check_known, settings_file


def read(stacks: Sequence[str]) -> list[Effective]:
    """The settings of each stack. UserError with the whole report when any is wrong."""
    paths = Paths.from_environment()
    environment = pulumi_installation.variables(pulumi_installation.ensure_cli(paths, Progress()), paths)
    found: list[Effective] = []
    for stack in stacks:
        file = settings_file(stack)
        with scratch_stack(stack, environment) as scratch:
            raw = scratch.read(file)
        found.append(effective(raw, file.read_bytes(), stack))
    return found


def config(stack: str, against: str) -> str:
    """The text that is printed: all settings of a stack, or how they differ from those of another."""
    check_known(stack)
    if not against:
        [found] = read([stack])
        return all_settings(found, stack)
    if against == stack:
        raise UserError(f"AGAINST is '{against}', as STACK is. Give two stacks.")
    check_known(against, "AGAINST")
    one, other = read([stack, against])
    return differences(compare(one.settings, other.settings), stack, against)


def main() -> int:
    """Read the command line, and print."""
    parser = argparse.ArgumentParser(prog="operations.config", description=__doc__)
    parser.add_argument("stack")
    parser.add_argument("--against", default="")
    given = parser.parse_args()
    return run_command(lambda: print(config(given.stack, given.against), end=""), f"make config STACK={given.stack}")


if __name__ == "__main__":
    sys.exit(main())
