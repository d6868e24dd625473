"""Looks at every Redis node several times a second, from before a fault until all is well again."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Self

import httpx
from redis import exceptions

from tests.cluster.harness.tier import SLOTS
from tests.faults.clients.access import PORT, Access
from tests.faults.harness.kubernetes import Pod, Pods
from webtier.redis_cluster.agent.redis.view import ClusterView, parse_view

INTERVAL = 0.2
TIMEOUT = 1.0


@dataclass(frozen=True)
class Facts:
    """What one node says of itself and of the cluster."""

    pod: Pod
    view: ClusterView
    cluster: dict[str, str]
    replication: dict[str, str]

    @property
    def is_master(self) -> bool:
        return self.replication["role"] == "master"

    @property
    def owns_slots(self) -> bool:
        """A replica that starts before its master has an address calls itself a master too, of no slots."""
        return self.is_master and bool(self.view.myself.slots)


@dataclass(frozen=True)
class Shape:
    """How the cluster should be."""

    shards: int
    replicas: int

    @property
    def nodes(self) -> int:
        return self.shards * (1 + self.replicas)


@dataclass(frozen=True)
class Sample:
    """One look at all nodes: why the state is not ok, and why replication is not complete; None when it is."""

    at: float
    not_ok: str | None
    not_replicated: str | None


def ask_node(access: Access, pod: Pod, timeout: float = TIMEOUT) -> Facts | None:
    """None when the node does not answer, or not yet."""
    if pod.ip is None:
        return None
    connection = access.connect((pod.ip, PORT), timeout, who=access.operator)
    try:
        answers: list[str] = []
        for command in (("CLUSTER", "NODES"), ("CLUSTER", "INFO"), ("INFO", "replication")):
            connection.send_command(*command)
            answers.append(str(connection.read_response()))
        return Facts(pod, parse_view(answers[0]), fields_of(answers[1]), fields_of(answers[2]))
    except (exceptions.RedisError, OSError, ValueError, KeyError):
        return None
    finally:
        connection.disconnect()


def judge(at: float, found: Sequence[Facts], shape: Shape) -> Sample:
    """The state is ok when every node that answers says so, and every slot has exactly one master that claims it."""
    not_ok = _why_not_ok(found)
    return Sample(at, not_ok, not_ok or _why_not_replicated(found, shape))


def _why_not_ok(found: Sequence[Facts]) -> str | None:
    if not found:
        return "no node answers"
    for facts in found:
        state, covered = facts.cluster.get("cluster_state"), facts.cluster.get("cluster_slots_ok")
        if (state, covered) != ("ok", str(SLOTS)):
            return f"{facts.pod.name} says {state}, {covered} slots ok"
    claims = sorted(
        (*ends, facts.pod.name) for facts in found if facts.is_master for ends in facts.view.myself.slot_ranges
    )
    for (_, last, name), (first, _, other) in pairwise(claims):
        if first <= last:
            return f"{name} and {other} both claim slot {first}"
    served = sum(last - first + 1 for first, last, _ in claims)
    return None if served == SLOTS else f"{SLOTS - served} slots have no master that answers"


def _why_not_replicated(found: Sequence[Facts], shape: Shape) -> str | None:
    masters = [facts for facts in found if facts.is_master]
    if (len(found), len(masters)) != (shape.nodes, shape.shards):
        return f"{len(found)} nodes answer, {len(masters)} of them masters"
    for facts in found:
        name, replication = facts.pod.name, facts.replication
        if facts.cluster.get("cluster_known_nodes") != str(shape.nodes):
            return f"{name} knows {facts.cluster.get('cluster_known_nodes')} nodes"
        if any(record.failed for record in facts.view.records.values()):
            return f"{name} sees a failed node"
        if not facts.is_master and replication.get("master_link_status") != "up":
            return f"{name} has no link to its master"
        if not facts.is_master and not facts.view.myself.stands:
            return f"{name} does not stand for election yet"
        if facts.is_master and _online_replicas(replication) != shape.replicas:
            return f"{name} has {_online_replicas(replication)} replicas online"
    return None


def _online_replicas(replication: dict[str, str]) -> int:
    return sum(key.startswith("slave") and "state=online" in value for key, value in replication.items())


def fields_of(text: str) -> dict[str, str]:
    """The lines `name:value` of INFO and its like."""
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {key: value.strip() for key, value in pairs}


class Observer:
    """Samples in the background between `with` and its end. `shape` may be changed meanwhile."""

    def __init__(self, access_file: Path, shape: Shape) -> None:
        self.shape = shape
        self.samples: list[Sample] = []
        self._access_file = access_file
        access = Access.read(access_file)
        self.pods = Pods(Path(access.kubeconfig), access.namespace)
        self._listed: list[Pod] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(20)
        self.pods.close()

    def look(self) -> list[Facts]:
        """All nodes that answer now."""
        # Without the API server the pods that were there last are as good a guess as any.
        with suppress(httpx.HTTPError):
            self._listed = self.pods.list()
        access = Access.read(self._access_file)
        with ThreadPoolExecutor(8) as threads:
            answers = threads.map(partial(ask_node, access), self._listed)
            return [facts for facts in answers if facts]

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL):
            at = time.monotonic()
            self.samples.append(judge(at, self.look(), self.shape))

    def since(self, start: float) -> tuple[float | None, float | None]:
        """Seconds from `start` to the state being ok, and to complete replication, for good; None for not yet."""
        samples = [sample for sample in self.samples if sample.at >= start]
        return (
            _until_good([(sample.at - start, sample.not_ok) for sample in samples]),
            _until_good([(sample.at - start, sample.not_replicated) for sample in samples]),
        )

    def story(self, start: float) -> list[tuple[float, str]]:
        """What was not well since `start`: [seconds, why], each time that it was something else; "well" in between."""
        told: list[tuple[float, str]] = []
        for sample in self.samples:
            why = sample.not_replicated or "well"
            if sample.at >= start and (why != "well" if not told else why != told[-1][1]):
                told.append((round(sample.at - start, 1), why))
        return told

    def good_for(self, since: float = 0.0) -> float:
        """For how many seconds, of those after `since`, all has been well without a break up to the last look."""
        samples = [sample for sample in self.samples if sample.at >= since]
        last_bad = next((sample.at for sample in reversed(samples) if sample.not_replicated), None)
        if not samples:
            return 0.0
        return samples[-1].at - (samples[0].at if last_bad is None else last_bad)

    def complaint(self) -> str:
        return (self.samples[-1].not_replicated or "nothing") if self.samples else "not looked yet"


def _until_good(looks: Sequence[tuple[float, str | None]]) -> float | None:
    """When the last row of good looks began; 0 when there was no bad one."""
    began: float | None = None
    for at, bad in looks:
        if bad is not None:
            began = None
        elif began is None:
            began = at
    return 0.0 if began is not None and all(bad is None for _, bad in looks) else began
