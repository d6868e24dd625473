"""Reads everything back from the masters, many keys at a time."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from redis import exceptions
from redis.crc import key_slot

from tests.cluster.harness.tier import one_key_for_each_slot
from tests.faults.clients.access import PORT, Access
from tests.faults.harness.observer import Facts

BATCH = 500
TIMEOUT = 5.0
STANDING_PREFIX = "standing:"

Look = Callable[[], Sequence[Facts]]
T = TypeVar("T")


def standing_data(token: str) -> dict[str, str]:
    """A key in every slot, for data that was there long before a fault."""
    return {f"{STANDING_PREFIX}{{{key}}}": f"{token}:{slot}" for slot, key in enumerate(one_key_for_each_slot())}


def write(look: Look, access: Access, data: Mapping[str, str]) -> None:
    _everywhere(look, access, [("SET", key, value) for key, value in data.items()])


def remove(look: Look, access: Access, keys: Iterable[str]) -> None:
    _everywhere(look, access, [("UNLINK", key) for key in keys])


def missing(look: Look, access: Access, data: Mapping[str, str]) -> list[str]:
    """The keys that are not there, or hold something else."""
    answers = _everywhere(look, access, [("GET", key) for key in data])
    return [key for (key, value), answer in zip(data.items(), answers, strict=True) if answer != value]


def unequal_replicas(look: Look, access: Access, seconds: float = 20.0) -> str | None:
    """Why a replica does not hold as many keys as its master, while nobody writes; None when all do."""
    end = time.monotonic() + seconds
    while True:
        sizes = [(facts, _one(access, facts, "DBSIZE")) for facts in look()]
        by_id = {facts.view.own_id: size for facts, size in sizes}
        wrong = [
            f"{facts.pod.name} holds {size} keys, its master {by_id.get(facts.view.myself.master_id or '')}"
            for facts, size in sizes
            if not facts.is_master and size != by_id.get(facts.view.myself.master_id or "")
        ]
        if not wrong:
            return None
        if time.monotonic() > end:
            return "; ".join(wrong)
        time.sleep(0.5)


def _one(access: Access, facts: Facts, *command: str) -> Any:
    connection = access.connect((facts.pod.ip or "", PORT), TIMEOUT, who=access.operator)
    try:
        connection.send_command(*command)
        return connection.read_response()
    finally:
        connection.disconnect()


def _everywhere(look: Look, access: Access, commands: Sequence[tuple[str, ...]]) -> list[Any]:
    """Each command to the master that owns its key, and the answers in the same order. Tries for 20 s."""
    end = time.monotonic() + 20
    while True:
        try:
            return _once(look(), access, commands)
        except (exceptions.RedisError, OSError, KeyError):
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


def _once(found: Sequence[Facts], access: Access, commands: Sequence[tuple[str, ...]]) -> list[Any]:
    owners = {slot: facts.pod.ip for facts in found if facts.is_master for slot in facts.view.myself.slots}
    places: dict[str, list[int]] = {}
    for place, command in enumerate(commands):
        places.setdefault(owners[key_slot(command[1].encode())] or "", []).append(place)
    answers: list[Any] = [None] * len(commands)
    for ip, own in places.items():
        connection = access.connect((ip, PORT), TIMEOUT)
        try:
            for start in range(0, len(own), BATCH):
                batch = own[start : start + BATCH]
                connection.send_packed_command(connection.pack_commands([commands[place] for place in batch]))
                for place in batch:
                    answers[place] = connection.read_response()
        finally:
            connection.disconnect()
    return answers
