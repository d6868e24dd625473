"""Whether Redis may start, so that a node that lost its data never costs the others theirs: pure.

A master that comes back empty is copied by its replica, which then has nothing either. What is on the volume
and what the others say decide. "Owned" are slots that nodes.conf or any peer says are this node's:

    nodes.conf  data    slots                           what happens
    ----------  ------  ------------------------------  ------------------------------------------------------
    whole       whole   (not asked)                     starts
    any         no      owned, others own them by now   becomes a replica of its shard's master, withheld
    any         no      owned                           stays down until then
    whole       gone    none owned                      starts, withheld
    any         broken  none owned                      when its shard's master answers, the data is put aside and
                                                        it starts, withheld; else it stays down
    gone        gone    none, peers know its name       gets its identity back from them and starts, withheld
    gone        any     none, all have other owners     what is there is put aside; starts as a new node, withheld
    gone        gone    no node knows it                starts as a new node, withheld, after `formation_wait`
    gone        whole   peers know its name             gets its identity back from them and starts
    gone        whole   no node knows it                stays down

A nodes.conf that Redis would refuse counts as gone. Data is "no" when it is gone or broken, or when Redis began
without it and has had no whole copy since. "Withheld" (healing/incomplete_copy.py): no replica may copy this node until
it has its data or is known to need none; nor is it elected (failover/candidacy.py). A node that stays down says what a
person can do; with `accept-data-loss` in the data folder it starts, unless a replica that still has keys would be
emptied.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..failover.candidacy import PATIENCE
from ..redis.reach import Answers, Peer
from ..redis.topology import describe_slots
from ..redis.view import ClusterView, Record
from .data_folder import ACCEPT_FILE, Data
from .ownership import Identity, Ownership, count_voters, is_complete
from .remediation import Remediation

_MOST_LISTED = 3


@dataclass(frozen=True)
class Facts:
    """All that a decision depends on. `own_view` is nodes.conf, None when it is unusable: `nodes_fault` says why.

    `incomplete_copy`: the data on the volume was never a complete copy. `waited`: the other nodes had their time to
    answer. `formed`: the cluster is known to have been formed, and their time never ends.
    """

    identity: Identity
    data: Data
    own_view: ClusterView | None
    nodes_fault: str
    incomplete_copy: bool
    answers: Answers
    ownership: Ownership
    waited: bool
    formed: bool


@dataclass(frozen=True)
class Wait:
    """Redis must not start now; ask again in a second. The reason ends with what a person can do."""

    reason: str


@dataclass(frozen=True)
class OwnLine:
    """This node is to begin as `record` among all that `source` knows."""

    source: Peer
    record: Record


@dataclass(frozen=True)
class Begin:
    """Redis may start, after this. `nodes_file`: None leaves it alone, False puts it aside."""

    withhold: bool
    put_data_aside: bool = False
    nodes_file: OwnLine | bool | None = None
    event: str = ""


def judge(facts: Facts, remediation: Remediation) -> Begin | Wait:
    """By the table above."""
    if facts.own_view is not None and facts.data.whole:
        return Begin(withhold=False)
    ownership = facts.ownership
    in_use = _identity_in_use(facts, remediation)
    if in_use is not None:
        return in_use
    if ownership.replaced:
        return _follow_successor(facts)
    if ownership.slots and not facts.data.whole:
        return Wait(_why_down(facts, remediation))
    if facts.data.broken and not facts.incomplete_copy and _shard_master(facts) is None and not _is_stranger(facts):
        return Wait(
            f"this node's data {facts.data.fault}, and no master of its shard answers from which it could be copied "
            f"anew: it stays down until one does{_last_resort(facts, remediation)}"
        )
    if facts.own_view is not None:
        return Begin(
            withhold=True,
            put_data_aside=facts.data.broken,
            event=f"this node starts without data: it {facts.data.fault}{_what_is_copied(facts)}",
        )
    if ownership.records:
        return _restore_identity(facts)
    return _begin_anew(facts, remediation)


def judge_accepted(facts: Facts, remediation: Remediation, replica_keys: Mapping[str, int]) -> Begin | Wait:
    """In place of waiting, when a person accepts the loss. `replica_keys`: replica's pod → its keys."""
    in_use = _identity_in_use(facts, remediation)
    if in_use is not None:
        return in_use
    for pod, keys in replica_keys.items():
        if keys:
            return Wait(
                f"{ACCEPT_FILE} is ignored: {pod} follows this node and would lose its {keys} keys. Let it take "
                f"over: {remediation.take_over(pod)}"
            )
    event = f"{ACCEPT_FILE} is applied once: this node starts with the data that it has"
    aside = facts.data.broken
    if facts.own_view is not None:
        return Begin(withhold=False, put_data_aside=aside, event=event)
    if facts.ownership.slots and facts.ownership.records:
        return replace(_restore_identity(facts), withhold=False, event=event)
    return Begin(withhold=not facts.data.whole, put_data_aside=not facts.data.whole, nodes_file=False, event=event)


def _identity_in_use(facts: Facts, remediation: Remediation) -> Wait | None:
    """Two nodes with one id would confuse all others, and the old one may still run, cut off from this one."""
    if facts.own_view is not None:
        return None
    for peer in facts.answers.peers:
        for record in peer.view.records.values():
            if facts.identity.is_own(record) and record.reachable and not facts.identity.is_at(record):
                ip = record.address.ip
                return Wait(
                    f"nodes.conf {facts.nodes_fault}, and {peer.name} has a link to this node at "
                    f"{ip}:{record.address.port}. It stays down until that link is gone, which without a node there "
                    f"takes a node timeout. To find what runs there, and end it: {remediation.find_pod_at(ip)}"
                )
    return None


def _follow_successor(facts: Facts) -> Begin:
    master = _shard_master(facts)
    source = master or facts.ownership.owners[0]
    record = _own_record(facts, source, master.view.own_id if master else None)
    keeps_data = facts.data.whole and master is not None
    role = "its replica" if master else "a spare master"
    event = f"this node's data {facts.data.fault}" if not facts.data.whole else f"nodes.conf {facts.nodes_fault}"
    return Begin(
        withhold=not keeps_data,
        put_data_aside=not keeps_data,
        nodes_file=OwnLine(source, record),
        event=f"{event}, and {source.name} owns the slots by now: this node becomes {role}",
    )


def _restore_identity(facts: Facts) -> Begin:
    source, record = facts.ownership.records[0]
    if not record.slot_ranges and _shard_master(facts) is not None:
        return _follow_successor(facts)
    master_id = record.master_id if record.master_id in source.view.records else None
    own = replace(_own_record(facts, source, master_id), slot_ranges=record.slot_ranges)
    return Begin(
        withhold=not facts.data.whole,
        put_data_aside=facts.data.broken or (not facts.data.whole and master_id is None),
        nodes_file=OwnLine(source, own),
        event=f"nodes.conf {facts.nodes_fault}: it is rebuilt from what {source.name} knows",
    )


def _own_record(facts: Facts, source: Peer, master_id: str | None) -> Record:
    """This node as `source` knows it, but with the given master and without slots."""
    identity = facts.identity
    node_id = identity.id or facts.ownership.records[0][1].id
    known = source.view.records.get(node_id)
    return Record(
        id=node_id,
        address=identity.address,
        flags=frozenset({"myself", "slave" if master_id else "master"}),
        master_id=master_id,
        epoch=known.epoch if known else 0,
        connected=True,
        slot_ranges=(),
    )


def _begin_anew(facts: Facts, remediation: Remediation) -> Begin | Wait:
    peers, busy = facts.answers.peers, facts.answers.busy
    anew = Begin(withhold=True, put_data_aside=True, nodes_file=False, event="this node starts as a new one")
    if any(is_complete(peer.view) for peer in peers):
        return anew
    if facts.data.whole:
        return Wait(
            f"nodes.conf {facts.nodes_fault}, and none of the {len(peers)} nodes that answer knows this one. It stays "
            "down until one does; else it would serve its keys in a cluster of its own. To start it as a new node "
            f"with its data: {remediation.accept_loss()}"
        )
    if busy:
        running = [f"the node at {ip}, which {reason}" for ip, reason in busy.items()]
        return Wait(
            f"this node has neither data nor nodes.conf, and waits for {_listed(running)}{_without(facts, remediation)}"
        )
    if not facts.waited:
        return Wait(
            f"this node has neither data nor nodes.conf; {len(peers)} nodes answer, and others may know this one"
            f"{_without(facts, remediation)}"
        )
    return anew


def _without(facts: Facts, remediation: Remediation) -> str:
    """How to go on without the nodes that are waited for."""
    start = f". To start it as a new node without them: {remediation.accept_loss()}"
    if not facts.formed:
        return start
    return (
        f"{start}. If the volumes of all nodes are lost for good, do so for each of them, and then form the cluster "
        f"anew: {remediation.form_anew()}"
    )


def _shard_master(facts: Facts) -> Peer | None:
    """The master of this node's shard, if it answers: there the data can be copied from."""
    masters = [
        peer
        for peer in facts.answers.peers
        if peer.view.myself.slot_ranges and facts.identity.same_shard(peer.view.myself)
    ]
    return max(masters, key=lambda peer: peer.view.myself.epoch, default=None)


def _is_stranger(facts: Facts) -> bool:
    """Whether the cluster is complete without this node, and no node knows it."""
    unknown = facts.own_view is None and not facts.ownership.records
    return unknown and any(is_complete(peer.view) for peer in facts.answers.peers)


def _why_down(facts: Facts, remediation: Remediation) -> str:
    ownership = facts.ownership
    said_by = _listed(ownership.said_by)
    text = (
        f"this node's data {facts.data.fault}, and it owns the slots {describe_slots(ownership.slots)}, by what "
        f"{said_by} {'says' if len(ownership.said_by) == 1 else 'say'}. It stays down, so that no replica copies "
        "an empty master, until another node owns them"
    )
    answering, voters = count_voters(facts.answers.peers)
    if not ownership.replicas:
        return f"{text}. No replica of it answers{_last_resort(facts, remediation)}"
    pods = [replica.name for replica in ownership.replicas]
    if 2 * answering > voters:
        waits = not any(replica.view.myself.stands for replica in ownership.replicas)
        after = f" after having waited {PATIENCE:.0f} s for it" if waits else ""
        return f"{text}; {_listed(pods)} can be elected{after}. If none is: {remediation.take_over(pods[0])}"
    return (
        f"{text}. {answering} of {voters} masters answer, too few to elect {_listed(pods)}: if {pods[0]} has the data, "
        f"let it take over: {remediation.take_over(pods[0])}{_last_resort(facts, remediation)}"
    )


def _last_resort(facts: Facts, remediation: Remediation) -> str:
    cut_off = f". To cut the data off where it breaks: {remediation.cut_off()}" if facts.data.broken else ""
    if facts.data.writer:
        cut_off = f". To have it back, deploy an image that reads what {facts.data.writer} has written"
    return f"{cut_off}. To start it empty, if its data is lost for good: {remediation.accept_loss()}"


def _what_is_copied(facts: Facts) -> str:
    """A replica asks for a copy again and again, and only its Redis says why that can't be read either."""
    if not facts.data.writer:
        return ""
    return (
        f". Its master sends it another copy, which it can't read if that runs {facts.data.writer} too: then deploy an "
        "image that does"
    )


def _listed(names: list[str]) -> str:
    shown = names[:_MOST_LISTED]
    more = [f"{len(names) - len(shown)} more"] if len(names) > len(shown) else []
    *first, last = [*shown, *more]
    return f"{', '.join(first)} and {last}" if first else last
