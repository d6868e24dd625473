"""What the agent repairs beside a running Redis: nothing that fails stops anything else."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import (
    APPLICATION_PASSWORD,
    DOMAIN,
    TESTER,
    LocalCluster,
    wait_until,
)
from tests.unit.webtier.redis_cluster.agent.harness.scripted_pod import Pod
from tests.unit.webtier.redis_cluster.agent.harness.watched_connector import WatchedConnector
from webtier.redis_cluster.agent.console import Console
from webtier.redis_cluster.agent.errors import CommandRefusedError, NodeUnavailableError
from webtier.redis_cluster.agent.failover.draining import NO_FAILOVER
from webtier.redis_cluster.agent.healing.heal import Healer
from webtier.redis_cluster.agent.redis.client import Connector, Node
from webtier.redis_cluster.credentials.acl import (
    APPLICATION_RULES,
    APPLICATION_USER,
    EXPORTER_USER,
    InternalPasswords,
)

UNKNOWN_RULE = f"{APPLICATION_RULES} +no-such-command"
NEXT = InternalPasswords("a seed", 2)


@pytest.fixture
def pod(two_nodes: LocalCluster) -> Iterator[Pod]:
    """Of a replica; it does not run yet."""
    two_nodes.converge()
    pod = Pod(two_nodes)
    yield pod
    pod.stop.set()


def start(pod: Pod) -> None:
    pod.start_redis()
    pod.start_agent()
    wait_until(pod.answers, "Redis runs")


def may_log_in(pod: Pod, user: str, password: str) -> bool:
    connector = Connector(lambda: password, pod.cluster.port, pod.cluster.bus_port, user=user)
    try:
        with connector.open(pod.ip) as node:
            node.ask("INFO", "server")
    except NodeUnavailableError:
        return False
    return True


def is_repaired(pod: Pod) -> None:
    """Something that comes after all else."""
    pod.cluster.ask(pod.member, "CONFIG", "SET", NO_FAILOVER, "yes")
    wait_until(lambda: pod.cluster.stands(pod.member), "it is decided whether the node stands for election")


def test_a_rule_that_redis_does_not_know_stops_nothing_else(pod: Pod) -> None:
    start(pod)
    wait_until(lambda: pod.cluster.stands(pod.member), "the agent has looked")
    pod.mount(NEXT, UNKNOWN_RULE)

    password = InternalPasswords("a seed", 3).current(EXPORTER_USER)
    wait_until(lambda: may_log_in(pod, EXPORTER_USER, password), "the other users are set")
    wait_until(lambda: pod.console.said("users and passwords are not in effect: this pod's Redis refused ACL"), "said")
    is_repaired(pod)
    assert may_log_in(pod, APPLICATION_USER, APPLICATION_PASSWORD), "as it was before"


def test_redis_starts_without_users_whose_rules_it_does_not_know(pod: Pod) -> None:
    pod.mount(NEXT, UNKNOWN_RULE)
    pod.start_agent()
    failed = pod.start_redis()
    wait_until(lambda: failed.poll() is not None, "Redis refuses the rule")
    assert "no-such-command" in (pod.folder / "users.acl").read_text()
    pod.start_redis()
    wait_until(lambda: may_log_in(pod, TESTER, TESTER), "Redis runs, and the agent has set what it can")
    is_repaired(pod)
    assert not may_log_in(pod, APPLICATION_USER, APPLICATION_PASSWORD)

    pod.mount(NEXT)
    wait_until(lambda: may_log_in(pod, APPLICATION_USER, APPLICATION_PASSWORD), "the rules are mended")


def test_an_error_that_nobody_has_thought_of_stops_nothing_else(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_healer: Healer, _redis: Node) -> None:
        raise ValueError("nobody has thought of this")

    monkeypatch.setattr(Healer, "step", fail)
    start(pod)
    wait_until(lambda: pod.cluster.stands(pod.member), "what comes later is done")
    assert pod.console.said("links and peers are not repaired: ValueError: nobody has thought of this")


def test_a_redis_that_can_not_write_is_repaired(pod: Pod) -> None:
    """It refuses PING. A replica does not."""
    start(pod)
    pod.cluster.ask(pod.member, "CLUSTER", "FAILOVER", "TAKEOVER")
    wait_until(lambda: pod.cluster.is_master(pod.member), "it is a master")
    (pod.folder / "dump.rdb").unlink(missing_ok=True)
    (pod.folder / "dump.rdb" / "in-the-way").mkdir(parents=True)
    pod.cluster.ask(pod.member, "CONFIG", "SET", "save", "3600 1")
    pod.cluster.ask(pod.member, "BGSAVE", "SCHEDULE")
    wait_until(lambda: not pod.answers(), "it refuses PING")
    is_repaired(pod)


def test_a_repair_that_redis_refuses_stops_no_other(two_nodes: LocalCluster) -> None:
    two_nodes.converge()
    asked: list[str] = []

    def refuse(command: str) -> None:
        asked.append(command)
        if command == "INFO replication":
            raise CommandRefusedError("refused INFO")

    connector = WatchedConnector.like(two_nodes.connector, before=refuse)
    beside = replace(connector, local_ip=two_nodes.addresses[two_nodes.topology.member(0, 1).host])
    with beside.open_local() as redis, pytest.raises(CommandRefusedError, match="refused INFO"):
        Healer(DOMAIN, beside, Console()).step(redis)
    assert asked[-1] == "CLUSTER NODES", "a peer has been asked whether it knows this node"
    assert "CLUSTER MYID" in asked


def test_a_redis_that_has_ended_is_said_once(pod: Pod) -> None:
    start(pod)
    wait_until(lambda: pod.cluster.stands(pod.member), "the agent has looked")
    before = len(pod.console.lines)
    pod.cluster.kill(pod.member)
    wait_until(lambda: pod.console.said("this pod's Redis does not accept connections"), "it is missed")
    time.sleep(3)
    said = [line for line in pod.console.lines[before:] if "this pod's Redis" in line]
    assert len(said) <= 2, "of three looks: one for what was cut off, one for all that follow"
