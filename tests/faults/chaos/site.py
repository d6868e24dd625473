"""Where steps act: the Redis Cluster as it is, which steps are under way, and how each ends early when it has to."""

import math
import signal
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import httpx

from command_line.subprocesses import CommandError
from tests.faults.chaos.kinds import GAP_SECONDS, Promise, may_meet, needs_whole
from tests.faults.chaos.schedule import MASTER, Step
from tests.faults.harness.context import FaultContext
from tests.faults.harness.kubernetes import Pod
from tests.faults.harness.observer import Facts
from tests.faults.harness.partition import mend
from tests.faults.harness.processes import signal_redis

FOUND_SECONDS = 30.0
"""A step waits so long for what it is about, such as a shard's one master."""
ATTEMPTS = 5
"""Of a question to the API server, which a busy machine keeps waiting."""
FREE_SECONDS = 60.0
"""And so long for steps that it may not meet, or for the shard to be whole."""


class LeftOutError(Exception):
    """A step could not be done as things were: it is left out, and the report says why."""


@dataclass
class Site:
    """`stopping` is set when everything has to come to its end; `owed` is the size that a reshard has not reached."""

    context: FaultContext
    promise: Promise
    stopping: threading.Event = field(default_factory=threading.Event)
    owed: int | None = None
    deploying: threading.Lock = field(default_factory=threading.Lock)
    counter_keys: list[str] = field(default_factory=list[str])
    _under_way: dict[Step, float] = field(default_factory=dict[Step, float])
    """Each with when it stops to count: a moment after its end."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def pause(self, seconds: float) -> None:
        """Ends early when everything has to."""
        self.stopping.wait(seconds)

    def wait(self, true: Callable[[], object], seconds: float, what: str, pause: float = 0.3) -> None:
        """LeftOutError, naming `what`, when it does not come true in time, or everything has to end."""
        end = time.monotonic() + seconds
        while not true():
            if self.stopping.is_set() or time.monotonic() > end:
                raise LeftOutError(f"not within {seconds:.0f} s: {what}")
            self.pause(pause)

    # One beside the other

    @contextmanager
    def turn(self, step: Step) -> Generator[None]:
        """Inside, the step counts as under way. LeftOutError when others that it may not meet do not end."""
        self.wait(lambda: self._admit(step), FREE_SECONDS, "the shard is free for it")
        try:
            yield
        finally:
            with self._lock:
                self._under_way[step] = time.monotonic() + GAP_SECONDS

    def _admit(self, step: Step) -> bool:
        if step.shard is not None and needs_whole(step.kind, self.promise) and not self.is_whole(step.shard):
            return False
        with self._lock:
            now = time.monotonic()
            meets = [other for other, until in self._under_way.items() if until > now and step.concerns(other)]
            if not all(may_meet(step.kind, other.kind, self.promise) for other in meets):
                return False
            self._under_way[step] = math.inf
            return True

    # What is there

    def is_whole(self, shard: int) -> bool:
        """One master, with every replica in touch and ready to be elected."""
        members = [facts for facts in self.context.nodes() if facts.pod.shard == shard]
        masters = [facts for facts in members if facts.owns_slots]
        # One without slots is a master too, and nobody's replica.
        followers = [facts for facts in members if not facts.is_master]
        if (len(masters), len(followers), len(members)) != (1, self.promise.replicas, 1 + self.promise.replicas):
            return False
        return all(
            facts.replication.get("master_link_status") == "up" and facts.view.myself.stands for facts in followers
        )

    def member(self, step: Step) -> Pod:
        """The pod that the step names by what it is at the moment. LeftOutError when there is none for too long."""
        found: list[Pod] = []

        def look() -> bool:
            found[:] = [facts.pod for facts in self._candidates(step)]
            return bool(found)

        self.wait(look, FOUND_SECONDS, f"shard {step.shard} has a {step.member or MASTER}")
        return found[step.number % len(found)]

    def _candidates(self, step: Step) -> list[Facts]:
        nodes = [facts for facts in self.context.nodes() if facts.pod.shard == step.shard and not facts.pod.leaving]
        masters = [facts for facts in nodes if facts.owns_slots]
        if step.member in (None, MASTER):
            # Two of them: one has been replaced, and does not know it yet.
            return masters if len(masters) == 1 else []
        return [facts for facts in nodes if not facts.is_master]

    def pods(self, shard: int | None = None) -> list[Pod]:
        """As Kubernetes lists them, of one shard or all. httpx.HTTPError when the API server stays busy."""
        for _ in range(ATTEMPTS - 1):
            with suppress(httpx.HTTPError):
                return [pod for pod in self.context.observer.pods.list() if shard in (None, pod.shard)]
            time.sleep(1.0)
        return [pod for pod in self.context.observer.pods.list() if shard in (None, pod.shard)]

    def mend(self) -> list[str]:
        """No process of this Redis Cluster stands still any more, and no pod is cut off. What could not be mended."""
        problems: list[str] = []
        for pod in self.pods():
            signal_redis(pod, signal.SIGCONT)
            try:
                if pod.node:
                    mend(self.context.machine(pod.node), pod)
            except CommandError as error:
                problems.append(f"{pod.name} may still be cut off: {error}")
        return problems
