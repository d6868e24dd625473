"""An update from the version whose members had one password for replication: pod by pod, and back again."""

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster, wait_until
from webtier.redis_cluster.agent.console import Console
from webtier.redis_cluster.agent.healing.access import Access
from webtier.redis_cluster.agent.healing.older_members import OlderMembers
from webtier.redis_cluster.agent.redis.replication_user import ShardLogin
from webtier.redis_cluster.agent.redis.topology import Member
from webtier.redis_cluster.agent.redis.view import shard_of
from webtier.redis_cluster.agent.start.start_handshake import StartHandshake


def restart(cluster: LocalCluster, member: Member) -> OlderMembers:
    """At the same address; the agent that is beside it then."""
    cluster.terminate(member)
    cluster.launch(member)
    return beside(cluster, member)


def beside(cluster: LocalCluster, member: Member) -> OlderMembers:
    connector, folder = cluster.beside(member), cluster.data(member)
    files, handshake = cluster.access_files, StartHandshake(folder)
    access = Access(files, ShardLogin(shard_of(member.host)), connector, handshake, Console())
    return OlderMembers(access, connector, Console(), every=0.0)


def look(agent: OlderMembers) -> None:
    with agent.connector.open_local() as redis:
        agent.step(redis)


def is_linked(cluster: LocalCluster, member: Member) -> bool:
    return "master_link_status:up" in cluster.ask(member, "INFO", "replication")


def test_members_of_both_versions_replicate_until_the_last_one_is_updated(two_nodes: LocalCluster) -> None:
    master, replica = two_nodes.shard_members(0)
    for member in (master, replica):
        two_nodes.older.add(member.pod)
        two_nodes.terminate(member)
    two_nodes.launch(master, replica)
    two_nodes.converge()

    two_nodes.older.remove(replica.pod)
    beside_replica = restart(two_nodes, replica)
    wait_until(lambda: "link_status:down" in two_nodes.ask(replica, "INFO", "replication"), "it is not let in")
    wait_until(lambda: (look(beside_replica), is_linked(two_nodes, replica))[1], "it follows as before")

    two_nodes.ask(replica, "CLUSTER", "FAILOVER")
    wait_until(lambda: two_nodes.is_master(replica), "the hand-over")
    wait_until(lambda: (look(beside_replica), is_linked(two_nodes, master))[1], "the older one is let in")

    two_nodes.older.remove(master.pod)
    beside_master = restart(two_nodes, master)

    def both_are_current() -> bool:
        look(beside_replica)
        look(beside_master)
        return is_linked(two_nodes, master) and not beside_replica.access.login.accepts_older

    wait_until(both_are_current, "the shard's own password alone")
    assert beside_replica.access.login == beside_master.access.login == ShardLogin(shard_of(master.host))
    accepted = two_nodes.ask(replica, "ACL", "GETUSER", "replication")
    two_nodes.older.add(master.pod)
    assert two_nodes.access_files.users(two_nodes.login(master)).split("user replication on #")[1][:64] not in accepted


def test_going_back_to_the_older_version_works_too(two_nodes: LocalCluster) -> None:
    two_nodes.converge()
    master, replica = two_nodes.shard_members(0)
    agent = beside(two_nodes, master)
    two_nodes.older.add(replica.pod)
    restart(two_nodes, replica)
    wait_until(lambda: (look(agent), is_linked(two_nodes, replica))[1], "the older one is let in")
