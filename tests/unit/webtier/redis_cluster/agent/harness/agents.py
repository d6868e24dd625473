"""The agent's threads beside the processes of a cluster, as the pods' sidecars run them."""

import math
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Self

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import DOMAIN, LocalCluster, wait_until
from webtier.redis_cluster.agent.console import Console
from webtier.redis_cluster.agent.errors import AgentError
from webtier.redis_cluster.agent.failover.fast_failover import FastFailover, FastFailoverOptions
from webtier.redis_cluster.agent.failover.witness import QUESTIONS, Witness
from webtier.redis_cluster.agent.features import ALL_FEATURES, Without
from webtier.redis_cluster.agent.healing.heal import Healer
from webtier.redis_cluster.agent.redis.client import Connector
from webtier.redis_cluster.agent.redis.topology import Member


@dataclass
class Running(AbstractContextManager["Running"]):
    """Agents, each in a thread of its own while in the `with`."""

    agents: Iterable[Witness | FastFailover | Healer]
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def __enter__(self) -> Self:
        for agent in self.agents:
            target = partial(_heal, agent) if isinstance(agent, Healer) else agent.run
            self._threads.append(threading.Thread(target=target, args=(self._stop,), daemon=True))
            self._threads[-1].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def _heal(agent: Healer, stop: threading.Event) -> None:
    while not stop.is_set():
        with suppress(AgentError):
            heal(agent)
        stop.wait(1.0)


def heal(*agents: Healer) -> None:
    """One look of each."""
    for agent in agents:
        with agent.connector.open_local() as redis:
            agent.step(redis)


def healer(cluster: LocalCluster, member: Member, patience: float = 2.0) -> Healer:
    """Beside one member; by default it asks for the same thing again sooner than in a pod."""
    return Healer(DOMAIN, cluster.beside(member), Console(), patience=patience)


def watcher(
    cluster: LocalCluster,
    member: Member,
    options: FastFailoverOptions | None = None,
    console: Console | None = None,
    connector: Connector | None = None,
) -> FastFailover:
    """Beside one member."""
    return FastFailover(options or FastFailoverOptions(), cluster.beside(member, connector), console or Console())


@contextmanager
def listening(
    cluster: LocalCluster,
    *members: Member,
    patience: float = 0.4,
    console: Console | None = None,
    node_timeout: float = math.inf,
    without: Without = ALL_FEATURES,
) -> Generator[None]:
    """Witnesses beside the members, from when all of them can be asked."""
    agents = [
        Witness(cluster.beside(member), console or Console(), patience, node_timeout, without) for member in members
    ]
    with Running(agents):
        for member in members:
            wait_until(lambda member=member: _listens(cluster, member), f"the witness beside {member.pod} listens")
        yield


def _listens(cluster: LocalCluster, member: Member) -> bool:
    with cluster.tester.open(cluster.addresses[member.host]) as node:
        return node.ask("PUBSUB", "NUMSUB", QUESTIONS)[1] > 0


def step_until(agent: FastFailover, condition: Callable[[], bool], what: str) -> None:
    """Lets the agent look until it is so."""

    def stepped() -> bool:
        agent.step()
        return condition()

    wait_until(stepped, what)


def follow(agent: FastFailover) -> None:
    """Until it would take over if its master were gone."""
    step_until(agent, lambda: agent.ready, "it has seen that all is well")
