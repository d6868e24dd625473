"""Which peers are stale nodes and may be forgotten: their pods are gone for good. Pure, on one node's view."""

from ..redis.view import ClusterView, Record


def stale_nodes(view: ClusterView) -> list[Record]:
    """Peers that nothing depends on any more in this view.

    Failed by agreement, without slots, and no live replica follows them, this node least of all.
    Whether such a peer will come back has to be known from elsewhere.
    """
    return [record for record in view.peers if is_gone(view, record) and not is_needed(view, record)]


def is_gone(view: ClusterView, record: Record) -> bool:
    """Whether the masters agree that it has failed, or another node answered at its address.

    A suspicion is not enough, but where one master owns all slots: Redis never makes that a failure,
    since no other master could agree.
    """
    return bool(record.flags & {"fail", "noaddr"}) or (record.failed and len(view.masters) < 2)


def is_needed(view: ClusterView, record: Record) -> bool:
    """Whether it owns slots, or a live replica follows it."""
    return bool(record.slot_ranges) or any(
        other.master_id == record.id and other.reachable for other in view.records.values()
    )


def successor(view: ClusterView, record: Record) -> Record | None:
    """The reachable node that has taken over the record's host name: the pod came back under a new id."""
    host = record.address.hostname
    if not host:
        return None
    return next(
        (
            other
            for other in view.records.values()
            if other.id != record.id and other.address.hostname == host and other.reachable
        ),
        None,
    )
