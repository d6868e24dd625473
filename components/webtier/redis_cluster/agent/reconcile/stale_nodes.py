"""Stale nodes are forgotten by all members at once, or gossip would bring them back. Pure."""

from collections.abc import Iterator

from ..healing.forget import is_gone, is_needed
from ..redis.view import Record
from .cluster_state import ClusterState
from .steps import Action, step


def forget_stale_nodes(state: ClusterState, insist: bool) -> Iterator[Action]:
    """Forgets nodes that are not in the topology and do not run, and the old ids of pods that came back empty.

    A pod outside of the topology that still runs stays known: until it is deleted it sends clients
    to where its slots went.
    """
    for stale in _strangers(state):
        views = [(node, node.view.records[stale.id]) for node in state.all_nodes if stale.id in node.view.records]
        name = f"{stale.name} ({stale.id[:8]})" if stale.address.hostname else f"a node without a name ({stale.id[:8]})"
        if any(record.reachable for _, record in views):
            # It is going, or it can't be asked; what is left of it will also be forgotten later.
            if not insist:
                yield f"{name} is to be removed and still runs"
        elif any(is_needed(node.view, record) for node, record in views):
            yield f"{name} is gone, and a live replica still follows it"
        elif not any(is_gone(node.view, record) for node, record in views):
            yield f"{name} is gone, and the masters have not agreed on that yet"
        else:
            for node, _ in views:
                yield step(node, f"{node.pod} forgets {name}", "CLUSTER", "FORGET", stale.id)


def _strangers(state: ClusterState) -> list[Record]:
    """Nodes that a member knows, and that have not answered; by their ids, and with a name where a member has it."""
    answered = {node.id for node in state.all_nodes}
    found: dict[str, Record] = {}
    for node in state.all_nodes:
        for record in node.view.peers:
            if record.id not in answered and (record.id not in found or record.address.hostname):
                found[record.id] = record
    return [found[node_id] for node_id in sorted(found)]
