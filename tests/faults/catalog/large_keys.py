"""Planned work with much data: a gigabyte a shard, and keys that keep a node from answering while they are moved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from redis.crc import key_slot

from tests.faults.catalog.fault import Expectation, Fault
from tests.faults.harness.context import FaultContext
from tests.faults.harness.observer import Facts, Shape
from tests.faults.harness.resharding import GROWN, UP_SECONDS, reshape

MEGABYTE = 1_000_000
FILL, PART = 1000 * MEGABYTE, 10 * MEGABYTE
LARGEST = 300 * MEGABYTE
FIELDS, VALUE = 400_000, 100
"""Of a hash: some 60 MB."""

SECONDS = 60.0
"""For one command with so much data."""

# Ten percent of it is what may be held back for replicas, and so the largest key that can be moved.
ROOMY: Mapping[str, Any] = {
    "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "4Gi"}},
    "storage": {"size": "8Gi"},
}


@dataclass(frozen=True)
class LargeData:
    """What was written: names of texts and their lengths, and names of hashes of FIELDS fields."""

    texts: Mapping[str, int]
    hashes: Sequence[str]


def fill(context: FaultContext) -> LargeData:
    """FILL bytes in each shard, one text of LARGEST and one hash among them, in slots all over the shard."""
    texts: dict[str, int] = {}
    hashes: list[str] = []
    for facts in context.masters():
        slots = sorted(facts.view.myself.slots)
        sizes = [LARGEST, *[PART] * ((FILL - LARGEST) // PART)]
        # The highest slots are the first to go to a new shard.
        names = _names(slots[::-1][:: len(slots) // (len(sizes) + 1)])
        ask = _asker(context, facts)
        for name, size in zip(names, sizes, strict=False):
            ask("SET", name, _text(name, size))
            texts[name] = size
        hashes.append(names[len(sizes)])
        for start in range(0, FIELDS, 10_000):
            pairs = [word for field in range(start, start + 10_000) for word in (f"field-{field}", "v" * VALUE)]
            ask("HSET", hashes[-1], *pairs)
    return LargeData(texts, hashes)


def missing(context: FaultContext, data: LargeData) -> list[str]:
    """What is not there, or not whole."""
    found: set[str] = set()
    for facts in context.masters():
        slots = facts.view.myself.slots
        ask = _asker(context, facts)
        for name in (name for name in data.texts if key_slot(name.encode()) in slots):
            size = data.texts[name]
            ends = (ask("GETRANGE", name, 0, 99), ask("GETRANGE", name, -99, -1))
            text = _text(name, size)
            if ask("STRLEN", name) == size and ends == (text[:100], text[-99:]):
                found.add(name)
        found |= {name for name in data.hashes if key_slot(name.encode()) in slots and ask("HLEN", name) == FIELDS}
    return sorted({*data.texts, *data.hashes} - found)


def _names(slots: Sequence[int]) -> list[str]:
    """A key for each of the slots."""
    wanted = dict.fromkeys(slots, "")
    number = 0
    while not all(wanted.values()):
        name = f"large-{number}"
        slot = key_slot(name.encode())
        if wanted.get(slot) == "":
            wanted[slot] = name
        number += 1
    return list(wanted.values())


def _text(name: str, size: int) -> str:
    return (name + "." * (size - 2 * len(name))) + name


def _asker(context: FaultContext, facts: Facts) -> Callable[..., Any]:
    return partial(context.ask, facts.pod, timeout=SECONDS, as_application=True)


def _reshape_with_large_keys(context: FaultContext) -> None:
    data = fill(context)
    context.wait_well(120)
    before = {facts.view.own_id for facts in context.masters()}
    context.begin()
    reshape(context, Shape(4, 1), lambda: context.deployment.up({**ROOMY, **GROWN}))
    grown = {facts.view.own_id for facts in context.masters()}
    context.note(f"four shards after {context.now() - context.begun:.0f} s")
    context.require(before < grown, "growing made a failover")
    gone = missing(context, data)
    context.require(not gone, f"{len(gone)} large keys are missing after growing: {gone[:3]}")
    reshape(context, Shape(3, 1), lambda: context.deployment.up(ROOMY))
    context.require({facts.view.own_id for facts in context.masters()} == before, "shrinking made a failover")
    gone = missing(context, data)
    context.require(not gone, f"{len(gone)} large keys are missing after shrinking: {gone[:3]}")


FAULTS = (
    Fault(
        "reshape-large-keys",
        "`pulumi up` from 3 to 4 shards and back, with a gigabyte a shard and keys of 60 and 300 MB: no failover",
        _reshape_with_large_keys,
        # A server without a command of its own for it serves nobody while such a key moves.
        Expectation(lost=0, longest_gap=30.0),
        act_seconds=4 * UP_SECONDS,
        changes=ROOMY,
        own_kind=True,
        long=True,
    ),
)
