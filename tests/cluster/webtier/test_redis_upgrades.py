"""A Redis Cluster becomes another server by a roll, with data and under load, and one that it can't become.

Each roll is a fault of the fault suite that may cost nobody anything: its writers, clients and counts are used here.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest
from pulumi import automation

from command_line.progress import Progress
from command_line.subprocesses import CommandError
from devcluster.cluster.cluster import Cluster
from devcluster.images import reference
from devcluster.images.redis import DEFAULT, NEWER, SERVERS, Server
from devcluster.materials import Materials
from operations.local import PROJECT
from tests.cluster.harness.tier import Tier
from tests.cluster.webtier import redis_data
from tests.faults.catalog.fault import PLANNED, Expectation, Fault
from tests.faults.clients.client_process import connect
from tests.faults.harness.context import FaultContext
from tests.faults.harness.harness import FaultHarness, only_one
from tests.faults.harness.processes import kill_engine
from tests.faults.harness.report import Report

NAMESPACE = "upgrades"
FIRST_PORT = 31400
"""Of the nodes' ports: others than those of the fault suite, which may run beside it."""
FIGURES = PROJECT / "build" / "upgrades.json"
ROLL_SECONDS = 600.0
QUIET_SECONDS = 20.0
"""An agent that has something to say about how things stand repeats it after 15 s."""

ALL_WELL = "this node has links to all 5 peers"


@pytest.fixture(scope="module")
def harness(tier: Tier) -> Iterator[FaultHarness]:
    """A Redis Cluster of its own, on nodes that have the images of all servers."""
    images = [server.image for server in NEWER]
    try:
        Materials(tier.paths).make((), Progress(), images)
    except CommandError as error:
        pytest.skip(f"the newer servers can't be made on this machine: {error}")
    cluster = Cluster(tier.paths, Progress(), images)
    for node in cluster.nodes:
        cluster.load_images(node)
    always = {"access": {"pods": {"kind": "node_ports", "first": FIRST_PORT}}}
    with only_one(tier, NAMESPACE):
        made = FaultHarness(tier, NAMESPACE, always)
        yield made
        made.close()


def image(server: Server) -> Mapping[str, Any]:
    """The settings with which the cluster is this server."""
    return {"image": reference("redis" if server is DEFAULT else server.image)}


def version(context: FaultContext, facts: Any) -> str:
    """What a node says that it is, as servers are named here."""
    said = str(context.ask(facts.pod, "INFO", "server")).splitlines()
    fields = dict(line.split(":", 1) for line in said if ":" in line)
    kind = "valkey" if "valkey_version" in fields else "redis"
    return f"{kind}-{'.'.join(fields[f'{kind}_version'].split('.')[:2])}"


def told_by_agents(context: FaultContext, since: float) -> list[str]:
    """The lines of all agents from the last `since` seconds."""
    options = ("-l", "app.kubernetes.io/name=redis", "-c", "agent", "--prefix", "--tail=-1", f"--since={since:.0f}s")
    return context.deployment.kubectl("logs", *options).splitlines()


def check_all_is_as_before(context: FaultContext, server: Server, before: Mapping[str, object]) -> None:
    """Every node is that server, has all data, and no agent sees anything to be done."""
    context.wait_well(120)
    found = {facts.pod.name: version(context, facts) for facts in context.nodes()}
    context.require(set(found.values()) == {server.name}, f"not every node is {server.name}: {found}")
    with connect(context.deployment.access_file) as client:
        differing = redis_data.differing(before, redis_data.read(client))
    context.require(not differing, f"{len(differing)} keys are not as they were: {'; '.join(differing[:5])}")
    time.sleep(QUIET_SECONDS)
    told = [line for line in told_by_agents(context, QUIET_SECONDS - 2) if not line.endswith(ALL_WELL)]
    context.require(not told, f"agents have something to say: {told[:5]}")


def written(context: FaultContext) -> Mapping[str, object]:
    """The data that has to stay, as it is before."""
    with connect(context.deployment.access_file) as client:
        redis_data.write(client)
        return redis_data.read(client)


def removed(context: FaultContext) -> None:
    with connect(context.deployment.access_file) as client:
        redis_data.remove(client)


def roll_to(server: Server) -> Callable[[FaultContext], None]:
    def act(context: FaultContext) -> None:
        before = written(context)
        context.begin()
        context.deployment.up(image(server))
        context.note(f"rolled after {context.now() - context.begun:.0f} s")
        check_all_is_as_before(context, server, before)

    return act


def upgrade(old: Server, new: Server) -> Fault:
    return Fault(
        f"from-{old.name}-to-{new.name}",
        f"{old.name} becomes {new.name} by a roll",
        roll_to(new),
        PLANNED,
        act_seconds=ROLL_SECONDS,
        changes=image(old),
        restore=removed,
    )


def run(harness: FaultHarness, fault: Fault) -> None:
    record = harness.run(fault, 1)
    Report([fault.name], FIGURES, FIGURES.with_suffix(".md")).add(record)
    assert record.passed, "; ".join([*record.complaints, *record.notes])


@pytest.mark.nightly
@pytest.mark.parametrize("path", [("redis-7.0", "valkey-8.1", "valkey-9.1"), ("redis-7.0", "redis-8.0")], ids=" ".join)
def test_a_cluster_becomes_the_next_server_without_losing_anything(
    harness: FaultHarness, path: tuple[str, ...]
) -> None:
    harness.deployment.destroy()
    servers = [SERVERS[name] for name in path]
    for old, new in pairwise(servers):
        run(harness, upgrade(old, new))


def fail_to_go_back(context: FaultContext) -> None:
    """Back to a server that can't read the data, until its first pod has said so, and forward again."""
    before = written(context)
    context.begin()
    with context.in_background(lambda: cut_off(context, image(DEFAULT))):
        context.wait(lambda: refusals(context), ROLL_SECONDS, "an agent says that its server can't read the data", 1.0)
        # For Kubernetes to go on with the next pod.
        time.sleep(QUIET_SECONDS)
        kill_engine()
    refused = {line.partition("/agent]")[0] for line in refusals(context)}
    context.require(len(refused) == 1, f"more than one pod was replaced: {refused}")
    found = {facts.pod.name: version(context, facts) for facts in context.nodes()}
    context.note(f"meanwhile: {found}")
    masters = [version(context, facts) for facts in context.masters() if facts.view.myself.slots]
    context.require(masters == [NEW.name] * 3, f"the masters are {masters}")
    context.deployment.refresh()
    context.deployment.up(image(NEW))
    check_all_is_as_before(context, NEW, before)


def refusals(context: FaultContext) -> list[str]:
    return [line for line in told_by_agents(context, ROLL_SECONDS) if "was written by redis 8.0." in line]


def cut_off(context: FaultContext, changes: Mapping[str, Any]) -> None:
    """An update that fails, or is killed before it does."""
    with pytest.raises(automation.CommandError):
        context.deployment.up(changes)


NEW = SERVERS["redis-8.0"]
GOING_BACK = Fault(
    "back-to-redis-7.0",
    "back to a server that can't read the data: the roll stops at the first pod",
    fail_to_go_back,
    Expectation(longest_gap=1.0, failed_commands=0),
    act_seconds=1500.0,
    changes=image(NEW),
    restore=removed,
)


@pytest.mark.nightly
def test_a_server_that_can_not_read_the_data_stops_the_roll_and_nothing_is_lost(harness: FaultHarness) -> None:
    harness.deployment.destroy()
    run(harness, GOING_BACK)
