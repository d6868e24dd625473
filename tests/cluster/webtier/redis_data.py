"""Data of every type, and a function, that has to be the same after Redis has become another server."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.cluster.harness.tier import SLOTS, one_key_for_each_slot

Client = Any
"""redis-py's cluster client, whose own annotations can't be matched; it decodes responses."""

TAGS = one_key_for_each_slot()[:: SLOTS // 12]
"""Slots all over the cluster."""
LAST_DAY_MS = 4_102_444_800_000
"""The year 2100: when what expires is to expire, in ms since 1970."""
GROUP, CONSUMER = "group", "consumer"
FUNCTION = "upgrade_length"
CODE = f"""#!lua name=upgrades
redis.register_function{{
  function_name = '{FUNCTION}',
  callback = function(keys) return redis.call('STRLEN', keys[1]) end,
  flags = {{'no-writes'}},
}}
"""


@dataclass(frozen=True)
class Kind:
    """How a key of one sort is made, and what of it has to stay as it is."""

    write: Callable[[Client, str], object]
    read: Callable[[Client, str], object]


def _write_stream(client: Client, key: str) -> None:
    for number in range(1, 6):
        client.xadd(key, {"number": number}, id=f"{number}-1")
    client.xgroup_create(key, GROUP, id="0")
    # Of two entries that were delivered one stays unacknowledged.
    client.xreadgroup(GROUP, CONSUMER, {key: ">"}, count=2)
    client.xack(key, GROUP, "1-1")


def _read_stream(client: Client, key: str) -> object:
    groups = [(each["name"], each["pending"], each["last-delivered-id"]) for each in client.xinfo_groups(key)]
    pending = [(each["message_id"], each["consumer"]) for each in client.xpending_range(key, GROUP, "-", "+", 10)]
    return client.xrange(key), groups, pending, client.xinfo_stream(key)["last-generated-id"]


def _text(client: Client, key: str) -> object:
    return client.get(key)


def _expiring(client: Client, key: str) -> object:
    return client.get(key), client.pexpiretime(key)


def _list(client: Client, key: str) -> object:
    return client.lrange(key, 0, -1)


def _hash(client: Client, key: str) -> object:
    return client.hgetall(key)


def _sorted_set(client: Client, key: str) -> object:
    return client.zrange(key, 0, -1, withscores=True)


def _set(client: Client, key: str) -> object:
    return sorted(client.smembers(key))


def _numbered(prefix: str) -> list[str]:
    return [f"{prefix}{number}" for number in range(1000)]


KINDS: Mapping[str, Kind] = {
    "text": Kind(lambda client, key: client.set(key, "grüß Gott"), _text),
    "long text": Kind(lambda client, key: client.set(key, "long " * 5000), _text),
    "number": Kind(lambda client, key: client.incrby(key, -41), _text),
    "expiring": Kind(lambda client, key: client.set(key, "for years", pxat=LAST_DAY_MS), _expiring),
    "bits": Kind(lambda client, key: client.setbit(key, 4001, 1), lambda client, key: client.bitpos(key, 1)),
    "list": Kind(lambda client, key: client.rpush(key, "a", "b", 3), _list),
    "large list": Kind(lambda client, key: client.rpush(key, *_numbered("an entry of a list ")), _list),
    "set": Kind(lambda client, key: client.sadd(key, "a", "b"), _set),
    "set of numbers": Kind(lambda client, key: client.sadd(key, 1, -2, 2**40), _set),
    "large set": Kind(lambda client, key: client.sadd(key, *_numbered("member ")), _set),
    "hash": Kind(lambda client, key: client.hset(key, mapping={"a": 1, "b": "two"}), _hash),
    "large hash": Kind(lambda client, key: client.hset(key, mapping=dict.fromkeys(_numbered("f"), "v" * 80)), _hash),
    "sorted set": Kind(lambda client, key: client.zadd(key, {"a": 1.5, "b": float("-inf")}), _sorted_set),
    "large sorted set": Kind(lambda client, key: client.zadd(key, dict.fromkeys(_numbered("m"), 1 / 7)), _sorted_set),
    "places": Kind(
        lambda client, key: client.geoadd(key, (13.4, 52.5, "Berlin")),
        lambda client, key: client.geopos(key, "Berlin"),
    ),
    "count": Kind(lambda client, key: client.pfadd(key, *range(500)), lambda client, key: client.pfcount(key)),
    "stream": Kind(_write_stream, _read_stream),
}


def write(client: Client) -> None:
    """A key of each kind in slots of every shard, and the function on every master; what was there goes."""
    client.function_load(CODE, replace=True)
    for tag in TAGS:
        for name, kind in KINDS.items():
            key = _key(tag, name)
            client.delete(key)
            kind.write(client, key)


def read(client: Client) -> dict[str, object]:
    """All of it, by key; of the function what it answers in each slot."""
    found = {_key(tag, name): kind.read(client, _key(tag, name)) for tag in TAGS for name, kind in KINDS.items()}
    called = {f"{FUNCTION} of {tag}": client.fcall(FUNCTION, 1, _key(tag, "long text")) for tag in TAGS}
    return {**found, **called}


def differing(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """The keys that are not as they were, with both values in short."""
    return [f"{key}: {before[key]!r:.60} → {after.get(key)!r:.60}" for key in before if before[key] != after.get(key)]


def remove(client: Client) -> None:
    """Leave no key of it; the function stays."""
    for tag in TAGS:
        client.delete(*(_key(tag, name) for name in KINDS))


def _key(tag: str, name: str) -> str:
    return f"{{{tag}}}:{name}"
