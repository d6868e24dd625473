"""Whose epoch a read or write of a counter is judged by, also while its slot moves."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from redis import exceptions

from tests.faults.clients.access import Access, Credentials, Endpoint, Seeds
from tests.faults.clients.counter_process import CounterClient

OWNER, TARGET = ("10.0.0.1", 6379), ("10.0.0.2", 6379)
VIEW = (
    f"{1:040d} 10.0.0.1:6379@16379 myself,master - 0 0 1 connected 0-16383\n"
    f"{2:040d} 10.0.0.2:6379@16379 master - 0 0 2 connected\n"
)


def _info(epoch: int) -> str:
    return f"cluster_state:ok\r\ncluster_my_epoch:{epoch}\r\n"


class Node:
    """A connection that gives each word its answers, the last of them again and again."""

    def __init__(self, **answers: Sequence[Any]) -> None:
        self.asked: list[str] = []
        self.disconnected = False
        self._answers = {word.upper(): list(found) for word, found in answers.items()}
        self._waiting: list[str] = []

    def pack_commands(self, commands: Sequence[tuple[Any, ...]]) -> list[str]:
        return [" ".join(map(str, command[:2])) if command[0] == "CLUSTER" else str(command[0]) for command in commands]

    def send_packed_command(self, words: list[str]) -> None:
        self._waiting += words
        self.asked += words

    def send_command(self, *command: Any) -> None:
        self.send_packed_command(self.pack_commands([command]))

    def read_response(self) -> Any:
        word = self._waiting.pop(0)
        if word == "CLUSTER NODES":
            return VIEW
        found = self._answers["INFO" if word == "CLUSTER INFO" else word]
        answer = found.pop(0) if len(found) > 1 else found[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def disconnect(self) -> None:
        self.disconnected = True


def _client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Node, target: Node) -> CounterClient:
    nodes = {OWNER: owner, TARGET: target}

    def connect(_access: Access, endpoint: Endpoint, _timeout: float) -> Node:
        return nodes[endpoint]

    monkeypatch.setattr(Access, "connect", connect)
    someone = Credentials("someone", "password")
    Access("kubeconfig", "faults", someone, someone).write(file := tmp_path / "access.json")
    client = CounterClient(file, cast("Seeds", object()), 0.3)
    client.look_around(first=OWNER)
    return client


def test_a_read_is_of_the_epoch_before_it_and_a_write_of_the_one_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = _client(tmp_path, monkeypatch, Node(info=[_info(3), _info(5)], get=["7"]), Node())
    answer = client.ask(0, ("GET", "a"))
    assert answer is not None
    assert (answer.epoch, answer.answers, answer.epoch_after) == (3, ["7"], 5)


def test_what_the_owner_sends_on_is_of_the_owners_epoch_at_least(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = Node(info=[_info(9)], get=[exceptions.AskError("0 10.0.0.2:6379")])
    target = Node(info=[_info(2)], asking=["OK"], get=["7"])
    answer = _client(tmp_path, monkeypatch, owner, target).ask(0, ("GET", "a"))
    assert answer is not None
    assert (answer.node, answer.epoch, answer.answers, answer.epoch_after) == ("10.0.0.2:6379", 9, ["7"], 9)
    assert target.asked == ["ASKING", "GET", "CLUSTER INFO"]


@pytest.mark.parametrize(
    "refusal",
    [
        exceptions.MovedError("0 10.0.0.2:6379"),
        exceptions.ClusterDownError("CLUSTERDOWN"),
        exceptions.ResponseError("NOREPLICAS not enough"),
    ],
)
def test_a_refusal_of_one_of_the_commands_is_no_answer_and_the_connection_stays_usable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    owner = Node(info=[_info(3)], eval=[refusal, 6], wait=[1])
    client = _client(tmp_path, monkeypatch, owner, Node())
    words = [("EVAL", "script"), ("WAIT", 1, 240)]
    assert client.ask(0, *words) is None
    answer = client.ask(0, *words)
    assert answer is not None
    assert answer.answers == [6, 1]


def test_a_node_that_does_not_answer_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = Node(info=[_info(3)], get=[exceptions.TimeoutError("timeout")])
    target = Node(info=[_info(2)])
    assert _client(tmp_path, monkeypatch, owner, target).ask(0, ("GET", "a")) is None
    assert owner.disconnected
