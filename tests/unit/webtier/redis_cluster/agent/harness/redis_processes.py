"""A Redis Cluster of plain `redis-server` processes, each with an address of its own like a pod.

All of 127.0.0.0/8 is this machine: every process listens on the same port at an address of its own, as pods do.
"""

import itertools
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from redis.crc import key_slot

from tests.unit.webtier.redis_cluster.agent.harness.access_files import (
    APPLICATION_PASSWORD,
    INTERNAL,
    TESTER,
    write_access_files,
)
from tests.unit.webtier.redis_cluster.agent.harness.free_ports import free_ports
from tests.unit.webtier.redis_cluster.agent.harness.servers import find_redis_server
from webtier.redis_cluster.agent.console import Console
from webtier.redis_cluster.agent.errors import AgentError
from webtier.redis_cluster.agent.failover.draining import NO_FAILOVER, mark_draining
from webtier.redis_cluster.agent.reconcile.converge import converge
from webtier.redis_cluster.agent.reconcile.steps import Goal
from webtier.redis_cluster.agent.redis.client import Connector
from webtier.redis_cluster.agent.redis.replication_user import ShardLogin
from webtier.redis_cluster.agent.redis.topology import Member, Topology
from webtier.redis_cluster.agent.redis.users import AccessFiles
from webtier.redis_cluster.agent.redis.view import Address, parse_view, shard_of
from webtier.redis_cluster.agent.start.announce import Announcement
from webtier.redis_cluster.agent.start.prepare import prepare
from webtier.redis_cluster.credentials.acl import (
    AGENT_USER,
    REPLICATION_USER,
)
from webtier.redis_cluster.pod.redis_conf import (
    ACL_FILE,
    BUS_PORT,
    REPLICATION_FILE,
    RUN_FOLDER,
    START_FILE,
    TLS_CA,
    TLS_CERTIFICATE,
    TLS_FOLDER,
    TLS_KEY,
    render_redis_conf,
    render_replication_conf,
    render_topology_conf,
)
from webtier.redis_cluster.settings import RedisClusterSettings, RedisConf
from webtier.redis_cluster.tls_settings import TlsSettings
from webtier.redis_common.conf import AUTH_FOLDER, CONF_FOLDER, DATA_FOLDER, PORT
from webtier.shared.certificates import Pair, issue, make_authority

DOMAIN = "redis-nodes.test.svc.cluster.local"


def wait_until(condition: Callable[[], bool], what: str, timeout: float = 180.0) -> None:
    """Looks until it is so. The timeout is for what never comes: no test's result depends on speed."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"not within {timeout} s: {what}"
        time.sleep(0.05)


@dataclass
class LocalCluster:
    """Processes by pod name, and the DNS that says where they are."""

    topology: Topology
    folder: Path
    settings: RedisClusterSettings
    server: str = field(default_factory=find_redis_server)
    addresses: dict[str, str] = field(default_factory=dict[str, str])
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict[str, subprocess.Popen[bytes]])
    authority: Pair = field(default_factory=lambda: make_authority("test"))
    older: set[str] = field(default_factory=set[str])
    """Pods whose Redis is started as the version before did."""
    _used: int = 0

    def __post_init__(self) -> None:
        # A network of its own, so that several test runs on a machine do not meet.
        self._network = f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(250) + 1}"
        self.port, self.bus_port = free_ports(f"{self._network}.1")
        tls = self.folder / "tls" if self.settings.tls else None
        if tls is not None:
            tls.mkdir()
            self.renew_certificate(1)
        self.connector = Connector(
            lambda: INTERNAL.current(AGENT_USER), self.port, self.bus_port, tls=tls, resolve=self.resolve
        )
        # A machine that is busy with other work is no reason to give up on an answer.
        self.tester = replace(self.connector, user=TESTER, password=lambda: TESTER, timeout=30.0)
        self.goal = Goal(self.topology, self.settings.min_replicas_to_write, self.port, self.bus_port)

    @cached_property
    def access_files(self) -> AccessFiles:
        """The mounted Secret, which all pods have."""
        return write_access_files(self.folder / "auth", [APPLICATION_PASSWORD], "~* &* +@all")

    def renew_certificate(self, generation: int) -> None:
        """Writes the files that all members read."""
        leaf = issue(self.authority, "redis", ["localhost"], generation, client=True)
        files = {TLS_CA: self.authority.certificate, TLS_CERTIFICATE: leaf.certificate, TLS_KEY: leaf.key}
        for name, content in files.items():
            (self.folder / "tls" / name).write_bytes(content)

    def resolve(self, host: str) -> list[str]:
        """What DNS would say, for a pod's name or for the headless Service's."""
        if host == DOMAIN:
            return sorted(self.addresses.values())
        found = self.addresses.get(host)
        return [found] if found else []

    def beside(self, member: Member, connector: Connector | None = None) -> Connector:
        """The connector of the agent in that member's pod."""
        return replace(connector or self.connector, local_ip=self.addresses[member.host])

    def shard_members(self, shard: int) -> list[Member]:
        """A shard's members; the first is its master when the cluster is formed."""
        return [self.topology.member(shard, index) for index in range(self.topology.replicas_per_shard + 1)]

    def announced(self, member: Member) -> Address:
        """As its pod announces it."""
        return Address(self.addresses[member.host], self.port, self.bus_port, member.host)

    def login(self, member: Member) -> ShardLogin:
        """For replication; of an older version the cluster's own."""
        return ShardLogin("" if member.pod in self.older else shard_of(member.host))

    def data(self, member: Member) -> Path:
        """The member's volume."""
        return self.folder / member.pod

    def fresh_address(self) -> str:
        """An address that no process has had."""
        self._used += 1
        return f"{self._network}.{self._used}"

    def start(self, *members: Member) -> None:
        """Starts members at fresh addresses, with the configuration that pods get."""
        for member in members:
            self.addresses[member.host] = self.fresh_address()
        self.launch(*members)

    def launch(self, *members: Member, withhold: bool = False, start_conf: str = "") -> None:
        """Starts members at the addresses that DNS has for them. With `withhold` nobody may copy them; `start_conf`
        is what the agent adds to redis.conf, besides what the node announces.
        """
        for member in members:
            self._launch(member, withhold, start_conf)
        for member in members:
            ip = self.addresses[member.host]
            wait_until(lambda ip=ip: self.answers_at(ip), f"{member.pod} answers")

    def _launch(self, member: Member, withhold: bool, start_conf: str) -> None:
        data = self.data(member)
        data.mkdir(exist_ok=True)
        ip = self.addresses[member.host]
        announcement = Announcement(self.announced(member))
        files, login = self.access_files, self.login(member)
        for name, text in (
            ("redis.conf", render_redis_conf(self.settings)),
            ("topology.conf", render_topology_conf(self.settings)),
            (REPLICATION_FILE, render_replication_conf(INTERNAL.current(REPLICATION_USER))),
            (START_FILE, announcement.conf(self.settings.tls is not None) + files.replication_conf(login) + start_conf),
            (ACL_FILE, files.users(login, withhold)),
        ):
            for folder in (AUTH_FOLDER, CONF_FOLDER, DATA_FOLDER, RUN_FOLDER):
                text = text.replace(f" {folder}", f" {data}")
            text = text.replace(f" {TLS_FOLDER}", f" {self.folder / 'tls'}")
            text = text.replace(f"port {PORT}\n", f"port {self.port}\n")
            (data / name).write_text(text.replace(f"port {BUS_PORT}\n", f"port {self.bus_port}\n"))
        with (data / "log").open("ab") as log:
            self.processes[member.pod] = subprocess.Popen(
                [
                    self.server,
                    str(data / "redis.conf"),
                    *("--bind", ip),
                    *("--repl-diskless-sync-delay", "0"),
                    *("--enable-debug-command", "yes"),
                ],
                stdout=log,
                stderr=log,
            )

    def answers_at(self, ip: str) -> bool:
        """Whether Redis answers there, with its data loaded."""
        try:
            with self.connector.open(ip) as node:
                return node.ask("PING") == "PONG"
        except AgentError:
            return False

    def kill(self, *members: Member) -> None:
        """kill -9, as a power cut does."""
        for member in members:
            process = self.processes.pop(member.pod)
            process.kill()
            process.wait()

    @contextmanager
    def stopped(self, *members: Member) -> Generator[None]:
        """SIGSTOP while in the `with`: they are there, accept connections, and answer nothing."""
        for member in members:
            self.stop(member)
        try:
            yield
        finally:
            for member in members:
                self.resume(member)

    def stop(self, member: Member) -> None:
        """SIGSTOP, until `resume`."""
        self.processes[member.pod].send_signal(signal.SIGSTOP)

    def resume(self, member: Member) -> None:
        """SIGCONT."""
        self.processes[member.pod].send_signal(signal.SIGCONT)

    def terminate(self, member: Member, grace: float = 60.0) -> float:
        """SIGTERM, and SIGKILL after the grace period, as from a kubelet. Returns after how many seconds it ended."""
        process = self.processes.pop(member.pod)
        started = time.monotonic()
        process.terminate()
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return time.monotonic() - started

    def stands(self, member: Member) -> bool:
        """Whether it would stand for election as a replica."""
        return "no'" in self.ask(member, "CONFIG", "GET", NO_FAILOVER)

    def set_mark(self, member: Member, draining: bool) -> None:
        """Whether it is marked as draining."""
        with self.connector.open(self.addresses[member.host]) as node:
            if draining:
                mark_draining(node)
            else:
                node.ask("CONFIG", "SET", "replica-priority", 100, NO_FAILOVER, "no")

    def close(self) -> None:
        """Ends every process."""
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()

    def ask(self, member: Member, *command: str | int) -> str:
        """One command to one member, of a user who may do everything."""
        with self.tester.open(self.addresses[member.host]) as node:
            return str(node.ask(*command))

    def converge(self, connector: Connector | None = None, deadline: float = 180.0, patience: float = 5.0) -> None:
        """Runs the agent's command."""
        asked = connector or self.connector
        converge(self.goal, asked, Console(), deadline=deadline, interval=0.1, patience=patience)

    def reshape(self, shards: int, replicas_per_shard: int) -> None:
        """Wants another topology, and starts the pods that it adds. Those that it has no more run on."""
        self.topology = Topology(self.topology.name, DOMAIN, shards, replicas_per_shard)
        shape = {"shards": shards, "replicas_per_shard": replicas_per_shard}
        self.settings = self.settings.model_copy(update=shape)
        self.goal = Goal(self.topology, self.settings.min_replicas_to_write, self.port, self.bus_port)
        new = [member for member in self.topology.members() if member.pod not in self.processes]
        for member in new:
            self.addresses[member.host] = self.fresh_address()
        for member in new:
            prepare(self.data(member) / "nodes.conf", self.announced(member), self.resolve, Console())
        self.launch(*new)

    def remove(self, *members: Member) -> None:
        """Ends pods for good: they have no address any more."""
        self.kill(*members)
        for member in members:
            del self.addresses[member.host]

    def delete(self, *members: Member) -> None:
        """Removes pods and their volumes."""
        self.remove(*members)
        for member in members:
            shutil.rmtree(self.data(member))

    def is_healthy(self) -> bool:
        """Whether every member says ok, serves every slot, and has its link up: asked without the agent's plan."""
        for member in self.topology.members():
            info = self.ask(member, "CLUSTER", "INFO")
            if "cluster_state:ok" not in info or "cluster_slots_ok:16384" not in info:
                return False
            if "cluster_slots_pfail:0" not in info or "cluster_slots_fail:0" not in info:
                return False
            replication = self.ask(member, "INFO", "replication")
            if "role:slave" in replication and "master_link_status:up" not in replication:
                return False
        return True

    def wait_until_known(self, replica: Member) -> None:
        """Until every member knows whom it follows: before that nobody votes for it, nor hands over to it."""
        own = parse_view(self.ask(replica, "CLUSTER", "NODES")).myself

        def is_known_by(member: Member) -> bool:
            record = parse_view(self.ask(member, "CLUSTER", "NODES")).records.get(own.id)
            return record is not None and record.master_id == own.master_id is not None and record.reachable

        members = self.topology.members()
        wait_until(lambda: all(is_known_by(member) for member in members), f"gossip about {replica.pod}")

    def set_node_timeout(self, seconds: int, *members: Member) -> None:
        """While it runs, of all members or of some. The news spread as fast as this is short."""
        for member in members or self.topology.members():
            self.ask(member, "CONFIG", "SET", "cluster-node-timeout", seconds * 1000)

    def node_ids(self) -> dict[str, str]:
        """Pod name → node id."""
        return {member.pod: self.ask(member, "CLUSTER", "MYID") for member in self.topology.members()}

    def is_master(self, member: Member) -> bool:
        """Whether it says so itself."""
        return "role:master" in self.ask(member, "INFO", "replication")

    def masters_by_shard(self) -> dict[int, list[str]]:
        """Shard → pods that are masters."""
        found: dict[int, list[str]] = {}
        for member in self.topology.members():
            if self.is_master(member):
                found.setdefault(member.shard, []).append(member.pod)
        return found

    def master_and_replica(self, shard: int) -> tuple[Member, Member]:
        """Of a shard with one replica."""
        first, second = self.shard_members(shard)
        return (first, second) if self.is_master(first) else (second, first)

    def master(self, shard: int) -> Member:
        """The member of a shard that says so itself and owns slots."""
        (found,) = [
            member
            for member in self.shard_members(shard)
            if self.is_master(member) and parse_view(self.ask(member, "CLUSTER", "NODES")).myself.slot_ranges
        ]
        return found

    def write_keys(self, count: int) -> None:
        """Writes so many keys to every shard, each to its master, and waits until all members have them on file."""
        for shard in range(self.topology.shards):
            master = self.master(shard)
            self.set_keys(master, shard, "key", count)
            for member in self.shard_members(shard):
                wait_until(lambda member=member, master=master: self._has_all(member, master), "written to the file")

    def set_keys(self, master: Member, shard: int, prefix: str, count: int) -> None:
        """Writes the first keys PREFIX-NUMBER that are the shard's, so many of them, to its master."""
        slots = self.topology.target_slots(shard)
        numbers = (number for number in itertools.count() if key_slot(f"{prefix}-{number}".encode()) in slots)
        with self.tester.open(self.addresses[master.host]) as node:
            node.ask_all([("SET", f"{prefix}-{number}", number) for number in itertools.islice(numbers, count)])

    def _has_all(self, member: Member, master: Member) -> bool:
        """With `appendfsync everysec` writes wait in memory while an earlier fsync runs, and die with the process."""
        same = self.ask(member, "DBSIZE") == self.ask(master, "DBSIZE")
        return same and "aof_buffer_length:0" in self.ask(member, "INFO", "persistence")

    def count_keys(self) -> int:
        """All keys that masters hold."""
        return sum(int(self.ask(member, "DBSIZE")) for member in self.topology.members() if self.is_master(member))


def local_cluster(
    folder: Path, shards: int, replicas_per_shard: int, node_timeout_ms: int = 1000, tls: TlsSettings | None = None
) -> Iterator[LocalCluster]:
    """A cluster whose processes run and know nothing of each other yet; for a fixture to `yield from`."""
    settings = RedisClusterSettings(
        shards=shards,
        replicas_per_shard=replicas_per_shard,
        conf=RedisConf(node_timeout_ms=node_timeout_ms, save=[]),
        tls=tls,
    )
    cluster = LocalCluster(Topology("redis", DOMAIN, shards, replicas_per_shard), folder, settings)
    try:
        cluster.start(*cluster.topology.members())
        yield cluster
    finally:
        cluster.close()
