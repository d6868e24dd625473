"""Moves slots with their keys from one running master to another, while clients read and write them.

Servers that have a command for it do it themselves (`native_migration`). With others it is done key by key: the target
is told to import the slot and the source to migrate it, the keys are moved in small batches, and once the source has
none left the slot becomes the target's. Meanwhile the source serves the keys that it still has, and sends clients to
the target for all others; so a key that an interrupted MIGRATE left on both sides is right on the source, and replaces
the one on the target when it is moved again.

Whatever is interrupted here leaves marks on one of both nodes, by which the next plan finds it.

A failover forgets these marks. So no move is begun with a node that is draining: it sets its mark
first, and then waits for the moves under way.

All other masters hear from a slot's owner alone that it has it. Redis 7.0.13 to 7.0.15 notes of a slot that its owner
has ceased to claim it, which any claim may then end; a master that hears of the new owner by SETSLOT instead keeps that
note. When it is given the slot itself, a message of the one before, sent a moment earlier, takes it away again, and it
deletes the keys that nobody else has any more. (Redis 7.2 removes the note with the owner, redis/redis#12564.)
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from ..errors import CommandRefusedError, NodeUnavailableError
from ..failover import draining
from ..redis.client import ASK_AGAIN_AFTER, Command, Connector, Node
from ..redis.node_timeout import node_timeout
from .cluster_state import NodeState
from .large_keys import LongerTimeouts, seconds_to_move, wait_for_replicas
from .native_migration import native_migration
from .progress import Progress
from .steps import Move

LARGEST_PART = 256
"""Slots are moved together while they are at most this part, one in so many, of what the target has.

redis-py (8.1 and before) knows no node that it has not got a slot from, and a command fails in it, with an
AttributeError, when a slot under way sends it to one: ASK, unlike MOVED, teaches it nothing. How likely a client
meets an ASK before its first MOVED is the ratio of the slots under way to those that have arrived.
"""

MOST_KEYS = 100
"""Slots are moved together while they have no more keys than this. Also the largest batch."""

MOST_BYTES = 256 * 1024
"""Of memory that the keys of one batch use: source and target serve nobody else while it moves."""

LONGEST_BATCH = 0.01
"""Seconds. A batch that took longer makes the next one smaller."""

LONGEST_OVERTIME = 10.0
"""Seconds in which a slot that has been begun may be finished when the time is over."""


def migrate(
    moves: Sequence[Move], masters: Iterable[NodeState], connector: Connector, progress: Progress, seconds: float
) -> None:
    """Moves slots for about so long; what is left then, the next plan has again.

    `masters` are all of the cluster's. Raises NodeUnavailableError or CommandRefusedError, with a pod's name, for what
    stands in the way.
    """
    end = time.monotonic() + seconds
    progress.begin(sum(len(move.slots) for move in moves))
    all_masters = tuple(masters)
    for move in moves:
        if time.monotonic() >= end:
            return
        with ExitStack() as stack:
            _Mover(move, all_masters, connector, progress, stack).run(end)


@dataclass
class _Mover:
    """One move, on connections of its own."""

    move: Move
    masters: Sequence[NodeState]
    connector: Connector
    progress: Progress
    stack: ExitStack

    def __post_init__(self) -> None:
        self._target = self._open(self.move.target, self.connector)
        # A node that is busy for a whole node timeout is taken for failed.
        self._patience = node_timeout(self._target) / 2
        patient = replace(self.connector, timeout=max(self.connector.timeout, 3 * self._patience))
        self._source = self._open(self.move.source, patient)
        self._timeouts = LongerTimeouts(self.masters, self.connector, self.stack)
        self._batch = 8
        self._draining_pod = ""

    def _open(self, node: NodeState, connector: Connector) -> Node:
        return self.stack.enter_context(node.open(connector))

    def run(self, end: float) -> None:
        under_way = self.move.is_under_way
        if not under_way:
            for node in (self._source, self._target):
                self._note_draining(node, node.ask(*draining.QUESTION))
            self._check_nobody_drains()
        native = None if under_way else native_migration(self._source, self._target, self.move.slots)
        self._copy_functions()
        if native is not None:
            native.move(self.move.slots, self.progress, end)
            return
        for slots in self._groups():
            if time.monotonic() >= end or not self._move_slots(slots, end + LONGEST_OVERTIME):
                return
            self.progress.add_slots(len(slots))
            if not under_way:
                self._check_nobody_drains()

    def _note_draining(self, node: Node, answer: Any) -> None:
        if draining.says_draining(answer):
            self._draining_pod = node.name

    def _check_nobody_drains(self) -> None:
        if self._draining_pod:
            raise NodeUnavailableError(f"{self._draining_pod} is draining: no slots are moved to it or from it")

    def _copy_functions(self) -> None:
        """A new master has none, and clients may call them as soon as it has a slot."""
        if self.move.target.myself.slot_ranges or self._target.ask("FUNCTION", "LIST"):
            return
        if self._source.ask("FUNCTION", "LIST"):
            self._target.ask("FUNCTION", "RESTORE", self._source.ask("FUNCTION", "DUMP"))

    def _groups(self) -> Iterator[list[int]]:
        counts = self._source.ask_all([("CLUSTER", "COUNTKEYSINSLOT", slot) for slot in self.move.slots])
        owned = len(self.move.target.myself.slots)
        group: list[int] = []
        keys = 0
        for slot, count in zip(self.move.slots, map(int, counts), strict=True):
            if group and (len(group) > owned // LARGEST_PART or keys + count > MOST_KEYS):
                yield group
                owned += len(group)
                group, keys = [], 0
            group.append(slot)
            keys += count
        if group:
            yield group

    def _move_slots(self, slots: list[int], end: float) -> bool:
        """Whether the time was enough for all their keys; if not, the slots stay under way."""
        self._name_owner(slots)
        for node, mark, other_id in (
            (self._target, "IMPORTING", self.move.source.id),
            (self._source, "MIGRATING", self.move.target.id),
        ):
            opening = [("CLUSTER", "SETSLOT", slot, mark, other_id) for slot in slots]
            *_, answer = node.ask_all([*opening, draining.QUESTION])
            self._note_draining(node, answer)
        questions = [("CLUSTER", "GETKEYSINSLOT", slot, MOST_KEYS) for slot in slots]
        while True:
            asked = time.monotonic()
            *answers, role = self._source.ask_all([*questions, ("ROLE",)])
            if role[0] != "master":
                raise NodeUnavailableError(f"{self._source.name} is no master any more")
            for keys in filter(None, answers):
                self._move_keys(keys)
            # From here on the source takes no write for them, and nobody else can have taken over from it yet.
            if not any(answers) and time.monotonic() - asked < self._patience:
                break
            if time.monotonic() >= end:
                return False
        done = [("CLUSTER", "SETSLOT", slot, "NODE", self.move.target.id) for slot in slots]
        self._target.ask_all(done)
        self._source.ask_all(done)
        return True

    def _name_owner(self, slots: list[int]) -> None:
        """A target does not learn by itself who has taken over a slot that it imports. It then serves nothing of it,
        nor takes its keys.
        """
        source, known = self.move.source.id, self.move.target.view.owners()
        unknown = [slot for slot in slots if known.get(slot) != source]
        self._target.ask_all([("CLUSTER", "SETSLOT", slot, "NODE", source) for slot in unknown])

    def _move_keys(self, keys: list[str]) -> None:
        there = self._sizes(keys)
        sizes = [there.get(key, 0) for key in keys]
        start = 0
        while start < len(keys):
            stop = start + 1
            while stop < min(len(keys), start + self._batch) and sum(sizes[start : stop + 1]) <= MOST_BYTES:
                stop += 1
            self._move_batch(keys[start:stop], sizes[start:stop])
            start = stop

    def _sizes(self, keys: Sequence[str], *options: str | int) -> dict[str, int]:
        """How many bytes of memory each key uses, of those that the source has: one may just have gone."""
        answers = self._source.ask_each([("MEMORY", "USAGE", key, *options) for key in keys])
        return {key: answer for key, answer in zip(keys, answers, strict=True) if isinstance(answer, int)}

    def _move_batch(self, keys: list[str], sizes: list[int]) -> None:
        began = time.monotonic()
        seconds = max(self._patience, seconds_to_move(sum(sizes)))
        if seconds > self._patience:
            moved = self._send_large(keys, sum(sizes), seconds)
        else:
            moved = self._send(keys, seconds, self._source)
        if not moved and len(keys) == 1:
            self._move_unlucky(keys[0], sizes[0], seconds)
        elif not moved:
            self._batch = 1
            for key, size in zip(keys, sizes, strict=True):
                self._move_batch([key], [size])
            return
        self.progress.add_keys(len(keys))
        took = time.monotonic() - began
        if took > LONGEST_BATCH:
            self._batch = max(1, self._batch // 2)
        elif took < LONGEST_BATCH / 2:
            self._batch = min(MOST_KEYS, self._batch * 2)

    def _move_unlucky(self, key: str, size: int, seconds: float) -> None:
        """Of a key with many parts Redis has looked at a few to tell its size."""
        exact = self._sizes([key], "SAMPLES", 0).get(key)
        if exact is None:
            # A client has deleted it meanwhile.
            return
        longer = seconds_to_move(exact)
        if longer <= seconds or not self._send_large([key], exact, longer):
            raise CommandRefusedError(
                f"{self._source.name} can't move a key of {max(size, exact) / 1e6:.1f} MB to "
                f"{self._target.name} within {max(seconds, longer):.1f} s; split or delete it, or try again when both "
                "are less busy"
            )

    def _send_large(self, keys: list[str], size: int, seconds: float) -> bool:
        self._timeouts.allow(seconds)
        self.progress.begin_large(self._source.name, size)
        with self._open(self.move.source, replace(self.connector, timeout=3 * seconds)) as source:
            moved = self._send(keys, seconds, source)
        wait_for_replicas(self._target, seconds)
        return moved

    def _send(self, keys: list[str], seconds: float, source: Node) -> bool:
        """Whether the target has got them; each of both nodes gets so many seconds to go on."""
        where = (self._target.ip, self.connector.port, "", 0, int(seconds * 1000))
        try:
            source.ask("MIGRATE", *where, "REPLACE", *self.connector.credentials(), "KEYS", *keys)
        except CommandRefusedError as error:
            if "IOERR" not in str(error):
                raise
            self._take_back(keys, seconds)
            return False
        return True

    def _take_back(self, keys: list[str], seconds: float) -> None:
        """The target may have got keys that the source has kept, or get them once it goes on: they would come back when
        a client deletes them. One that a client has deleted meanwhile goes too, if it has made no other at the target.

        Twice, since what has been sent may still be read. NodeError for a target that is silent for two node timeouts
        more: its shard has another master by then, or will have one, which has none of this.
        """
        kept = self._kept(keys)
        until = time.monotonic() + seconds + 4 * self._patience
        for pause in (0.0, seconds):
            self._target.patient_until = until
            self._target.ask("PING")
            self._target.patient_until = 0.0
            time.sleep(pause)
            for key, copy in kept.items():
                while not self._remove_copy(key, copy, until):
                    time.sleep(ASK_AGAIN_AFTER)

    def _remove_copy(self, key: str, copy: str | None, until: float) -> bool:
        """Whether it is decided: removed, or a key that clients have made. False to look again, where it has changed
        since the look, or the connection that watches it has ended.
        """
        try:
            self._target.ask_all([("ASKING",), ("WATCH", key)])
            # What the source still has clients make nowhere else.
            stale = bool(self._sizes([key])) or (
                copy is not None and copy == self._target.ask_each([("ASKING",), ("DUMP", key)])[1]
            )
            removal: list[Command] = [("ASKING",), ("MULTI",), ("UNLINK", key), ("EXEC",)]
            return self._target.ask_all(removal if stale else [("UNWATCH",)])[-1] is not None
        except NodeUnavailableError:
            if time.monotonic() >= until:
                raise
            return False

    def _kept(self, keys: list[str]) -> dict[str, str | None]:
        """Keys that the source still has, with what is in them where that is not much."""
        found = self._sizes(keys)
        small = [key for key, size in found.items() if size <= MOST_BYTES]
        copies = self._source.ask_each([("DUMP", key) for key in small])
        known = {key: copy for key, copy in zip(small, copies, strict=True) if isinstance(copy, str)}
        return {key: known.get(key) for key in found}
