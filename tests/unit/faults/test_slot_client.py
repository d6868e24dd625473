"""What the writers' client makes of a redirection: one for good changes its view, one for a command does not."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import pytest
from redis import exceptions

from tests.faults.clients.access import Access, Credentials, Endpoint, Seeds
from tests.faults.clients.slot_client import SlotClient

OLD, NEW = ("10.0.0.1", 6379), ("10.0.0.2", 6379)
VIEW = (
    f"{1:040d} 10.0.0.1:6379@16379 {{}}master - 0 0 1 connected {{}}\n"
    f"{2:040d} 10.0.0.2:6379@16379 {{}}master - 0 0 2 connected {{}}\n"
)


class Node:
    """A connection to a node that gives its answers by the first word of a command."""

    def __init__(self, answers: Mapping[str, str | Exception]) -> None:
        self.asked: list[str] = []
        self._answers = answers

    def send_command(self, *command: str | int) -> None:
        self.asked.append(str(command[0]))

    def read_response(self) -> str:
        answer = self._answers[self.asked[-1]]
        if isinstance(answer, Exception):
            raise answer
        return answer


def client_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Exception, view_after: str
) -> tuple[SlotClient, Sequence[Node]]:
    """A client that takes the first node for the owner of all slots, which answers a SET with `refusal`."""
    views = iter([VIEW.format("myself,", "0-16383", "", ""), view_after])

    class OldOwner(Node):
        def read_response(self) -> str:
            return next(views) if self.asked[-1] == "CLUSTER" else super().read_response()

    nodes = {OLD: OldOwner({"SET": refusal}), NEW: Node({"ASKING": "OK", "SET": "OK"})}

    def connect(_access: Access, endpoint: Endpoint, _timeout: float) -> Node:
        return nodes[endpoint]

    monkeypatch.setattr(Access, "connect", connect)
    someone = Credentials("someone", "password")
    Access("kubeconfig", "faults", someone, someone).write(file := tmp_path / "access.json")
    client = SlotClient(file, cast("Seeds", object()), 0.3)
    client.look_around(first=OLD)
    return client, [*nodes.values()]


def test_a_slot_that_has_moved_is_a_refusal_and_the_next_attempt_goes_to_its_new_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = exceptions.MovedError("7 10.0.0.2:6379")
    client, (old, new) = client_of(tmp_path, monkeypatch, moved, VIEW.format("myself,", "", "", "0-16383"))
    assert client.write(7, "key", "value") == "moved (10.0.0.1:6379)"
    assert client.write(7, "key", "value") is None
    assert (old.asked, new.asked) == (["CLUSTER", "SET", "CLUSTER"], ["SET"])


def test_a_command_that_is_sent_on_while_its_slot_moves_is_asked_of_the_other_node_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, (old, new) = client_of(tmp_path, monkeypatch, exceptions.AskError("7 10.0.0.2:6379"), "")
    assert client.write(7, "key", "value") is None
    assert (old.asked, new.asked) == (["CLUSTER", "SET"], ["ASKING", "SET"])
