"""Asks the other nodes how they see the cluster, before this node is a part of it."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ..errors import CommandRefusedError, NodeNotReadyError, NodeUnavailableError
from .client import Connector
from .view import ClusterView, parse_view


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
    peers: list[Peer] = []
    busy: dict[str, str] = {}

    def ask(ip: str) -> Peer | NodeNotReadyError | None:
        try:
            with connector.open(ip) as node:
                return Peer(ip, parse_view(str(node.ask("CLUSTER", "NODES"))))
        except NodeNotReadyError as error:
            return error
        except (NodeUnavailableError, CommandRefusedError):
            return None

    addresses = sorted(set(ips))
    with ThreadPoolExecutor(max_workers=16) as pool:
        for ip, answer in zip(addresses, pool.map(ask, addresses), strict=True):
            if isinstance(answer, Peer):
                peers.append(answer)
            elif answer is not None:
                busy[ip] = str(answer)
    return Answers(peers, busy)
