"""`python -m devcluster up|down|status`: the embedded cluster alone, without the tier on it."""

import argparse
import sys

from command_line.console import run_command
from command_line.progress import Progress
from devcluster.paths import ClusterPaths
from devcluster.status import report
from devcluster.up import down, up


def _up() -> None:
    progress = Progress()
    up(ClusterPaths.from_environment(), progress)
    print(progress.summary())


_COMMANDS = {
    "up": _up,
    "down": lambda: down(ClusterPaths.from_environment(), Progress()),
    "status": lambda: print(report(ClusterPaths.from_environment())),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="devcluster", description=__doc__)
    parser.add_argument("command", choices=_COMMANDS)
    command = parser.parse_args().command
    return run_command(_COMMANDS[command], f"python -m devcluster {command}")


if __name__ == "__main__":
    sys.exit(main())
