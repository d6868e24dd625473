"""`python3 -m agent prepare | heal | converge`."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from .client import Connector, password_file
from .console import Console
from .converge import ConvergeOptions, converge
from .errors import AgentError, RefusedError
from .heal import Healer, HealOptions
from .plan import Goal
from .prepare import PrepareOptions, prepare
from .resolver import resolve
from .topology import Topology

EXIT_FAILED = 1
EXIT_REFUSED = 3
"""Trying again can't help. 2 is argparse's own, for a command line that is not understood."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit status."""
    options = _parser().parse_args(arguments)
    console = Console()
    try:
        options.run(options, console)
    except RefusedError as error:
        console.event(f"stopped: {error}")
        return EXIT_REFUSED
    except AgentError as error:
        console.event(f"failed: {error}")
        return EXIT_FAILED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="agent", description="Forms and mends a Redis Cluster.")
    parser.add_argument("--port", type=int, default=6379, help="of Redis, on every node")
    parser.add_argument("--bus-port", type=int, default=16379, help="of the cluster bus, on every node")
    commands = parser.add_subparsers(required=True, metavar="command")

    prepared = commands.add_parser("prepare", help="renew the peers' addresses in nodes.conf, before Redis starts")
    prepared.add_argument("--nodes-file", type=Path, required=True)
    prepared.add_argument("--own-ip", default=None)
    prepared.add_argument("--longest-wait", type=float, default=10.0, help="seconds, for the peers' names")
    prepared.set_defaults(run=_prepare)

    healed = commands.add_parser("heal", help="mend this pod's links for as long as it runs")
    healed.add_argument("--local-ip", default="127.0.0.1")
    healed.add_argument("--domain", required=True, help="DNS name of the headless Service")
    healed.add_argument("--password-file", type=Path, required=True)
    healed.set_defaults(run=_heal)

    converged = commands.add_parser("converge", help="form the cluster and wait until it is healthy")
    converged.add_argument("--name", required=True, help="of the cluster, with which the pods' names begin")
    converged.add_argument("--domain", required=True, help="DNS name of the headless Service")
    converged.add_argument("--shards", type=int, required=True)
    converged.add_argument("--replicas-per-shard", type=int, required=True)
    converged.add_argument("--min-replicas-to-write", type=int, default=0)
    converged.add_argument("--deadline", type=float, default=600.0, help="seconds")
    converged.add_argument("--password-file", type=Path, required=True)
    converged.set_defaults(run=_converge)
    return parser


def _prepare(options: argparse.Namespace, console: Console) -> None:
    prepare(
        PrepareOptions(options.nodes_file, options.own_ip, options.port, options.bus_port, options.longest_wait),
        resolve,
        console,
    )


def _heal(options: argparse.Namespace, console: Console) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    Healer(HealOptions(options.local_ip, options.domain), _connector(options), resolve, console).run(stop)


def _converge(options: argparse.Namespace, console: Console) -> None:
    topology = Topology(options.name, options.domain, options.shards, options.replicas_per_shard)
    goal = Goal(topology, options.min_replicas_to_write, options.port, options.bus_port)
    converge(goal, _connector(options), resolve, console, ConvergeOptions(deadline=options.deadline))


def _connector(options: argparse.Namespace) -> Connector:
    return Connector(password_file(options.password_file), options.port, options.bus_port)


if __name__ == "__main__":
    sys.exit(main())
