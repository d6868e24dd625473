"""`python -m devcluster up|down|status`: the embedded cluster alone, without the tier on it."""

import argparse
import sys
from collections.abc import Callable, Sequence

from command_line.console import run_command
from command_line.progress import Progress
from devcluster.images import ON_DEMAND
from devcluster.paths import ClusterPaths
from devcluster.status import report
from devcluster.up import down, up


def _up(images: Sequence[str]) -> None:
    progress = Progress()
    up(ClusterPaths.from_environment(), progress, images)
    print(progress.summary())


_COMMANDS: dict[str, Callable[[Sequence[str]], None]] = {
    "up": _up,
    "down": lambda _: down(ClusterPaths.from_environment(), Progress()),
    "status": lambda _: print(report(ClusterPaths.from_environment())),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="devcluster", description=__doc__)
    parser.add_argument("command", choices=_COMMANDS)
    parser.add_argument("--image", action="append", default=[], choices=ON_DEMAND, help="for `up`: one on demand")
    arguments = parser.parse_args()
    command: str = arguments.command
    return run_command(lambda: _COMMANDS[command](arguments.image), f"python -m devcluster {command}")


if __name__ == "__main__":
    sys.exit(main())
