"""Who can reach a node over the cluster's bus, as the node itself knows it."""

from .client import Node


def inbound_links(node: Node) -> frozenset[str]:
    """Ids of the nodes that have a link to this one's present process. It needs Redis 7.0.

    A master sends its vote over its own link to the candidate, and once it has voted not again in that
    epoch: a vote without a link is lost, and the candidate waits four node timeouts for its next election.
    CLUSTER NODES doesn't tell: it calls a link connected while it is still being made, which after
    a restart behind a NodePort takes seconds.
    """
    links = [dict(zip(each[::2], each[1::2], strict=True)) for each in node.ask("CLUSTER", "LINKS")]
    return frozenset(str(link["node"]) for link in links if link["direction"] == "from")
