"""`python3 -m agent run | converge`."""

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

from .console import Console
from .errors import AgentError, RefusedError
from .features import Feature
from .reconcile.converge import converge
from .reconcile.steps import Goal
from .redis.client import Connector
from .redis.topology import Topology
from .redis.users import AccessFiles, grant_access
from .sidecar import Sidecar, Times
from .start.announce import Pod
from .start.data_folder import DataFolder

EXIT_FAILED = 1
EXIT_REFUSED = 3
"""Trying again can't help. 2 is argparse's own, for a command line that is not understood."""

LEAST_TO_GRANT = 30.0
"""Seconds that are left for telling every node its users, however late the cluster was complete. The Job has more."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit status."""
    options = _parser().parse_args(arguments)
    console = Console()
    try:
        options.run_command(options, console)
    except RefusedError as error:
        console.event(f"stopped: {error}")
        return EXIT_REFUSED
    except AgentError as error:
        console.event(f"failed: {error}")
        return EXIT_FAILED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="agent", description="Forms and repairs a Redis Cluster.")
    parser.add_argument("--port", type=int, default=6379, help="of Redis, on every node")
    parser.add_argument("--bus-port", type=int, default=16379, help="of the cluster bus, on every node")
    parser.add_argument("--tls", type=Path, default=None, help="folder with ca.crt, tls.crt and tls.key")
    parser.add_argument("--without", type=Feature, action="append", default=[], help=argparse.SUPPRESS)
    commands = parser.add_subparsers(required=True, metavar="command")

    run = commands.add_parser("run", help="run beside a Redis: start it, repair its links, hand over before it stops")
    run.add_argument("--domain", required=True, help="DNS name of the headless Service")
    run.add_argument("--pod", required=True, help="the pod's name")
    run.add_argument("--own-ip", required=True, help="the pod's address")
    run.add_argument("--host-ip", default="", help="the address of the pod's node")
    run.add_argument("--announced", type=Path, default=None, help="folder with a file a pod: address and ports")
    run.add_argument("--local-ip", default="127.0.0.1", help="where this pod's Redis answers")
    run.add_argument("--data", type=Path, required=True, help="Redis' folder")
    run.add_argument("--formed", type=Path, default=None, help="file that is there once the cluster was formed")
    run.add_argument("--no-fast-failover", action="store_true", help="leave a lost master to Redis alone")
    run.add_argument("--fast-failover-after-ms", type=int, default=1500, help="without an answer of the master")
    run.add_argument("--node-timeout-ms", type=int, default=5000, help="as redis.conf has it")
    run.add_argument("--no-appendonly", action="store_true", help="Redis keeps snapshots alone")
    run.add_argument("--run", type=Path, required=True, help="folder that is shared with Redis' container")
    run.add_argument("--auth", type=Path, required=True, help="folder of the mounted Secret")
    run.set_defaults(run_command=_run)

    job = commands.add_parser("converge", help="form the cluster and wait until it is healthy")
    job.add_argument("--name", required=True, help="of the cluster, with which the pods' names begin")
    job.add_argument("--domain", required=True, help="DNS name of the headless Service")
    job.add_argument("--shards", type=int, required=True)
    job.add_argument("--replicas-per-shard", type=int, required=True)
    job.add_argument("--min-replicas-to-write", type=int, default=0)
    job.add_argument("--deadline", type=float, default=600.0, help="seconds")
    job.add_argument("--auth", type=Path, required=True, help="folder of the mounted Secret")
    job.set_defaults(run_command=_converge)
    return parser


def _run(options: argparse.Namespace, console: Console) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    pod = Pod(options.pod, options.domain, options.own_ip, options.host_ip, options.announced, options.formed)
    data = DataFolder(options.data, appendonly=not options.no_appendonly)
    asked = (replace(_connector(options), local_ip=options.local_ip), console)
    without = frozenset(options.without)
    after = None if options.no_fast_failover else options.fast_failover_after_ms / 1000
    times = Times(options.node_timeout_ms / 1000, after)
    Sidecar(pod, data, options.run, options.auth, *asked, times, without).run(stop)


def _converge(options: argparse.Namespace, console: Console) -> None:
    topology = Topology(options.name, options.domain, options.shards, options.replicas_per_shard)
    without = frozenset(options.without)
    goal = Goal(topology, options.min_replicas_to_write, options.port, options.bus_port, without)
    connector = _connector(options)
    end = time.monotonic() + options.deadline
    converge(goal, connector, console, deadline=options.deadline)
    if Feature.PASSWORDS in without:
        return
    # The mounted files of running pods follow a change within a minute or two; a deployment need not wait for that.
    end = max(end, time.monotonic() + LEAST_TO_GRANT)
    grant_access(topology, connector, AccessFiles(options.auth), console, end)
    console.event("every node knows the users and passwords")


def _connector(options: argparse.Namespace) -> Connector:
    files = AccessFiles(options.auth)
    return Connector(lambda: files.password("agent"), options.port, options.bus_port, tls=options.tls)


def _end(number: int, _frame: FrameType | None) -> None:
    """From wherever it is, since it may be killed at any point; an exception would first wait for all nodes' answers.

    The exit status is that of a process which the signal has ended: the Job then has another pod.
    """
    # A print that the signal has interrupted may be under way.
    os.write(sys.stdout.fileno(), b"stopped: asked to end; whatever runs this again goes on from here\n")
    os._exit(128 + number)


if __name__ == "__main__":
    # The first process of a container gets no SIGTERM that it does not ask for.
    signal.signal(signal.SIGTERM, _end)
    sys.exit(main())
