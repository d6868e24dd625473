"""`python -m devcluster up|down|status`: the embedded cluster alone, without the tier on it."""

import argparse
import sys

from devcluster.errors import UserError
from devcluster.paths import Paths
from devcluster.progress import Progress
from devcluster.run import CommandError
from devcluster.status import report
from devcluster.up import down, up


def main() -> int:
    parser = argparse.ArgumentParser(prog="devcluster", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "status"))
    command = parser.parse_args().command
    try:
        paths, progress = Paths.from_environment(), Progress()
        if command == "status":
            print(report(paths))
        elif command == "down":
            down(paths, progress)
        else:
            up(paths, progress)
            print(progress.summary())
    except UserError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except CommandError as problem:
        print(f"error: {problem}\n\nRun `make {command}` again: it goes on where this stopped.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; run it again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
