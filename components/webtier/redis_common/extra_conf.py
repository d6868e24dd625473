"""Further lines of redis.conf, by key: what may stand there, and how it is written."""

import difflib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, cast

from pydantic import BeforeValidator

from webtier.redis_common.known_keys import KNOWN_KEYS
from webtier.redis_common.quoting import quote
from webtier.shared.model import text_type
from webtier.shared.problems import Place, Problem, check

LONGEST_TEXT = 1000

_VALUES = (
    "allowed: text without line breaks or other control characters, a number, true or false, or a list of text and "
    "numbers for a key with several arguments"
)
_PLAIN = re.compile(r"[A-Za-z0-9._:/%@+-]+")
_CLOSE = 0.8
"""How near a known key has to be to be what was meant: far enough from it are keys of newer versions."""

Argument = int | float | str


def _is_argument(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT and value.isprintable()
    return isinstance(value, int | float) and math.isfinite(value)


def _value_problem(value: object) -> str | None:
    if isinstance(value, list):
        arguments = cast("list[object]", value)
        is_right = bool(arguments) and all(_is_argument(each) and not isinstance(each, bool) for each in arguments)
    else:
        is_right = _is_argument(value)
    return None if is_right else _VALUES


ExtraKey = Annotated[str, text_type(r"[a-z0-9]+([_-][a-z0-9]+)*", "a key of redis.conf: a-z, 0-9 and '-' between them")]
ExtraValue = Annotated[bool | Argument | list[Argument], BeforeValidator(check(_value_problem))]
ExtraConf = dict[ExtraKey, ExtraValue]
"""Each key with its value, or with a list of its arguments: `{active-expire-effort: 2, lazyfree-lazy-expire: true}`."""


@dataclass(frozen=True)
class _Owned:
    """Keys that webtier sets itself, with what to use instead; `single` is for a single Redis where that differs."""

    keys: str
    instead: str
    single: str | None = None


_NOTHING = "nothing, since it follows from Redis running in pods"
_FILES = "nothing, since the agent looks for Redis' files by their names"
_COPIES = "nothing, since the agent counts on how a replica copies its master"
_MEMORY = "resources.limits.memory and conf.maxmemory_percent"
_NO_REPLICAS = "nothing, since a single Redis has no replicas"
_USERS = "redis_password and redis.application_acl of the stack"
_OWN_PASSWORD = "nothing, since a single Redis gets a password of its own"  # noqa: S105

_OWNED = (
    _Owned("appendonly", "conf.appendonly"),
    _Owned("appendfsync", "conf.appendfsync"),
    _Owned("save", "conf.save"),
    _Owned("maxmemory", _MEMORY),
    _Owned("maxmemory-policy", "conf.maxmemory_policy"),
    _Owned("cluster-node-timeout", "conf.node_timeout_ms", _NOTHING),
    _Owned("cluster-.*", _NOTHING, "nothing, since it is no Redis Cluster"),
    _Owned("repl-backlog-size", "conf.repl_backlog_size", _NO_REPLICAS),
    _Owned("repl-diskless-.*|repl-rdb-channel|dual-channel-replication-enabled", _COPIES, _NO_REPLICAS),
    _Owned("min-(replicas|slaves)-.*", "replicas_per_shard", _NO_REPLICAS),
    _Owned("(replica|slave)(of|-.*)", "replicas_per_shard", _NO_REPLICAS),
    _Owned("(master|primary)(auth|user)|requirepass|user|aclfile", _USERS, _OWN_PASSWORD),
    _Owned("rename-command", "redis.application_acl of the stack", "nothing, since clients could not know of it"),
    _Owned("port|bind|bind-source-addr|protected-mode|unixsocket|unixsocketperm", "access"),
    _Owned("tls-.*", "tls", "nothing, since a single Redis has no TLS"),
    _Owned("dir|dbfilename|appendfilename|appenddirname|aof-load-truncated", _FILES),
    _Owned("include", "each key of that file here"),
    _Owned("loadmodule", "nothing, since neither the agent nor its tests know the data of modules"),
    _Owned("daemonize|supervised|pidfile|logfile|syslog-.*", _NOTHING),
)
_BUFFERS = "client-output-buffer-limit"
_BUFFER_ARGUMENTS = 4


def extra_problems(extra: Mapping[str, bool | Argument | list[Argument]], *, of_cluster: bool) -> Iterator[Problem]:
    """What no further line may say, since webtier sets it itself; places begin below `extra`."""
    for key, value in extra.items():
        place: Place = (key,)
        owned = next((each for each in _OWNED if re.fullmatch(each.keys, key)), None)
        if owned is not None:
            instead = owned.instead if of_cluster or owned.single is None else owned.single
            yield Problem(place, f"webtier sets this one itself; allowed: {instead}", value)
        elif key == _BUFFERS and (problem := _buffer_problem(value, of_cluster=of_cluster)):
            yield Problem(place, problem, value)


def _buffer_problem(value: bool | Argument | list[Argument], *, of_cluster: bool) -> str | None:
    words = [str(each) for each in value] if isinstance(value, list) else str(value).split()
    classes = words[::_BUFFER_ARGUMENTS]
    if any(name in ("replica", "slave") for name in classes):
        instead = "conf.replica_output_buffer_limit" if of_cluster else _NO_REPLICAS
        return f"webtier sets that of replicas itself; allowed: the classes normal and pubsub, and {instead}"
    if not words or len(words) % _BUFFER_ARGUMENTS or not set(classes) <= {"normal", "pubsub"}:
        return "allowed: a class, normal or pubsub, and its three limits, such as [pubsub, 64mb, 16mb, 60]"
    return None


def extra_notes(extra: Mapping[str, object]) -> Iterator[str]:
    """A sentence about each key that is nearly called like a known one: Redis does not start with one it can't read."""
    for key in sorted(set(extra) - KNOWN_KEYS):
        for meant in difflib.get_close_matches(key, sorted(KNOWN_KEYS), n=1, cutoff=_CLOSE):
            yield (
                f"conf.extra.{key} is no key of redis.conf that is known here; did you mean '{meant}'? Redis does not "
                "start with a key that it does not know"
            )


def extra_lines(extra: Mapping[str, bool | Argument | list[Argument]]) -> list[str]:
    """The lines of redis.conf, each with all its arguments quoted where they have to be."""
    return [f"{key} {' '.join(map(_written, _arguments(extra[key])))}" for key in sorted(extra)]


def _arguments(value: bool | Argument | list[Argument]) -> Sequence[Argument]:
    if isinstance(value, list):
        return value
    return ["yes" if value else "no"] if isinstance(value, bool) else [value]


def _written(argument: Argument) -> str:
    text = str(argument)
    return text if _PLAIN.fullmatch(text) else quote(text)
