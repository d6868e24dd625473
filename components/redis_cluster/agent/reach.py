"""Where a node is to be asked, and whether anybody answers there as that node."""

from .client import Connector
from .errors import CommandRefusedError, NodeAliveError, NodeUnavailableError
from .resolver import Resolve, resolve_within
from .view import Record


def addresses_of(record: Record, resolve: Resolve, patience: float) -> list[str]:
    """The pod's addresses by its name; the one in the record where DNS has none after `patience` seconds.

    The record may hold an address of the pod's host, announced for clients outside.
    """
    host = record.address.hostname
    found = resolve_within(patience, resolve, host) if host else []
    return found or ([record.address.ip] if record.address.ip else [])


def answers_as(node_id: str, ip: str, connector: Connector) -> bool:
    """Whether this node serves there. Another node at that address, silence and LOADING mean no.

    Whoever answers without saying who it is (it refuses the password, it has no connection left)
    counts: nobody is to be replaced on such a doubt.
    """
    try:
        with connector.open(ip) as node:
            return node.ask("CLUSTER", "MYID") == node_id
    except (NodeAliveError, CommandRefusedError):
        return True
    except NodeUnavailableError:
        return False
