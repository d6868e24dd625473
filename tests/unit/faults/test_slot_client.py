"""What the writers' client makes of a redirection: one for good changes its view, one for a command does not."""

import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
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


ANSWERED_AFTER = 0.6
"""In seconds; longer than an impatient client waits."""


class BusyNode(threading.Thread):
    """Owns all slots, is asked on real connections, and answers a SET late."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.sets = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.endpoint: Endpoint = self._socket.getsockname()
        self.address = f"{self.endpoint[0]}:{self.endpoint[1]}"
        self._view = VIEW.format("myself,", "0-16383", "", "").replace("10.0.0.1:6379", self.address)

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as stream:
            while header := stream.readline():
                words = [self._word(stream.readline(), stream.readline()) for _ in range(int(header[1:]))]
                try:
                    stream.write(self._answer(words[0]))
                    stream.flush()
                except OSError:
                    return

    def _word(self, _length: bytes, word: bytes) -> str:
        return word.strip().decode()

    def _answer(self, command: str) -> bytes:
        if command == "CLUSTER":
            return f"${len(self._view)}\r\n{self._view}\r\n".encode()
        if command == "SET":
            self.sets += 1
            time.sleep(ANSWERED_AFTER)
        return b"+OK\r\n"


class NoSeeds:
    def endpoints(self) -> list[Endpoint]:
        return []


@pytest.fixture
def busy() -> Iterator[BusyNode]:
    node = BusyNode()
    node.start()
    yield node
    node.close()


@pytest.mark.parametrize(("timeout", "refusal"), [(0.3, "timeout"), (10.0, None)])
def test_a_late_answer_is_heard_by_the_patient_alone(
    busy: BusyNode, tmp_path: Path, timeout: float, refusal: str | None
) -> None:
    someone = Credentials("someone", "password")
    Access("kubeconfig", "faults", someone, someone).write(file := tmp_path / "access.json")
    client = SlotClient(file, cast("Seeds", NoSeeds()), timeout)
    client.look_around(first=busy.endpoint)
    assert client.write(7, "key", "value") == (refusal and f"{refusal} ({busy.address})")
    assert busy.sets == 1


def test_the_patient_wait_for_a_view_no_longer_than_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead node would keep them from the owner that the others know."""
    opened: list[tuple[Endpoint, float]] = []

    def connect(_access: Access, endpoint: Endpoint, timeout: float) -> Node:
        opened.append((endpoint, timeout))
        return Node({"CLUSTER": VIEW.format("myself,", "0-16383", "", ""), "SET": "OK"})

    monkeypatch.setattr(Access, "connect", connect)
    someone = Credentials("someone", "password")
    Access("kubeconfig", "faults", someone, someone).write(file := tmp_path / "access.json")
    client = SlotClient(file, cast("Seeds", object()), 10.0)
    client.look_around(first=OLD)
    assert client.write(7, "key", "value") is None
    assert opened == [(OLD, 0.3), (OLD, 10.0)]
