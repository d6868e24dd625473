"""The agent's threads beside the processes of a cluster, as the pods' sidecars run them."""

import threading
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from components.redis_cluster.agent.client import Connector
from components.redis_cluster.agent.console import Console
from components.redis_cluster.agent.fast_failover import FastFailover, FastFailoverOptions
from components.redis_cluster.agent.topology import Member
from components.redis_cluster.agent.witness import Witness, WitnessOptions
from tests.unit.agent.redis_processes import LocalCluster


@dataclass
class Running(AbstractContextManager["Running"]):
    """Witnesses and watchers, each in a thread of its own while in the `with`."""

    agents: Iterable[Witness | FastFailover]
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def __enter__(self) -> Self:
        for agent in self.agents:
            self._threads.append(threading.Thread(target=agent.run, args=(self._stop,), daemon=True))
            self._threads[-1].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def watcher(
    cluster: LocalCluster,
    member: Member,
    options: FastFailoverOptions | None = None,
    console: Console | None = None,
    connector: Connector | None = None,
) -> FastFailover:
    """Beside one member."""
    options = replace(options or FastFailoverOptions(""), local_ip=cluster.addresses[member.host])
    return FastFailover(options, connector or cluster.connector, cluster.resolve, console or Console())


def witnesses(cluster: LocalCluster, *members: Member) -> list[Witness]:
    """Beside each of the members."""
    return [
        Witness(WitnessOptions(cluster.addresses[member.host]), cluster.connector, cluster.resolve, Console())
        for member in members
    ]
