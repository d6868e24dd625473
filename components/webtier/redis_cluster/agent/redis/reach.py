"""Asks other nodes of the cluster, by who they are: addresses are handed on to other pods."""

from collections.abc import Callable, Collection, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from ..errors import (
    CommandRefusedError,
    NodeAliveError,
    NodeError,
    NodeNotReadyError,
    NodeSilentError,
    NodeUnavailableError,
)
from ..parallel import in_parallel
from .client import Connector, Node
from .resolver import resolve_within
from .topology import Member
from .view import ClusterView, Record

Answer = TypeVar("Answer")


def open_node(node_id: str, ip: str, connector: Connector, name: str = "", patient_until: float = 0.0) -> Node:
    """The node with that id, to be closed by the caller. NodeUnavailableError also where another one answers."""
    node = connector.open(ip)
    node.name = name
    node.patient_until = patient_until
    try:
        if node.ask("CLUSTER", "MYID") != node_id:
            raise NodeUnavailableError(node.says("is not the node that answers at its address"))
    except BaseException:
        node.close()
        raise
    return node


def ask_member(
    record: Record,
    question: Callable[[Node], Answer],
    connector: Connector,
    *,
    dns_timeout: float | None = None,
    also_at: Collection[str] = (),
) -> Answer:
    """What the node of `record` answers, at the first of its addresses where it is the one that answers.

    DNS gets `dns_timeout` seconds for the pod's name; by default as long as a node gets for an answer. `also_at` are
    further addresses at which it may be. NodeUnavailableError says why it can't be asked.
    """
    known = addresses_of(record, connector, dns_timeout)
    reasons = [] if known else ["has no address"]
    for ip in dict.fromkeys([*known, *also_at]):
        try:
            with open_node(record.id, ip, connector) as node:
                return question(node)
        except NodeError as error:
            reasons.append(str(error))
    raise NodeUnavailableError(reasons[0])


def ask_member_if_reachable(
    record: Record,
    question: Callable[[Node], Answer],
    connector: Connector,
    *,
    dns_timeout: float | None = None,
    also_at: Collection[str] = (),
) -> Answer | None:
    """The same; None where it can't be asked."""
    try:
        return ask_member(record, question, connector, dns_timeout=dns_timeout, also_at=also_at)
    except NodeUnavailableError:
        return None


@contextmanager
def open_pod(member: Member, connector: Connector) -> Generator[tuple[Node, ClusterView]]:
    """A pod's node, whatever its id, and its view. NodeUnavailableError also where another pod answers."""
    addresses = connector.resolve(member.host)
    if not addresses:
        raise NodeUnavailableError("has no address yet")
    with connector.open(addresses[0]) as node:
        view = node.view()
        named = view.myself.address.hostname
        if named and named != member.host:
            # The address has been handed on to another pod, and DNS does not know yet.
            raise NodeUnavailableError(f"has an address at which {named} answers")
        yield node, view


def addresses_of(record: Record, connector: Connector, dns_timeout: float | None) -> list[str]:
    """The pod's addresses by its name; the one in the record where DNS has none in that time, as in `ask_member`.

    The record may hold an address of the pod's host, announced for clients outside.
    """
    host = record.address.hostname
    seconds = connector.timeout if dns_timeout is None else dns_timeout
    found = resolve_within(seconds, connector.resolve, host) if host else []
    return found or ([record.address.ip] if record.address.ip else [])


def answers_as(node_id: str, ip: str, connector: Connector) -> bool:
    """Whether this node serves there. Another node at that address, silence and LOADING mean no.

    Whoever answers without saying who it is (it refuses the password, it has no connection left)
    counts: no node is to be replaced because of that.
    """
    return why_silent(node_id, ip, connector) is None


def why_silent(node_id: str, ip: str, connector: Connector) -> NodeUnavailableError | None:
    """Why this node does not answer there; None when it does, as in `answers_as`."""
    try:
        open_node(node_id, ip, connector).close()
    except (NodeAliveError, CommandRefusedError):
        return None
    except NodeUnavailableError as error:
        return error
    return None


def is_there(node_id: str, ip: str, connector: Connector) -> bool:
    """Whether this node's process is there, although it may serve nobody just now.

    One that takes connections and says nothing is busy or stopped: its writes are not lost, and go on when it does. A
    process that is gone refuses connections, and so does a pod's address where nobody is; those to a lost node hang.
    Both is asked at once: a witness that takes a second is not waited for.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        listening = pool.submit(connector.is_listening, ip)
        reason = why_silent(node_id, ip, connector)
        return reason is None or (isinstance(reason, NodeSilentError) and listening.result())


@dataclass(frozen=True)
class Peer:
    """A node that answered, at the address where it did."""

    ip: str
    view: ClusterView

    @property
    def name(self) -> str:
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
