"""Who is believed that a master answers no longer, and what counts as an answer."""

import json
from dataclasses import asdict, replace

from tests.unit.webtier.redis_cluster.agent.harness.agents import listening
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import APPLICATION_PASSWORD, LocalCluster
from tests.unit.webtier.redis_cluster.agent.harness.remembering import Remembering
from webtier.redis_cluster.agent.failover.witness import QUESTIONS, Answer, Question, ask_witnesses
from webtier.redis_cluster.agent.features import Feature
from webtier.redis_cluster.agent.redis.node_timeout import node_timeout, set_node_timeout
from webtier.redis_cluster.agent.redis.reach import answers_as, is_there
from webtier.redis_cluster.credentials.acl import APPLICATION_USER


def test_nobody_without_the_password_makes_a_witness_speak(slow: LocalCluster) -> None:
    ids = slow.node_ids()
    (master, replica), (other, follower), (witness, _) = (slow.master_and_replica(shard) for shard in range(3))
    ours = slow.beside(replica)
    asked = Question(ids[replica.pod], ids[master.pod], ())
    forged = json.dumps(asdict(Question(ids[follower.pod], ids[other.pod], ())))
    console = Remembering()

    def answers() -> dict[str, Answer]:
        return ask_witnesses(asked, {ids[witness.pod]}, 1, ours, 60.0)

    with (
        listening(slow, witness, console=console, patience=30.0),
        replace(ours, user=APPLICATION_USER, password=lambda: APPLICATION_PASSWORD).open_local() as anybody,
    ):
        assert answers()
        # The last are the bytes FF and FE, which are no text.
        for message in ("", forged, f"{'0' * 64} {forged}", "\udcff\udcfe"):
            anybody.ask("PUBLISH", QUESTIONS, message)
        # The bus keeps their order: it has had the others when it answers this one.
        assert answers()

    assert console.said(f"asked about {master.pod}, which is there as seen from here")
    assert not console.said(other.pod)


def test_no_master_counts_as_gone_while_a_large_key_moves(slow: LocalCluster) -> None:
    """The source and the target of such a key take no connections once their accept queues are full."""
    ids = slow.node_ids()
    (master, replica), (witness, _) = (slow.master_and_replica(shard) for shard in range(2))
    ours = slow.beside(replica)
    asked = Question(ids[replica.pod], ids[master.pod], ())
    silent_is_gone = frozenset({Feature.PRESENCE})
    with slow.beside(witness).open_local() as redis:
        configured = node_timeout(redis)
        with (
            listening(slow, witness, patience=1.0, node_timeout=configured, without=silent_is_gone),
            slow.stopped(master),
        ):
            said = [ask_witnesses(asked, {ids[witness.pod]}, 1, ours, 60.0)[ids[witness.pod]]]
            set_node_timeout(redis, 2 * configured)
            said.append(ask_witnesses(asked, {ids[witness.pod]}, 1, ours, 60.0)[ids[witness.pod]])
        set_node_timeout(redis, configured)
    assert [each.reached for each in said] == [False, True]


def test_a_sign_of_life_is_more_than_a_connection(slow: LocalCluster) -> None:
    master = slow.topology.member(0, 0)
    ip = slow.addresses[master.host]
    own_id = slow.ask(master, "CLUSTER", "MYID")
    patient, quick = replace(slow.connector, timeout=30.0), replace(slow.connector, timeout=0.3)
    stranger = replace(patient, password=lambda: "wrong")

    assert answers_as(own_id, ip, patient)
    assert answers_as(own_id, ip, stranger), "it refuses the password: it lives"
    assert not answers_as("0" * 40, ip, patient), "another node has the address now"
    assert not answers_as(own_id, slow.fresh_address(), patient)
    assert not is_there(own_id, slow.fresh_address(), patient)
    assert not is_there("0" * 40, ip, patient)
    with slow.stopped(master):
        assert not answers_as(own_id, ip, quick), "the kernel takes connections for a stopped process"
        assert is_there(own_id, ip, quick), "which is there all the same"
    with slow.connector.open(ip) as node:
        node.ask("CONFIG", "SET", "maxclients", 1)
        assert answers_as(own_id, ip, patient), "it has no connection left: it lives"
        node.ask("CONFIG", "SET", "maxclients", 10000)
