"""What a fault acts on: the deployment, its nodes as they are, and what is noted on the way."""

import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from devcluster.cluster.node import Node
from tests.cluster.harness.tier import Tier
from tests.faults.clients.access import PORT, Access
from tests.faults.clients.writers import Writers
from tests.faults.harness import verify
from tests.faults.harness.deployment import RedisDeployment
from tests.faults.harness.kubernetes import Pod
from tests.faults.harness.observer import Facts, Observer, fields_of

FOUND_SECONDS = 10.0


@dataclass
class FaultContext:
    """`begun` is when the fault itself began: `act` may set it anew after its preparations. `standing` is the data that
    was there before, and has to be there afterwards.
    """

    deployment: RedisDeployment
    observer: Observer
    writers: Writers
    begun: float = 0.0
    notes: list[str] = field(default_factory=list[str])
    complaints: list[str] = field(default_factory=list[str])
    seconds_to_state_ok: float | None = None
    standing: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def tier(self) -> Tier:
        return self.deployment.tier

    def begin(self) -> None:
        """The fault begins now, and not when `act` was called."""
        self.begun = time.monotonic()

    def note(self, text: str) -> None:
        self.notes.append(text)

    def require(self, true: object, complaint: str) -> None:
        """What must hold besides the expectation: the fault has failed if it does not, and goes on."""
        if not true:
            self.complaints.append(complaint)

    def pods(self) -> list[Pod]:
        """As Kubernetes lists them now; none while the API server has no time to answer."""
        try:
            return self.observer.pods.list()
        except httpx.HTTPError:
            return []

    def nodes(self) -> list[Facts]:
        return self.observer.look()

    def masters(self) -> list[Facts]:
        return [facts for facts in self.nodes() if facts.is_master]

    def master(self, shard: int) -> Facts:
        """The master of the pods of this shard. AssertionError when there is not exactly one that answers."""
        return self._find(lambda facts: facts.owns_slots, shard, "one master", most=1)

    def replica(self, shard: int) -> Facts:
        """The first replica among the pods of this shard. AssertionError when none answers."""
        return self._find(lambda facts: not facts.is_master, shard, "a replica")

    def _find(self, fits: Callable[[Facts], bool], shard: int, what: str, most: int | None = None) -> Facts:
        """On a busy machine a node may have no time for one look."""
        found: list[Facts] = []

        def look() -> bool:
            found[:] = [facts for facts in self.nodes() if facts.pod.shard == shard and fits(facts)]
            return bool(found) and (most is None or len(found) <= most)

        self.wait(look, FOUND_SECONDS, f"shard {shard} has {what}", pause=0.5)
        return found[0]

    def ask(self, pod: Pod, *command: str | int, timeout: float = 2.0, as_application: bool = False) -> Any:
        """One command to one node, of the user who may change the cluster or of the application's.

        A redis-py or OSError for a node that refuses it, or does not answer within `timeout` seconds.
        """
        access = Access.read(self.deployment.access_file)
        assert pod.ip
        connection = access.connect((pod.ip, PORT), timeout, access.application if as_application else access.operator)
        try:
            connection.send_command(*command)
            return connection.read_response()
        finally:
            connection.disconnect()

    def info(self, pod: Pod, section: str) -> dict[str, str]:
        """A section of INFO, as `ask` gets it."""
        return fields_of(str(self.ask(pod, "INFO", section)))

    def write_standing(self, data: Mapping[str, str]) -> None:
        """More of what was there before the fault."""
        verify.write(self.observer.look, Access.read(self.deployment.access_file), data)
        self.standing |= data

    def machine(self, node: str | None) -> Node:
        return next(machine for machine in self.tier.cluster.nodes if machine.name == node)

    def wait(
        self, true: Callable[[], object], seconds: float, what: str | Callable[[], str], pause: float = 0.1
    ) -> None:
        """AssertionError, naming `what`, when it does not come true in time."""
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds:.0f} s: {what if isinstance(what, str) else what()}")
            time.sleep(pause)

    def wait_well(self, seconds: float, steady: float = 2.0) -> None:
        """All nodes are there, ok and replicating, for `steady` seconds from now on."""
        start = time.monotonic()
        self.wait(
            lambda: self.observer.good_for(start) >= steady,
            seconds,
            lambda: f"all is well ({self.observer.complaint()})",
        )

    def now(self) -> float:
        return time.monotonic()

    def wait_state_ok(self, seconds: float) -> None:
        """Every node that answers says ok, and every slot has a master, in a look that began from now on."""
        start = time.monotonic()
        self.wait(
            lambda: any(sample.at > start and sample.not_ok is None for sample in self.observer.samples[-3:]),
            seconds,
            lambda: f"the state is ok ({self.observer.complaint()})",
        )

    def written_since(self, group: int, moment: float) -> bool:
        return self.writers.last().get(group, 0.0) > moment

    @contextmanager
    def no_failover(self, complaint: str) -> Generator[None]:
        """Whoever is a master afterwards was one before, or the fault has failed with this complaint."""
        before = {facts.view.own_id for facts in self.masters()}
        yield
        elected = [facts.pod.name for facts in self.masters() if facts.view.own_id not in before]
        self.require(not elected, f"{complaint}: {', '.join(elected)} took over")

    @contextmanager
    def in_background(self, work: Callable[[], object]) -> Generator[None]:
        """`work` in a thread, whose end is waited for; what it raised is raised then."""
        with ThreadPoolExecutor(1) as thread:
            running = thread.submit(work)
            yield
        running.result()
