"""Who owns the slots of a node that is about to start: pure, from what the others say."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..redis.reach import Peer
from ..redis.topology import SLOTS
from ..redis.view import Address, ClusterView, Record


@dataclass(frozen=True)
class Identity:
    """A node by what it announces of itself, its host name above all, and by its `id` where nodes.conf has told it."""

    address: Address
    id: str | None = None

    def is_own(self, record: Record) -> bool:
        """Whether the record is of this node, or of one that had its host name before."""
        if record.id == self.id or record.address.hostname == self.address.hostname:
            return True
        # Names are told only some time after an introduction.
        return self.id is None and not record.address.hostname and self.is_at(record)

    def is_at(self, record: Record) -> bool:
        """Whether the record has this node's address: pods that are announced by NodePorts share their host's."""
        return (record.address.ip, record.address.port) == (self.address.ip, self.address.port)

    def same_shard(self, record: Record) -> bool:
        return record.address.shard == self.address.shard


@dataclass(frozen=True)
class Ownership:
    """`slots` are this node's, as the nodes in `said_by` say. Of those, `untaken` have no other owner.

    `owners` answer and own the others in a later epoch, the own shard's master first. `replicas` answer and
    follow this node. `records` are of this node, as the peers have them, the best one first.
    """

    slots: set[int]
    said_by: list[str]
    untaken: set[int]
    owners: list[Peer]
    replicas: list[Peer]
    records: list[tuple[Peer, Record]]

    @property
    def replaced(self) -> bool:
        """Whether others have taken over all that this node owned."""
        return bool(self.slots) and not self.untaken


def find_ownership(identity: Identity, own_view: ClusterView | None, peers: Sequence[Peer]) -> Ownership:
    """`own_view` is what nodes.conf says, None without one.

    Redis settles who is right about a slot by the epoch, and so is it done here. Only an owner that says so
    itself counts as one: of others one can't tell whether they are still there.
    """
    views = [(peer.name, peer.view) for peer in peers]
    if own_view is not None:
        views.insert(0, ("nodes.conf", own_view))
    epochs: dict[int, int] = {}
    said_by: list[str] = []
    for name, view in views:
        for record in view.records.values():
            if identity.is_own(record) and record.slot_ranges:
                said_by.append(name)
                epochs |= {slot: max(record.epoch, epochs.get(slot, -1)) for slot in record.slots}
    taken: Counter[str] = Counter()
    untaken = set(epochs)
    owners = [peer for peer in peers if peer.view.myself.is_master and not identity.is_own(peer.view.myself)]
    for peer in owners:
        its = peer.view.myself
        newly = {slot for slot in its.slots if slot in epochs and its.epoch > epochs[slot]}
        taken[peer.ip] = len(newly)
        untaken -= newly
    own_ids = {record.id for _, view in views for record in view.records.values() if identity.is_own(record)}
    return Ownership(
        slots=set(epochs),
        said_by=list(dict.fromkeys(said_by)),
        untaken=untaken,
        owners=sorted(
            (peer for peer in owners if taken[peer.ip]),
            key=lambda peer: (not identity.same_shard(peer.view.myself), -taken[peer.ip]),
        ),
        replicas=[peer for peer in peers if peer.view.myself.master_id in own_ids],
        records=sorted(
            ((peer, record) for peer in peers for record in peer.view.records.values() if identity.is_own(record)),
            key=lambda found: (not found[1].slot_ranges, -found[1].epoch),
        ),
    )


def count_voters(peers: Sequence[Peer]) -> tuple[int, int]:
    """How many masters answer and how many there are: more than half of them elect a replica."""
    if not peers:
        return 0, 0
    widest = max((peer.view for peer in peers), key=lambda view: len(view.records))
    masters = {record.id for record in widest.masters}
    return len(masters & {peer.view.own_id for peer in peers}), len(masters)


def is_complete(view: ClusterView) -> bool:
    return len(view.owners()) == SLOTS
