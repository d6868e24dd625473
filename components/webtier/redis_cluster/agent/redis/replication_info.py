"""What a node says of its own replication, and of who can reach it over the cluster's bus."""

import math
from dataclasses import dataclass

from .client import Node
from .view import Record


@dataclass(frozen=True)
class Replication:
    """`offset` counts bytes of the stream `history` names; only offsets of the same history compare.

    `synced` is for replicas: the link is up and the first copy is complete; `heard_ago` whole seconds since the master
    has sent anything on it, infinite while it is down. `online` has, for masters, the addresses of the replicas that
    follow the stream; `followed_to` the offset up to which all of them have read it, as far as they have said.
    """

    is_replica: bool
    history: str
    offset: int
    synced: bool
    master_address: str
    online: frozenset[str]
    heard_ago: float = math.inf
    followed_to: int = 0

    def is_copied_from(self, master: Record | None) -> bool:
        """Whether the link is up, the first copy complete, and all of it from where that master is known to be."""
        place = None if master is None else f"{master.address.ip}:{master.address.port}"
        return self.is_replica and self.synced and self.master_address == place


def read_replication(node: Node) -> Replication:
    """Asks a node. NodeUnavailableError and CommandRefusedError as with any question."""
    fields = node.fields("INFO", "replication")
    is_replica = fields.get("role") == "slave"
    described = [value.split(",") for key, value in fields.items() if key.startswith("slave") and "state=" in value]
    replicas = [dict(pair.split("=", 1) for pair in pairs if "=" in pair) for pairs in described]
    online = [replica for replica in replicas if replica.get("state") == "online"]
    offset = int(fields.get("slave_repl_offset" if is_replica else "master_repl_offset", "0"))
    heard_ago = int(fields.get("master_last_io_seconds_ago", "-1"))
    return Replication(
        is_replica=is_replica,
        history=fields.get("master_replid", ""),
        offset=offset,
        synced=fields.get("master_link_status") == "up" and fields.get("master_sync_in_progress") == "0",
        master_address=f"{fields.get('master_host')}:{fields.get('master_port')}",
        online=frozenset(replica["ip"] for replica in online),
        heard_ago=math.inf if heard_ago < 0 else heard_ago,
        followed_to=min((int(replica["offset"]) for replica in online), default=offset),
    )


def inbound_links(node: Node) -> frozenset[str]:
    """Ids of the nodes that have a link to this one's present process. It needs Redis 7.0.

    A master sends its vote over its own link to the candidate, and once it has voted not again in that
    epoch: a vote without a link is lost, and the candidate waits four node timeouts for its next election.
    CLUSTER NODES doesn't tell: it calls a link connected while it is still being made, which after
    a restart behind a NodePort takes seconds.
    """
    links = [dict(zip(each[::2], each[1::2], strict=True)) for each in node.ask("CLUSTER", "LINKS")]
    return frozenset(str(link["node"]) for link in links if link["direction"] == "from")
