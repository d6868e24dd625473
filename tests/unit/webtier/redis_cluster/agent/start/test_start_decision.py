"""The table of start_decision.py, row by row, without any Redis."""

from dataclasses import replace
from pathlib import Path

import pytest

from webtier.redis_cluster.agent.console import Console
from webtier.redis_cluster.agent.redis.client import Connector
from webtier.redis_cluster.agent.redis.nodes_file import render_nodes_file
from webtier.redis_cluster.agent.redis.reach import Answers, Peer
from webtier.redis_cluster.agent.redis.view import Address, parse_view
from webtier.redis_cluster.agent.start.data_folder import Data, DataFolder
from webtier.redis_cluster.agent.start.ownership import Identity, find_ownership
from webtier.redis_cluster.agent.start.remediation import Remediation
from webtier.redis_cluster.agent.start.start_attempt import StartAttempt
from webtier.redis_cluster.agent.start.start_decision import Begin, Facts, OwnLine, Wait, judge, judge_accepted
from webtier.redis_cluster.parts import AGENT_APPLICATION
from webtier.shared.labels import selector_labels

DOMAIN = "nodes.space.svc.cluster.local"
OWN = Address("10.9.0.9", 6379, 16379, f"r-shard-0-0.{DOMAIN}")
WHOLE, GONE, BROKEN = Data(True), Data(False, fault="is gone"), Data(False, True, "is broken: so")
REMEDIATION = Remediation(f"r-shard-0-0.{DOMAIN}", DataFolder(Path("/data")), Path("/auth"))


def node(name: str, slots: str = "", epoch: int = 1, follows: str = "", flags: str = "", ip: str = "10.0.0.1") -> str:
    """A line of CLUSTER NODES about the pod r-shard-`name`."""
    address = f"{ip}:6379@16379,r-shard-{name}.{DOMAIN}"
    role = ",".join(filter(None, ("slave" if follows else "master", flags)))
    link = "disconnected" if flags else "connected"
    master = identifier(follows) if follows else "-"
    return f"{identifier(name)} {address} {role} {master} 0 0 {epoch} {link} {slots}".strip()


def identifier(name: str) -> str:
    return name.replace("-", "").ljust(40, "0")


def own(line: str) -> str:
    """The same, as that node itself has it."""
    fields = line.split(" ")
    fields[2] += ",myself"
    return " ".join(fields)


def peer(figure: str, line: str, *others: str) -> Peer:
    """The answer of the node with the first line."""
    return Peer(f"10.0.1.{figure}", parse_view("\n".join((own(line), *others))))


def facts(
    data: Data,
    nodes_file: str | None = None,
    peers: tuple[Peer, ...] = (),
    busy: dict[str, str] | None = None,
    waited: bool = False,
    incomplete_copy: bool = False,
    formed: bool = False,
) -> Facts:
    own_view = parse_view(own(nodes_file)) if nodes_file else None
    identity = Identity(OWN, own_view.own_id if own_view else None)
    ownership = find_ownership(identity, own_view, peers)
    answers = Answers(list(peers), busy or {})
    return Facts(identity, data, own_view, "is gone", incomplete_copy, answers, ownership, waited, formed)


def reason(found: Begin | Wait) -> str:
    assert isinstance(found, Wait), found
    return found.reason


def begun(found: Begin | Wait) -> Begin:
    assert isinstance(found, Begin), found
    return found


def own_line(found: Begin | Wait) -> str:
    """From its address on."""
    line = begun(found).nodes_file
    assert isinstance(line, OwnLine)
    text = render_nodes_file([line.record], 7).splitlines()[0]
    assert text.startswith(f"{identifier('0-0')} {OWN.ip}:6379@16379,r-shard-0-0.{DOMAIN} ")
    return text.partition(DOMAIN)[2].strip()


MASTER, REPLICA = node("0-0", "0-99"), node("0-0", follows="0-1")
FAILED, SLOTLESS = node("0-0", "0-99", flags="fail"), node("0-0", flags="fail")
OTHERS = (node("1-0", "100-8000", 2), node("2-0", "8001-16383", 3))
SUCCESSOR = peer("0", node("0-1", "0-99", 4), *OTHERS, SLOTLESS)
WHOLE_WITHOUT_IT = peer("1", node("1-0", "0-8000", 5), OTHERS[1])


def voters(own: str, *more: str) -> tuple[Peer, ...]:
    """Two other masters that answer, with what they know of this node."""
    return tuple(peer(line[0], line, *(other for other in OTHERS if other != line), own, *more) for line in OTHERS)


def test_with_all_there_nobody_is_asked() -> None:
    assert judge(facts(WHOLE, MASTER), REMEDIATION) == Begin(withhold=False)


def test_a_replica_without_data_starts_withheld() -> None:
    for peers in ((), voters(REPLICA)):
        found = begun(judge(facts(GONE, REPLICA, peers), REMEDIATION))
        assert (found.withhold, found.put_data_aside, found.nodes_file) == (True, False, None)


@pytest.mark.parametrize("nodes_file", [MASTER, None], ids=["nodes.conf", "no nodes.conf"])
def test_an_owner_without_data_stays_down(nodes_file: str | None) -> None:
    replica = peer("0", node("0-1", follows="0-0"), *OTHERS, FAILED)
    found = reason(judge(facts(GONE, nodes_file, (*voters(FAILED), replica), waited=True), REMEDIATION))
    assert "this node's data is gone, and it owns the slots 0-99, by what " in found
    assert "until another node owns them; r-shard-0-1 can be elected. If none is: kubectl -n space exec r-" in found
    waiting = peer("0", node("0-1", follows="0-0", flags="nofailover"), *OTHERS, FAILED)
    found = reason(judge(facts(GONE, nodes_file, (*voters(FAILED), waiting), waited=True), REMEDIATION))
    assert "; r-shard-0-1 can be elected after having waited 60 s for it. If none is: kubectl" in found


def test_every_refusal_ends_with_what_a_person_can_do() -> None:
    replica = peer("0", node("0-1", follows="0-0"), *OTHERS, FAILED)
    busy = {"10.0.0.7": "is still loading its data"}
    refused = [
        judge(found, REMEDIATION)
        for found in (
            facts(GONE, MASTER, (*voters(FAILED), replica)),
            facts(GONE, MASTER, (replica,)),
            facts(GONE, MASTER, voters(FAILED)),
            facts(BROKEN, REPLICA),
            facts(GONE, peers=voters(REPLICA)),
            facts(WHOLE),
            facts(GONE),
            facts(GONE, formed=True),
            facts(GONE, busy=busy),
            facts(GONE, busy=busy, formed=True),
        )
    ]
    refused.append(judge_accepted(facts(GONE, MASTER, voters(FAILED)), REMEDIATION, {"r-shard-0-1": 5}))
    for found in refused:
        assert ": kubectl" in reason(found)


def test_without_any_volume_it_says_how_to_form_the_cluster_anew() -> None:
    cluster = selector_labels(AGENT_APPLICATION, "r")
    labels = ",".join(f"{key}={value}" for key, value in cluster.items())
    start = "kubectl -n space exec r-shard-0-0 -c agent -- touch /data/accept-data-loss"
    assert reason(judge(facts(GONE, formed=True), REMEDIATION)).endswith(
        f"To start it as a new node without them: {start}. If the volumes of all nodes are lost for good, do so for "
        f"each of them, and then form the cluster anew: kubectl -n space delete job -l {labels} && pulumi up --refresh"
    )


def test_without_a_replica_it_says_what_a_person_can_do() -> None:
    found = reason(judge(facts(GONE, MASTER, voters(FAILED)), REMEDIATION))
    assert found.endswith(
        "No replica of it answers. To start it empty, if its data is lost for good: "
        "kubectl -n space exec r-shard-0-0 -c agent -- touch /data/accept-data-loss"
    )
    assert "valkey-check-aof) --fix" not in found
    assert "valkey-check-aof) --fix" in reason(judge(facts(BROKEN, MASTER, voters(FAILED)), REMEDIATION))


def test_the_command_for_a_person_is_complete() -> None:
    replica = peer("0", node("0-1", follows="0-0"), FAILED)
    remediation = replace(REMEDIATION, tls=Path("/tls"))
    assert reason(judge(facts(GONE, MASTER, (replica,)), remediation)).endswith(
        "0 of 1 masters answer, too few to elect r-shard-0-1: if r-shard-0-1 has the data, let it take over: "
        "kubectl -n space exec r-shard-0-1 -c redis -- sh -c 'REDISCLI_AUTH=$(cat /auth/agent) "
        "$(command -v redis-cli || echo valkey-cli) --user agent --tls --cacert /tls/ca.crt --cert /tls/tls.crt --key "
        "/tls/tls.key cluster failover takeover'. To start it empty, if its data is lost for good: kubectl -n space "
        "exec r-shard-0-0 -c agent -- touch "
        "/data/accept-data-loss"
    )


@pytest.mark.parametrize("data", [GONE, BROKEN])
@pytest.mark.parametrize("nodes_file", [MASTER, None], ids=["nodes.conf", "no nodes.conf"])
def test_its_successor_is_followed(nodes_file: str | None, data: Data) -> None:
    found = judge(facts(data, nodes_file, (*voters(FAILED), SUCCESSOR)), REMEDIATION)
    assert (begun(found).withhold, begun(found).put_data_aside) == (True, True)
    assert own_line(found) == f"myself,slave {identifier('0-1')} 0 0 1 connected"


@pytest.mark.parametrize(
    "claim", [node("0-1", "0-99", 1), node("0-1", "0-98", 4)], ids=["an earlier epoch", "not all slots"]
)
def test_not_every_claim_makes_a_successor(claim: str) -> None:
    reason(judge(facts(GONE, MASTER, (*voters(FAILED), peer("0", claim, *OTHERS, FAILED))), REMEDIATION))


def test_a_successor_has_to_answer_itself() -> None:
    reason(judge(facts(GONE, MASTER, voters(SLOTLESS, node("0-1", "0-99", 4))), REMEDIATION))


def test_when_its_slots_went_to_other_shards_it_is_a_spare_master() -> None:
    taker = peer("1", node("1-0", "0-8000", 5), OTHERS[1], SLOTLESS)
    found = judge(facts(GONE, MASTER, (taker,)), REMEDIATION)
    assert own_line(found) == "master,myself - 0 0 1 connected"
    assert begun(found).withhold


def test_a_broken_file_is_kept_while_there_is_nobody_to_copy_from() -> None:
    found = reason(judge(facts(BROKEN, REPLICA, voters(REPLICA, node("0-1", "0-99"))), REMEDIATION))
    assert "no master of its shard answers" in found
    assert begun(judge(facts(BROKEN, REPLICA, incomplete_copy=True), REMEDIATION)).put_data_aside
    assert begun(judge(facts(BROKEN, REPLICA, (SUCCESSOR,)), REMEDIATION)).put_data_aside


def test_data_of_another_server_is_to_be_read_and_not_to_be_cut_off() -> None:
    fault = "was written by redis 8.0.2 and can't be read by the server that runs here (RDB: so)"
    foreign = Data(False, True, fault, writer="redis 8.0.2")
    told = "To have it back, deploy an image that reads what redis 8.0.2 has written"
    for nodes_file, peers in ((MASTER, ()), (MASTER, voters(MASTER)), (REPLICA, voters(REPLICA, node("0-1", "0-99")))):
        found = reason(judge(facts(foreign, nodes_file, peers), REMEDIATION))
        assert f"this node's data {fault}" in found
        assert told in found
        assert "--fix" not in found
        assert "--fix" in reason(judge(facts(BROKEN, nodes_file, peers), REMEDIATION))
    copied = begun(judge(facts(foreign, REPLICA, (peer("0", node("0-1", "0-99", 4), *OTHERS, REPLICA),)), REMEDIATION))
    assert copied.put_data_aside
    assert "which it can't read if that runs redis 8.0.2 too: then deploy an image that does" in copied.event


def test_an_unknown_node_starts_anew() -> None:
    anew = judge(facts(GONE, peers=(WHOLE_WITHOUT_IT,)), REMEDIATION)
    assert begun(anew).withhold
    assert judge(facts(GONE, waited=True), REMEDIATION) == anew
    assert "others may know this one" in reason(judge(facts(GONE), REMEDIATION))
    assert "others may know this one" in reason(judge(facts(GONE, peers=voters(OTHERS[0])), REMEDIATION))
    busy = {"10.0.0.7": "is still loading its data"}
    assert "the node at 10.0.0.7, which is still" in reason(judge(facts(GONE, busy=busy, waited=True), REMEDIATION))


def test_an_unknown_node_with_data_does_not_begin_a_cluster_of_its_own() -> None:
    assert "none of the 0 nodes that answer knows this one" in reason(judge(facts(WHOLE, waited=True), REMEDIATION))
    assert begun(judge(facts(WHOLE, peers=(WHOLE_WITHOUT_IT,)), REMEDIATION)).put_data_aside


@pytest.mark.parametrize(("data", "withheld"), [(GONE, True), (WHOLE, False)])
def test_its_identity_comes_back_from_its_peers(data: Data, withheld: bool) -> None:
    peers = voters(node("0-0", follows="0-1", flags="noaddr", ip=""), node("0-1", "0-99"))
    found = judge(facts(data, peers=peers), REMEDIATION)
    assert (begun(found).withhold, begun(found).put_data_aside) == (withheld, False)
    assert own_line(found) == f"myself,slave {identifier('0-1')} 0 0 1 connected"


def test_a_master_with_its_data_gets_its_slots_back_with_its_identity() -> None:
    found = judge(facts(WHOLE, peers=voters(FAILED)), REMEDIATION)
    assert own_line(found) == "master,myself - 0 0 1 connected 0-99"
    assert not begun(found).withhold


def test_no_identity_is_taken_that_is_still_in_use() -> None:
    assert "has a link to this node at 10.0.0.1" in reason(judge(facts(GONE, peers=voters(REPLICA)), REMEDIATION))
    at_its_host = voters(node("0-0", follows="0-1", ip=OWN.ip).replace("6379", "6380"), node("0-1", "0-99"))
    assert f"has a link to this node at {OWN.ip}:6380" in reason(judge(facts(GONE, peers=at_its_host), REMEDIATION))
    at_its_address = voters(node("0-0", follows="0-1", ip=OWN.ip), node("0-1", "0-99"))
    assert begun(judge(facts(GONE, peers=at_its_address), REMEDIATION)).withhold


def test_an_accepted_loss() -> None:
    stays = facts(GONE, MASTER, voters(FAILED))
    assert "would lose its 5 keys" in reason(judge_accepted(stays, REMEDIATION, {"r-shard-0-1": 5}))
    assert begun(judge_accepted(stays, REMEDIATION, {"r-shard-0-1": 0})).withhold is False
    broken = begun(judge_accepted(facts(BROKEN, MASTER), REMEDIATION, {}))
    assert (broken.withhold, broken.put_data_aside, broken.nodes_file) == (False, True, None)
    nameless = judge_accepted(facts(GONE, peers=voters(FAILED)), REMEDIATION, {})
    assert own_line(nameless).endswith(" 0-99")
    assert begun(nameless).withhold is False
    assert begun(judge_accepted(facts(GONE), REMEDIATION, {})).withhold
    assert begun(judge_accepted(facts(WHOLE), REMEDIATION, {})) == Begin(
        False, False, False, "accept-data-loss is applied once: this node starts with the data that it has"
    )


def guard(folder: Path) -> StartAttempt:
    connector = Connector(lambda: "", resolve=lambda _: [])
    return StartAttempt(DataFolder(folder), Identity(OWN), DOMAIN, Path("/auth"), connector, Console(), 0.0)


def make_data(folder: Path, nodes_file: str) -> None:
    (folder / "appendonlydir").mkdir()
    (folder / "appendonlydir" / "appendonly.aof.manifest").write_text("file a.incr.aof seq 1 type i\n")
    (folder / "appendonlydir" / "a.incr.aof").touch()
    (folder / "nodes.conf").write_text(own(nodes_file) + "\nvars currentEpoch 1 lastVoteEpoch 0\n")


def test_what_redis_wrote_since_a_start_without_data_is_no_data(tmp_path: Path) -> None:
    make_data(tmp_path, node("0-0"))
    assert guard(tmp_path).decide() == Begin(withhold=False)
    DataFolder(tmp_path).mark()
    assert begun(guard(tmp_path).decide()).withhold


def test_slots_that_it_was_given_since_then_make_it_data(tmp_path: Path) -> None:
    make_data(tmp_path, MASTER)
    DataFolder(tmp_path).mark()
    assert guard(tmp_path).decide() == Begin(withhold=False)
    assert not DataFolder(tmp_path).marked


def test_a_folder_that_can_not_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "nodes.conf").mkdir()
    found = guard(tmp_path).decide()
    assert isinstance(found, Wait)
    assert found.reason.startswith(f"{tmp_path} can't be used, which is tried again every second: ")
