"""What a node says of its own disk."""

from .client import Node


def is_on_disk(node: Node) -> bool:
    """Whether Redis, ended now, would find what it has.

    After a full copy it writes its append-only file anew, and until that ends the one on the disk is older. It says the
    same while it only makes a long file shorter. Without an append-only file the copied snapshot is there.
    """
    state = node.fields("INFO", "persistence")
    if state["aof_enabled"] == "0":
        return True
    busy = (state["aof_rewrite_in_progress"], state["aof_rewrite_scheduled"]) != ("0", "0")
    return not busy and state["aof_last_bgrewrite_status"] == "ok"
