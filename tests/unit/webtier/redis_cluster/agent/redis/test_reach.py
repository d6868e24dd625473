"""Another node is asked by its id: who else answers at its address is never believed."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from webtier.redis_cluster.agent.errors import CommandRefusedError, NodeAliveError, NodeUnavailableError
from webtier.redis_cluster.agent.redis.client import Connector, Node
from webtier.redis_cluster.agent.redis.reach import ask_member, ask_member_if_reachable, open_node
from webtier.redis_cluster.agent.redis.view import Address, Record

OWN, OTHER = "a" * 40, "b" * 40
RECORD = Record(OWN, Address("10.0.0.9", 6379, 16379, "redis-0.nodes"), frozenset(), None, 0, True, ())


@dataclass(frozen=True)
class Nodes(Connector):
    """Who answers at which address: an id, or the error of asking. `asked` keeps the addresses."""

    ids: dict[str, str | Exception] = field(default_factory=dict[str, "str | Exception"])
    asked: list[str] = field(default_factory=list[str])

    def open(self, ip: str) -> Node:
        return _Known(ip, self)


class _Known(Node):
    def __init__(self, ip: str, nodes: Nodes) -> None:
        super().__init__(ip, nodes)
        self._nodes = nodes

    def ask(self, *command: str | int) -> Any:
        if command == ("CLUSTER", "MYID"):
            self._nodes.asked.append(self.ip)
        found = self._nodes.ids.get(self.ip, NodeUnavailableError("does not accept connections"))
        if isinstance(found, Exception):
            raise found
        return found


def nodes(*in_dns: str, **ids: str | Exception) -> Nodes:
    return Nodes(
        lambda: "", resolve=lambda _: list(in_dns), ids={f"10.0.0.{name[1:]}": who for name, who in ids.items()}
    )


def test_only_the_node_itself_is_asked() -> None:
    found = nodes("10.0.0.1", "10.0.0.2", n1=OTHER, n2=OWN)
    assert ask_member(RECORD, lambda node: node.ip, found) == "10.0.0.2"
    assert ask_member(RECORD, lambda node: node.ip, nodes(n1=OTHER, n2=OWN), also_at=["10.0.0.2"]) == "10.0.0.2"


def test_the_recorded_address_serves_while_dns_has_none() -> None:
    assert ask_member(RECORD, lambda node: node.ip, nodes(n9=OWN)) == "10.0.0.9"
    found = nodes("10.0.0.1", n9=OWN)
    assert ask_member_if_reachable(RECORD, lambda node: node.ip, found) is None
    assert found.asked == ["10.0.0.1"]


def test_the_reason_is_that_of_the_address_in_dns() -> None:
    found = nodes("10.0.0.1", n1=OTHER, n2=NodeUnavailableError("does not answer in time"))
    with pytest.raises(NodeUnavailableError, match=r"^is not the node that answers at its address$"):
        ask_member(RECORD, lambda node: node.ip, found, also_at=["10.0.0.2"])


@pytest.mark.parametrize("error", [NodeAliveError("has no connection left"), CommandRefusedError("refused it")])
def test_what_a_node_says_of_itself_is_kept(error: Exception) -> None:
    """Whoever watches a master takes both for a sign of life."""
    with pytest.raises(type(error), match=str(error)):
        open_node(OWN, "10.0.0.1", nodes(n1=error))
