"""`python -m tests.faults.clients.counter_process CONFIG`: counts up keys and reads them until its input ends.

Each group of slots has a few keys with one writer, which overwrites them with rising numbers and waits for a replica
each time, and one reader. Neither stops for anything. Twice a second it prints what there is to say.
"""

import json
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from redis import exceptions
from redis.crc import key_slot

from tests.faults.clients.access import Access, Endpoint, Seeds, endpoint_of
from tests.faults.clients.counters import Ledger
from tests.faults.clients.slot_client import SlotClient

WRITES, READS = 15.0, 40.0
"""A second, of one group."""
TIMEOUT = 0.3
PAUSE = 0.015
"""After an attempt that failed."""
REPORT_SECONDS = 0.5
MOST_LISTED = 100
PREFIX = "counter:"

# A write that was given up, and lies in the buffer of a node that stands still, must not undo a later one.
COUNT_UP = """
local before = tonumber(redis.call('GET', KEYS[1]) or '0')
if before < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
return before
"""

Command = tuple[str | int, ...]


@dataclass(frozen=True)
class Answer:
    """`answers` are those to the commands; the epochs are the node's before the first of them and after the last.

    Where a slot that moves had sent the commands on, `epoch` is that of its owner, which did.
    """

    node: str
    epoch: int
    answers: Sequence[Any]
    epoch_after: int


class CounterClient(SlotClient):
    """Sends commands to the owner of a slot, all at once, between two questions for its epoch."""

    def ask(self, slot: int, *commands: Command) -> Answer | None:
        """None when the owner did not answer all of them, whatever the reason: it has looked around then."""
        self._follow_access()
        owner = self._owner(slot)
        if owner is None or "fail" in owner.flags:
            self.look_around()
            return None
        endpoint = endpoint_of(owner.address)
        try:
            return self._ask_with_epochs(endpoint, commands)
        except exceptions.MovedError:
            self.look_around(first=endpoint)
        except (exceptions.ConnectionError, exceptions.TimeoutError, OSError):
            self._fail(endpoint)
        except exceptions.ResponseError:
            self.look_around()
        return None

    def _ask_with_epochs(self, endpoint: Endpoint, commands: Sequence[Command]) -> Answer:
        info: Command = ("CLUSTER", "INFO")
        before, *answers, after = self._ask_all(endpoint, [info, *commands, info])
        epoch = _epoch(before)
        sent_on = next((answer for answer in answers if _sends_on(answer)), None)
        if sent_on is not None:
            host, _, port = str(sent_on).split(" ")[-1].rpartition(":")
            target = self._endpoint_named(host, int(port))
            if target is None:
                raise exceptions.ResponseError(f"sent on to {host}, which nobody knows")
            _, *answers, after = self._ask_all(target, [("ASKING",), *commands, info])
            endpoint = target
        for answer in (before, *answers, after):
            if isinstance(answer, Exception):
                raise answer
        return Answer(f"{endpoint[0]}:{endpoint[1]}", epoch, answers, max(epoch, _epoch(after)))

    def _ask_all(self, endpoint: Endpoint, commands: Sequence[Command]) -> list[Any]:
        """The answers, of which some may be errors."""
        connection = self._connection(endpoint, self._timeout)
        connection.send_packed_command(connection.pack_commands(commands))
        answers: list[Any] = []
        for _ in commands:
            try:
                answers.append(connection.read_response())
            except exceptions.ResponseError as error:
                answers.append(error)
        return answers


def _sends_on(answer: Any) -> bool:
    # MovedError is one of its kinds for redis-py.
    return isinstance(answer, exceptions.AskError) and not isinstance(answer, exceptions.MovedError)


def _epoch(info: Any) -> int:
    """The node's own one, in its answer to CLUSTER INFO; a replica says its master's."""
    if isinstance(info, Exception):
        raise info
    fields = dict(line.split(":", 1) for line in str(info).split("\r\n") if ":" in line)
    return int(fields["cluster_my_epoch"])


class Counting(threading.Thread):
    """Overwrites the keys of one group by turns."""

    def __init__(self, keys: Sequence[str], client: CounterClient, ledger: Ledger, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.last: float | None = None
        self._keys, self._client, self._ledger, self._stopping = keys, client, ledger, stop

    def run(self) -> None:
        number, due = 0, time.monotonic()
        while not self._stopping.is_set():
            number += 1
            done = self._count_up(self._keys[number % len(self._keys)], number)
            now = time.monotonic()
            if done:
                self.last = now
            due = max(due + 1 / WRITES, now)
            self._stopping.wait(max(0.0, due - now) if done else PAUSE)

    def _count_up(self, key: str, number: int) -> bool:
        """Whether it is acknowledged. What was there before is a read as well: it can't be overwritten unseen."""
        before = self._ledger.newest(key)
        words: Command = ("EVAL", COUNT_UP, 1, key, number)
        answer = self._client.ask(key_slot(key.encode()), words, ("WAIT", 1, int(TIMEOUT * 800)))
        if answer is None:
            self._ledger.lose_track()
            return False
        found, replicas = map(int, answer.answers)
        self._ledger.read(key, before, found, answer.epoch, answer.node, time.time())
        if replicas < 1:
            self._ledger.lose_track()
            return False
        self._ledger.acknowledge(key, number, answer.epoch_after, time.time())
        return True


class Reading(threading.Thread):
    """Reads the keys of one group by turns."""

    def __init__(self, keys: Sequence[str], client: CounterClient, ledger: Ledger, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._keys, self._client, self._ledger, self._stopping = keys, client, ledger, stop

    def run(self) -> None:
        number = 0
        while not self._stopping.wait(1 / READS):
            number += 1
            key = self._keys[number % len(self._keys)]
            before = self._ledger.newest(key)
            answer = self._client.ask(key_slot(key.encode()), ("GET", key))
            if answer is not None:
                found = int(answer.answers[0] or 0)
                self._ledger.read(key, before, found, answer.epoch, answer.node, time.time())


def report(ledger: Ledger, writers: Sequence[Counting]) -> str:
    """One line of JSON; "last" is when each group's last write was acknowledged, as of `time.monotonic()`."""
    return json.dumps(
        {
            "reads": ledger.reads,
            "acknowledged": ledger.acknowledged,
            "unknown": ledger.unknown,
            "replaced": ledger.replaced,
            "stale": len(ledger.stale),
            "listed": [asdict(each) for each in ledger.stale[:MOST_LISTED]],
            "last": [writer.last for writer in writers],
        }
    )


def main(config_file: Path) -> None:
    config = json.loads(config_file.read_text())
    access_file = Path(config["access_file"])
    stop, ledger = threading.Event(), Ledger()

    def client() -> CounterClient:
        return CounterClient(access_file, Seeds(Access.read(access_file)), TIMEOUT)

    writers = [Counting(keys, client(), ledger, stop) for keys in config["groups"]]
    readers = [Reading(keys, client(), ledger, stop) for keys in config["groups"]]
    for thread in (*writers, *readers):
        thread.start()
    threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
    while not stop.wait(REPORT_SECONDS):
        print(report(ledger, writers), flush=True)
    for thread in (*writers, *readers):
        thread.join(10)
    print(report(ledger, writers), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
