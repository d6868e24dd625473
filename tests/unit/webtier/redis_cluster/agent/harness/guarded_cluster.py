"""Members that begin as pods do: the start guard decides, prepare renews, and a sidecar releases them later."""

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import DOMAIN, LocalCluster, wait_until
from webtier.redis_cluster.agent.console import Console
from webtier.redis_cluster.agent.errors import AgentError
from webtier.redis_cluster.agent.failover.addressless_master import AddresslessMaster
from webtier.redis_cluster.agent.failover.candidacy import START_CONF, Candidacy
from webtier.redis_cluster.agent.healing.incomplete_copy import ReplicationRelease
from webtier.redis_cluster.agent.redis.client import Connector
from webtier.redis_cluster.agent.redis.topology import Member, Topology
from webtier.redis_cluster.agent.start.data_folder import DataFolder
from webtier.redis_cluster.agent.start.ownership import Identity
from webtier.redis_cluster.agent.start.prepare import prepare
from webtier.redis_cluster.agent.start.start_attempt import StartAttempt
from webtier.redis_cluster.agent.start.start_decision import Begin, Wait
from webtier.redis_cluster.settings import RedisClusterSettings, RedisConf


@dataclass
class GuardedCluster(LocalCluster):
    """Starts no member before its guard lets it; `releasing` runs the sidecars' part."""

    formation_wait: float = 0.3
    patience: float = 5.0
    events: list[str] = field(default_factory=list[str])
    candidacies: dict[str, tuple[tuple[Connector, float], Candidacy]] = field(
        default_factory=dict[str, tuple[tuple[Connector, float], Candidacy]]
    )
    addressless: dict[str, AddresslessMaster] = field(default_factory=dict[str, AddresslessMaster])
    extra_conf: dict[str, str] = field(default_factory=dict[str, str])
    """Further lines of redis.conf by pod."""
    unattended: set[str] = field(default_factory=set[str])
    """Pods without a sidecar."""

    def identity(self, member: Member) -> Identity:
        """As its pod knows it."""
        return Identity(self.announced(member))

    def volume(self, member: Member) -> DataFolder:
        """As the agent sees it."""
        return DataFolder(self.data(member), self.settings.conf.appendonly)

    def guard(self, member: Member, fault: str | None = None) -> StartAttempt:
        """For one start."""
        asked = (self.beside(member), _Listening(self.events))
        own = self.identity(member)
        return StartAttempt(self.volume(member), own, DOMAIN, Path("/auth"), *asked, self.formation_wait, fault)

    def let_in(self, *members: Member, fault: str | None = None, timeout: float = 180.0) -> dict[str, list[str]]:
        """Starts each as soon as its guard agrees; returns by pod why it had to wait."""
        waiting = {member.pod: (member, self.guard(member, fault)) for member in members}
        reasons: dict[str, list[str]] = {pod: [] for pod in waiting}
        end = time.monotonic() + timeout
        while waiting:
            for pod, (member, guard) in list(waiting.items()):
                decision = guard.decide()
                if isinstance(decision, Begin):
                    del waiting[pod]
                    self.begin(member, decision)
                else:
                    reasons[pod].append(decision.reason)
            assert time.monotonic() < end, f"still down: {reasons}"
            time.sleep(0.05)
        return reasons

    def begin(self, member: Member, decision: Begin) -> None:
        """What the start handshake does once the guard has agreed."""
        prepare(self.data(member) / "nodes.conf", self.announced(member), self.resolve, Console())
        conf = START_CONF + self.extra_conf.get(member.pod, "")
        self.launch(member, withhold=decision.withhold, start_conf=conf)

    def reason(self, member: Member, fault: str | None = None) -> str:
        """Why it may not start now."""
        decision = self.guard(member, fault).decide()
        assert isinstance(decision, Wait), decision
        return decision.reason

    def release(self, member: Member) -> None:
        """One look of a member's sidecar."""
        asked = (self.beside(member), _Listening(self.events))
        with self.beside(member).open_local() as redis:
            ReplicationRelease(self.volume(member), self.identity(member), DOMAIN, *asked).step(redis)
            self.candidacy(member).step(redis)
            self._addressless(member).step(redis)

    def candidacy(self, member: Member) -> Candidacy:
        """As it goes on at the member's present address."""
        beside = self.beside(member), self.patience
        found = self.candidacies.get(member.pod)
        if found is None or found[0] != beside:
            made = Candidacy(self.volume(member), _Listening(self.events), self.patience)
            found = self.candidacies[member.pod] = beside, made
        return found[1]

    def _addressless(self, member: Member) -> AddresslessMaster:
        beside = self.beside(member)
        found = self.addressless.get(member.pod)
        if found is None or found.connector != beside:
            found = self.addressless[member.pod] = AddresslessMaster(beside, _Listening(self.events))
        return found

    def can_succeed(self, member: Member) -> bool:
        """Whether its sidecar has seen that its data is there, on its volume too, and lets it stand for election."""
        return self.stands(member) and not self.volume(member).marked

    @contextmanager
    def releasing(self) -> Generator[None]:
        """All sidecars at work."""
        stop = threading.Event()

        def work() -> None:
            while not stop.wait(0.05):
                for pod in {*self.processes} - self.unattended:
                    member = next(each for each in self.everybody() if each.pod == pod)
                    try:
                        self.release(member)
                    except AgentError:
                        continue
                    except KeyError:
                        # Who was ended meanwhile has no address any more.
                        if pod in self.processes:
                            raise

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def everybody(self) -> list[Member]:
        """Also members of a shard more than there are."""
        return [*self.topology.members(), *self.shard_members(self.topology.shards)]


class _Listening(Console):
    def __init__(self, events: list[str]) -> None:
        super().__init__()
        self._events = events

    def event(self, text: str) -> None:
        self._events.append(text)
        super().event(text)


@contextmanager
def formed_from_nothing(folder: Path, shards: int, conf: RedisConf, patience: float = 5.0) -> Generator[GuardedCluster]:
    """With a replica a shard, formed from nodes that began withheld; whose sidecars are at work only until then."""
    settings = RedisClusterSettings(shards=shards, replicas_per_shard=1, conf=conf)
    cluster = GuardedCluster(Topology("redis", DOMAIN, shards, 1), folder, settings, patience=patience)
    members = cluster.topology.members()
    for member in members:
        cluster.data(member).mkdir()
        cluster.addresses[member.host] = cluster.fresh_address()
    try:
        cluster.let_in(*members)
        with cluster.releasing():
            cluster.converge()
            wait_until(lambda: all(cluster.can_succeed(member) for member in members), "each can be elected")
        yield cluster
    finally:
        cluster.close()


def guarded_cluster(folder: Path, shards: int) -> Iterator[GuardedCluster]:
    """The same with its sidecars at work; to `yield from`."""
    conf = RedisConf(node_timeout_ms=1000, save=[])
    with formed_from_nothing(folder, shards, conf) as cluster, cluster.releasing():
        yield cluster
