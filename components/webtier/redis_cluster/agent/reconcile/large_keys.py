"""Keys that take so long to move that a node might be taken for failed meanwhile, and those that can't be moved.

MIGRATE writes a key whole, sends it, and waits until the target has read it; meanwhile neither serves anybody. Half a
node timeout is what a key may take for without further ado. For a larger one the masters are told to wait for longer
(see redis/node_timeout.py): clients wait as well, but nobody takes a shard over, and no write is lost.

What is larger than the target may hold back for its replicas can't be moved at all: they would be cut off, and copy
the whole shard anew. Nor is what is longer than Redis lets an argument be. That is looked for before anything moves.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import NamedTuple

from redis.crc import key_slot

from ..console import Console
from ..errors import NodeError, RefusedError
from ..redis.client import Connector, Node
from ..redis.node_timeout import LARGE_KEY, node_timeout, set_node_timeout
from ..redis.replication_info import read_replication
from .cluster_state import NodeState
from .native_migration import native_migration
from .steps import Move

SLOWEST = 10e6
"""Bytes a second, of memory that a key uses, that even a busy machine moves. A quiet one moves ten times more."""

SETTLING = 1.0
"""Seconds after a large key in which the others hear again from who was silent."""

LOOKED_AT_ONCE = 1000
"""Keys."""

TOLD_EVERY = 2.0
"""Seconds between two words about how far it is."""

MOST_NAMED = 4
"""So many keys are written out."""


def seconds_to_move(size: int) -> float:
    """For which a key that uses so many bytes may keep its source and its target from answering."""
    return size / SLOWEST


@dataclass
class LongerTimeouts:
    """Node timeouts of the masters, as long as a move needs them, until the end of the `stack`."""

    masters: Sequence[NodeState]
    connector: Connector
    stack: ExitStack
    _before: list[tuple[Node, float]] = field(default_factory=list[tuple[Node, float]], init=False)
    _longest: float = field(default=0.0, init=False)

    def allow(self, seconds: float) -> None:
        """No node may be taken for failed because it is silent for so long. NodeError when a master can't be told."""
        if seconds <= self._longest:
            return
        if not self._before:
            self._before.extend(self._subscribe(master) for master in self.masters)
            # Before the subscriptions end, since agents would else take the run for killed.
            self.stack.callback(self._set_back)
        self._longest = seconds
        for master, (_, before) in zip(self.masters, self._before, strict=True):
            with master.open(self.connector) as node:
                set_node_timeout(node, before + 2 * seconds)

    def _subscribe(self, master: NodeState) -> tuple[Node, float]:
        connection = self.stack.enter_context(master.open(self.connector))
        before = node_timeout(connection)
        connection.ask("SUBSCRIBE", LARGE_KEY)
        return connection, before

    def _set_back(self) -> None:
        """What can't be set back here the agent beside that Redis sets back."""
        time.sleep(SETTLING)
        for master, (_, before) in zip(self.masters, self._before, strict=False):
            try:
                with master.open(self.connector) as node:
                    set_node_timeout(node, before)
            except NodeError:
                continue


def wait_for_replicas(target: Node, seconds: float) -> None:
    """Until its replicas have read what it has taken; each is silent for as long as it was itself."""
    end = time.monotonic() + seconds
    written = read_replication(target).offset
    while time.monotonic() < end and read_replication(target).followed_to < written:
        time.sleep(0.1)


class _Limit(NamedTuple):
    """The largest key that a target takes, in bytes, and by which of its settings."""

    size: int
    setting: str
    pod: str

    def __str__(self) -> str:
        return f"{self.size / 1e6:.1f} MB, {self.setting} of {self.pod}"


@dataclass
class LargeKeyCheck:
    """For one run of converge, which looks at each slot once."""

    connector: Connector
    console: Console
    _looked_at: set[int] = field(default_factory=set[int], init=False)

    def refuse_immovable(self, moves: Sequence[Move]) -> None:
        """RefusedError names the keys of these moves that can't be moved. A slot under way has been looked at before.

        NodeError when a node can't be asked.
        """
        by_source = defaultdict[str, list[Move]](list)
        for move in moves:
            if not (move.is_under_way or self._looked_at.issuperset(move.slots)):
                by_source[move.source.id].append(move)
        for of_source in by_source.values():
            self._look(of_source)
            self._looked_at.update(slot for move in of_source for slot in move.slots)

    def _look(self, moves: Sequence[Move]) -> None:
        source = moves[0].source
        with source.open(self.connector) as giver:
            limits: dict[int, _Limit] = {}
            for move in moves:
                with move.target.open(self.connector) as taker:
                    # One that is away for the moment copies all of it when it is back.
                    limit = _largest_movable(taker, bool(move.target.view.replicas_of(move.target.id)))
                    # No key is larger than all data.
                    if source.memory > limit.size and native_migration(giver, taker, move.slots) is None:
                        limits |= dict.fromkeys(move.slots, limit)
            found = sorted(self._keys_above(giver, limits), key=lambda key: -key[1]) if limits else []
        if not found:
            return
        named = ", ".join(f"{key!r} ({size / 1e6:.1f} MB)" for key, size, _ in found[:MOST_NAMED])
        more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
        raise RefusedError(
            f"{source.pod} has keys that can't be moved to another shard: {named}{more}; allowed: at most "
            f"{found[0][2]}. Split or delete them, raise that limit, or set the number of shards back"
        )

    def _keys_above(self, node: Node, limits: Mapping[int, _Limit]) -> Iterator[tuple[str, int, _Limit]]:
        """Keys that use more memory than their slot's limit, how much, and that limit. Says how far it is."""
        cursor, looked_at, keys_in_all = "0", 0, int(node.ask("DBSIZE"))
        self.console.state(f"looking for keys of {node.name} that are too large to be moved")
        told = time.monotonic()
        while True:
            cursor, keys = node.ask("SCAN", cursor, "COUNT", LOOKED_AT_ONCE)
            slots = [key_slot(key.encode(errors="surrogateescape")) for key in keys]
            wanted = [(key, limits[slot]) for key, slot in zip(keys, slots, strict=True) if slot in limits]
            sizes = node.ask_each([("MEMORY", "USAGE", key) for key, _ in wanted])
            for (key, limit), size in zip(wanted, sizes, strict=True):
                # A key that has just expired has no size.
                if isinstance(size, int) and size > limit.size:
                    yield key, size, limit
            looked_at += len(keys)
            if str(cursor) == "0":
                return
            if time.monotonic() - told >= TOLD_EVERY:
                told = time.monotonic()
                self.console.state(f"looked at {looked_at} of {keys_in_all} keys of {node.name}")


def _largest_movable(target: Node, has_replicas: bool) -> _Limit:
    names = ("proto-max-bulk-len", "client-output-buffer-limit", "repl-backlog-size")
    bulk, limits, backlog = (target.ask("CONFIG", "GET", name)[1] for name in names)
    found = [_Limit(int(bulk), "proto-max-bulk-len", target.name)]
    words = str(limits).split()
    hard = next(int(words[place + 1]) for place, word in enumerate(words) if word in ("slave", "replica"))
    if has_replicas and hard:
        # Redis itself takes no less than the backlog for the limit.
        size = max(hard, int(backlog))
        found.append(_Limit(size, "the limit of the output buffer for replicas", target.name))
    return min(found)
