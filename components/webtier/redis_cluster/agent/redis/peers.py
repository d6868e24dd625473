"""Asks the other nodes how they see the cluster, before this node is a part of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import NodeError, NodeNotReadyError
from ..parallel import in_parallel
from .client import Connector
from .view import ClusterView


@dataclass(frozen=True)
class Peer:
    """A node that answered, at the address where it did."""

    ip: str
    view: ClusterView

    @property
    def name(self) -> str:
        """Its pod's name."""
        return self.view.myself.name


@dataclass(frozen=True)
class Answers:
    """`peers` said how they see the cluster; at each address in `busy` runs a Redis that can't say so yet."""

    peers: list[Peer]
    busy: dict[str, str]


def ask_peers(ips: Iterable[str], connector: Connector) -> Answers:
    """Asks all addresses at once; takes as long as the slowest, and that is bounded."""

    def ask(ip: str) -> Peer | NodeNotReadyError | None:
        try:
            with connector.open(ip) as node:
                return Peer(ip, node.view())
        except NodeNotReadyError as error:
            return error
        except NodeError:
            return None

    addresses = sorted(set(ips))
    answers = dict(zip(addresses, in_parallel(ask, addresses), strict=True))
    return Answers(
        peers=[answer for answer in answers.values() if isinstance(answer, Peer)],
        busy={ip: str(answer) for ip, answer in answers.items() if isinstance(answer, NodeNotReadyError)},
    )
