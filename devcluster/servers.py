"""The servers' programs on this machine, for tests that start them as processes: `python -m devcluster.servers NAME…`.

Each server is the root file system of its image, kept in the cache, with scripts that run its programs with the root's
own libraries: they see this machine's files, and a test may end them like any process.
"""

import argparse
import platform
import sys
from pathlib import Path

from command_line.files import delete_others
from command_line.paths import Paths
from command_line.subprocesses import CommandError
from devcluster.images.recipe import Job
from devcluster.images.redis import SERVERS, Server
from devcluster.images.workspace import partial_folder, put_in_place

_SCRIPT = """\
#!/bin/sh
exec '{linker}' --argv0 "$0" --library-path '{libraries}' '{program}' "$@"
"""


def programs(server: Server, paths: Paths) -> Path:
    """The folder that holds `redis-server`, `redis-cli` and their like, or `valkey-*`, once the server is made."""
    return _folder(server, paths) / "bin"


def make(server: Server, paths: Paths) -> None:
    """Make the server if it is not there, all or nothing. Raises CommandError or OSError where that can't be done."""
    destination = _folder(server, paths)
    if destination.exists():
        return
    with partial_folder(destination) as folder:
        server.recipe.build(Job(folder / "root", {}, destination.with_name(f"{server.name}.log")))
        made = folder / "made"
        made.mkdir()
        (folder / "root").rename(made / "root")
        _write_scripts(server, made, destination)
        put_in_place(made, destination)
    delete_others(destination, f"{server.name}-{'[0-9a-f]' * 16}")


def _folder(server: Server, paths: Paths) -> Path:
    return paths.cache / "tools" / "servers" / f"{server.name}-{server.recipe.key({})}"


def _write_scripts(server: Server, made: Path, final: Path) -> None:
    (linker,) = (made / "root").glob("usr/lib*/ld-linux-*.so.*")
    (libraries,) = (made / "root/usr/lib").glob(f"{platform.machine()}-linux-gnu")
    (made / "bin").mkdir()
    for program in sorted((made / "root/usr/bin").glob(f"{server.kind}-*")):
        places = {"linker": linker, "libraries": libraries, "program": program}
        script = made / "bin" / program.name
        script.write_text(_SCRIPT.format(**{name: final / place.relative_to(made) for name, place in places.items()}))
        script.chmod(0o755)


def main() -> int:
    parser = argparse.ArgumentParser(prog="devcluster.servers", description=__doc__)
    parser.add_argument("servers", nargs="+", choices=[*SERVERS], metavar="NAME", help=", ".join(SERVERS))
    failed = False
    for name in parser.parse_args().servers:
        try:
            make(SERVERS[name], Paths.from_environment())
        except (CommandError, OSError) as error:
            failed = True
            print(f"{name} can't be made on this machine: {error}", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
