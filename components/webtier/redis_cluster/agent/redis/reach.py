"""Where a node is to be asked, and whether anybody answers there as that node."""

from collections.abc import Generator
from contextlib import contextmanager

from ..errors import CommandRefusedError, NodeAliveError, NodeUnavailableError
from .client import Connector, Node
from .resolver import Resolve, resolve_within
from .topology import Member
from .view import ClusterView, Record, parse_view


@contextmanager
def open_member(member: Member, connector: Connector, resolve: Resolve) -> Generator[tuple[Node, ClusterView]]:
    """A pod's node and how it sees the cluster. NodeUnavailableError also where another pod's node answers."""
    addresses = resolve(member.host)
    if not addresses:
        raise NodeUnavailableError("has no address yet")
    with connector.open(addresses[0]) as node:
        view = parse_view(str(node.ask("CLUSTER", "NODES")))
        named = view.myself.address.hostname
        if named and named != member.host:
            # An address that has been handed on to another pod before DNS knew.
            raise NodeUnavailableError(f"has an address at which {named} answers")
        yield node, view


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
    counts: no node is to be replaced because of that.
    """
    try:
        with connector.open(ip) as node:
            return node.ask("CLUSTER", "MYID") == node_id
    except (NodeAliveError, CommandRefusedError):
        return True
    except NodeUnavailableError:
        return False
