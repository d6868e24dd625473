"""Which server the tests start: Debian's redis-server, or the one that the environment names.

SERVER is a name of `devcluster.servers`, whose programs have to be in the cache; REDIS_SERVER is the path of any other
server, whose tools lie beside it.
"""

import atexit
import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from command_line.paths import Paths
from devcluster.images.redis import SERVERS
from devcluster.servers import programs
from webtier.redis_cluster.agent.start.aof import find_fault_in_report
from webtier.redis_cluster.pod.lifecycle import CHECK
from webtier.redis_common.conf import DATA_FOLDER
from webtier.redis_common.container import KIND


def find_redis_server() -> str:
    """The server's path; the test is skipped where there is none."""
    name = os.environ.get("SERVER")
    if name:
        server = SERVERS[name]
        made = programs(server, Paths.from_environment()) / f"{server.kind}-server"
        if not made.exists():
            pytest.skip(f"{name} is not made: `python -m devcluster.servers {name}` makes it or says why it can't be")
        return str(made)
    found = os.environ.get("REDIS_SERVER") or shutil.which("redis-server")
    if not found:
        pytest.skip("redis-server is neither on PATH nor named by REDIS_SERVER")
    return found


def find_tool(tool: str) -> str:
    """The path of a program of the same server: `cli`, `check-aof` or `check-rdb`."""
    server = Path(find_redis_server())
    found = server.with_name(f"{server.name.removesuffix('server')}{tool}")
    if not found.exists():
        pytest.skip(f"{found.name} is not beside {server}")
    return str(found)


def only_its_programs() -> dict[str, str]:
    """The environment of a script that finds the server's own programs on PATH, and no other server's."""
    return {**os.environ, "PATH": os.pathsep.join([str(Path(find_redis_server()).parent), _other_programs()])}


def check_data(folder: Path, appendonly: bool = True) -> str | None:
    """What the agent finds in the report of the start script's check of a volume."""
    script = f"{KIND}{CHECK}check redis-check-{'aof' if appendonly else 'rdb'}\n"
    done = subprocess.run(
        ["/bin/sh", "-c", script.replace(DATA_FOLDER, str(folder))],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        errors="replace",
        check=False,
        env=only_its_programs(),
    )
    return find_fault_in_report(folder, done.returncode, done.stdout)


@functools.cache
def _other_programs() -> str:
    """Those that the scripts use, in a folder of their own: this machine may have a redis-server beside them."""
    folder = tempfile.TemporaryDirectory(prefix="webtier-programs-")
    atexit.register(folder.cleanup)
    for program in ("mv", "rm", "sh", "sleep", "yes"):
        Path(folder.name, program).symlink_to(shutil.which(program) or "/nowhere")
    return folder.name
