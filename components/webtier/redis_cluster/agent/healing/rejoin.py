"""How a node that came back finds its place: with an empty volume, or after the others have forgotten it.

Only for nodes that have nothing to lose: what holds a key is never touched. A node of a shard in
which no node owns slots stays as it is, since the shard may be a new one that is being filled.
"""

import re

from ..redis.view import ClusterView, Record

_POD = re.compile(r"(?P<shard>.+-shard-\d+)-\d+\.(?P<domain>.+)")


def master_to_follow(view: ClusterView) -> Record | None:
    """The master of this node's own shard, for a node that is a master beside it and owns nothing."""
    myself = view.myself
    if not myself.is_master or myself.slot_ranges or view.importing or view.migrating:
        return None
    return shard_master(view, myself.address.hostname)


def shard_master(view: ClusterView, host: str) -> Record | None:
    """Who owns the slots of the host's shard in this view, when that is exactly one other pod and in touch."""
    owners = [record for record in view.records.values() if record.slot_ranges and _are_mates(record, host)]
    if len(owners) != 1 or not owners[0].is_master or not owners[0].reachable:
        return None
    return owners[0]


def _are_mates(record: Record, host: str) -> bool:
    one, other = _POD.fullmatch(record.address.hostname), _POD.fullmatch(host)
    return one is not None and other is not None and record.address.hostname != host and one.groups() == other.groups()


def is_fresh(view: ClusterView) -> bool:
    """Whether it has never been in a cluster: it knows no other node and owns nothing."""
    return len(view.records) == 1 and not view.myself.slot_ranges
