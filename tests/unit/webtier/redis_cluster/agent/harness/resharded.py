"""What the tests of growing and shrinking have in common."""

from tests.unit.webtier.redis_cluster.agent.harness.application import Application
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import DOMAIN, LocalCluster, wait_until
from webtier.redis_cluster.agent.redis.topology import SLOTS, Member
from webtier.redis_cluster.agent.redis.view import parse_view

KEYS = 400


def fill(cluster: LocalCluster) -> None:
    with Application(cluster) as application:
        for number in range(KEYS):
            application.ask("SET", f"key-{number}", f"value-{number}")


def lost_keys(cluster: LocalCluster) -> list[str]:
    with Application(cluster) as reader:
        return [f"key-{number}" for number in range(KEYS) if reader.ask("GET", f"key-{number}") != b"value-%d" % number]


def outside(cluster: LocalCluster) -> list[Member]:
    """Pods that run and are not in the topology."""
    parsed = [cluster.topology.parse(f"{pod}.{DOMAIN}") for pod in cluster.processes]
    return [member for member in parsed if member and not cluster.topology.includes(member)]


def settle(cluster: LocalCluster, shards: int, replicas_per_shard: int) -> None:
    """The cluster in this shape, and no pod besides."""
    cluster.reshape(shards, replicas_per_shard)
    cluster.converge()
    if outside(cluster):
        cluster.delete(*outside(cluster))
        cluster.converge()


def check_complete(cluster: LocalCluster) -> None:
    """Healthy, even, and every member knows exactly the members; asked without the agent's plan."""
    wait_until(cluster.is_healthy, "healthy")
    size = len(cluster.topology.members()) + len(outside(cluster))
    for member in cluster.topology.members():
        view = parse_view(cluster.ask(member, "CLUSTER", "NODES"))
        assert len(view.records) == size
        assert not view.importing
        assert not view.migrating
        parts = [len(record.slots) for record in view.records.values() if record.slot_ranges]
        assert len(parts) == cluster.topology.shards
        assert sum(parts) == SLOTS
        assert max(parts) - min(parts) <= 1
        if not view.myself.is_master:
            master = view.records[view.myself.master_id or ""]
            owner = cluster.topology.parse(master.address.hostname)
            assert owner is not None
            assert owner.shard == member.shard
            assert master.slot_ranges
    for member in outside(cluster):
        drained = member.shard >= cluster.topology.shards
        assert not drained or cluster.ask(member, "DBSIZE") == "0"
        assert not parse_view(cluster.ask(member, "CLUSTER", "NODES")).myself.slot_ranges


def slot_of(cluster: LocalCluster, key: str) -> int:
    return int(cluster.ask(cluster.topology.member(0, 0), "CLUSTER", "KEYSLOT", key))


def put_aside(cluster: LocalCluster, key: str, source: Member, target: Member) -> None:
    """Writes a key as a client does that the slot's source has sent to its target."""
    slot = slot_of(cluster, key)
    source_id, target_id = (cluster.ask(member, "CLUSTER", "MYID") for member in (source, target))
    cluster.ask(target, "CLUSTER", "SETSLOT", slot, "IMPORTING", source_id)
    cluster.ask(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", target_id)
    with Application(cluster) as application:
        application.ask("SET", key, "value")
        assert application.redirections["ASK"] == 1
