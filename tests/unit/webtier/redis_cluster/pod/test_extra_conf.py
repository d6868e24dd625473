"""Further keys of redis.conf: how they are written, and what is refused."""

from typing import Any

import pytest

from tests.unit.environment.changed_stack import SECRET, changed, lines_about, parse, parse_config, report, report_of
from tests.unit.webtier.redis_cluster.redis_objects import CONFIG_MAP, checksum_of, record
from tests.unit.webtier.redis_standalone import standalone_objects

EXTRA: dict[str, Any] = {
    "active-expire-effort": 2,
    "lazyfree-lazy-eviction": True,
    "latency-tracking-info-percentiles": [50, 99.9],
    "notify-keyspace-events": "",
    "proc-title-template": 'a "title" of {listen-addr}',
    "client-output-buffer-limit": ["pubsub", "64mb", "16mb", 60],
    "oom-score-adj-values": "0 200 800",
    "hash-max-listpack-entries": "512",
}
_SINGLE = "standalone_redis.pages.conf.extra"


def lines_of(settings: dict[str, Any]) -> list[str]:
    return record(settings).one(CONFIG_MAP, "redis-conf").inputs["data"]["redis.conf"].splitlines()


def test_each_key_is_a_line_after_those_that_webtier_writes() -> None:
    assert lines_of({"conf": {"extra": EXTRA}}) == [
        *lines_of({}),
        "active-expire-effort 2",
        "client-output-buffer-limit pubsub 64mb 16mb 60",
        "hash-max-listpack-entries 512",
        "latency-tracking-info-percentiles 50 99.9",
        "lazyfree-lazy-eviction yes",
        'notify-keyspace-events ""',
        'oom-score-adj-values "0 200 800"',
        'proc-title-template "a \\"title\\" of {listen-addr}"',
    ]
    assert checksum_of(record()) != checksum_of(record({"conf": {"extra": EXTRA}}))


def test_a_single_redis_has_them_too() -> None:
    recording = standalone_objects.record({"conf": {"extra": {"active-expire-effort": 2}}})
    text = recording.one(CONFIG_MAP, "sessions-conf").inputs["data"]["redis.conf"]
    assert text.endswith("\nactive-expire-effort 2\n")


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("appendonly", "no", "conf.appendonly"),
        ("appendfsync", "always", "conf.appendfsync"),
        ("save", "60 1", "conf.save"),
        ("maxmemory", "1gb", "resources.limits.memory and conf.maxmemory_percent"),
        ("maxmemory-policy", "allkeys-lru", "conf.maxmemory_policy"),
        ("cluster-node-timeout", 1000, "conf.node_timeout_ms"),
        ("cluster-enabled", False, "nothing, since it follows from Redis running in pods"),
        ("cluster-announce-ip", "10.0.0.1", "nothing, since it follows from Redis running in pods"),
        ("repl-backlog-size", "1mb", "conf.repl_backlog_size"),
        ("repl-diskless-sync-delay", 0, "nothing, since the agent counts on how a replica copies its master"),
        ("min-replicas-to-write", 1, "replicas_per_shard"),
        ("min-slaves-to-write", 1, "replicas_per_shard"),
        ("replica-priority", 0, "replicas_per_shard"),
        ("replicaof", "10.0.0.1 6379", "replicas_per_shard"),
        ("slaveof", "10.0.0.1 6379", "replicas_per_shard"),
        ("slave-read-only", False, "replicas_per_shard"),
        ("masterauth", "x", "redis_password and redis.application_acl of the stack"),
        ("requirepass", "x", "redis_password and redis.application_acl of the stack"),
        ("user", "default on nopass +@all ~*", "redis_password and redis.application_acl of the stack"),
        ("aclfile", "/x", "redis_password and redis.application_acl of the stack"),
        ("rename-command", ["KEYS", ""], "redis.application_acl of the stack"),
        ("port", 6380, "access"),
        ("bind", "10.0.0.1", "access"),
        ("tls-port", 6379, "tls"),
        ("tls-key-file-pass", "x", "tls"),
        ("dir", "/tmp", "nothing, since the agent looks for Redis' files by their names"),
        ("dbfilename", "x.rdb", "nothing, since the agent looks for Redis' files by their names"),
        ("include", "/etc/passwd", "each key of that file here"),
        ("loadmodule", "/x.so", "nothing, since neither the agent nor its tests know the data of modules"),
        ("daemonize", True, "nothing, since it follows from Redis running in pods"),
        ("supervised", "systemd", "nothing, since it follows from Redis running in pods"),
    ],
)
def test_what_webtier_sets_itself_is_refused_with_the_setting_to_use(key: str, value: Any, allowed: str) -> None:
    lines = report(redis={"conf": {"extra": {key: value}}})
    assert lines[0].startswith("1 setting is wrong"), lines
    assert lines[2].startswith(f"  webtier:redis.conf.extra.{key} = ")
    assert lines[3].strip() == f"webtier sets this one itself; allowed: {allowed}"


def test_every_line_that_webtier_writes_is_one_of_them() -> None:
    settings = {"tls": {"kind": "generated"}, "access": {"pods": {"kind": "node_ports"}}}
    data = record(settings).one(CONFIG_MAP, "redis-conf").inputs["data"]
    keys = {line.split()[0] for line in (data["redis.conf"] + data["topology.conf"]).splitlines()}
    keys |= {"masteruser", "masterauth", "cluster-announce-hostname", "cluster-preferred-endpoint-type"}
    keys -= {"client-output-buffer-limit"}
    lines = "\n".join(report(redis={"conf": {"extra": dict.fromkeys(keys, 1)}}))
    assert len(keys) > 20
    for key in keys:
        assert "webtier sets this one itself" in lines_about(f"redis.conf.extra.{key}", lines)


@pytest.mark.parametrize(
    ("key", "allowed"),
    [
        ("cluster-node-timeout", "nothing, since it follows from Redis running in pods"),
        ("cluster-enabled", "nothing, since it is no Redis Cluster"),
        ("repl-backlog-size", "nothing, since a single Redis has no replicas"),
        ("requirepass", "nothing, since a single Redis gets a password of its own"),
        ("maxmemory", "resources.limits.memory and conf.maxmemory_percent"),
    ],
)
def test_a_single_redis_is_told_what_it_has(key: str, allowed: str) -> None:
    lines = report(standalone_redis={"pages": {"conf": {"extra": {key: 1}}}})
    assert lines_about(f"{_SINGLE}.{key}", "\n".join(lines)).endswith(f"allowed: {allowed}")


@pytest.mark.parametrize(
    "value", ["a\nrequirepass x", "a\r", "\0", "\x7f", None, {}, [], [True], [["a"]], "a" * 1001, ["a\nb"]]
)
def test_a_value_that_is_no_argument_is_refused(value: Any) -> None:
    lines = report(redis={"conf": {"extra": {"loglevel": value}}})
    assert lines[0].startswith("1 setting is wrong"), lines
    assert lines[2].startswith("  webtier:redis.conf.extra.loglevel = ")
    assert "allowed: text without line breaks or other control characters, a number" in lines[3]


@pytest.mark.parametrize("key", ["Port", "PORT", "log level", "loglevel\nport", "#port", "-port", "a--b", ""])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    lines = report(redis={"conf": {"extra": {key: "x"}}})
    assert lines[0].startswith("1 setting is wrong"), lines
    assert "allowed: a key of redis.conf: a-z, 0-9 and '-' between them" in "\n".join(lines)


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (["replica", "1mb", "1mb", 60], "the classes normal and pubsub, and conf.replica_output_buffer_limit"),
        ("normal 0 0 0 slave 0 0 0", "the classes normal and pubsub, and conf.replica_output_buffer_limit"),
        (["pubsub", "1mb"], "a class, normal or pubsub, and its three limits"),
        (["master", 1, 1, 1], "a class, normal or pubsub, and its three limits"),
        (7, "a class, normal or pubsub, and its three limits"),
    ],
)
def test_the_buffers_of_replicas_have_a_setting_of_their_own(limit: Any, said: str) -> None:
    lines = "\n".join(report(redis={"conf": {"extra": {"client-output-buffer-limit": limit}}}))
    assert said in lines_about("redis.conf.extra.client-output-buffer-limit", lines)


def test_a_nearly_known_key_is_asked_about_and_an_unknown_one_is_not() -> None:
    extra = {"active-expire-efort": 2, "a-key-of-next-year": 1, "loglevel": "verbose"}
    settings = parse(redis={"conf": {"extra": extra}, "storage": {"kind": "dynamic", "size": "2Gi"}})
    assert settings.redis is not None
    (note,) = settings.redis.notes()
    assert note.startswith("conf.extra.active-expire-efort is no key of redis.conf that is known here")
    assert "did you mean 'active-expire-effort'?" in note
    pages = parse(standalone_redis={"pages": {"conf": {"extra": extra, "maxmemory_policy": "allkeys-lru"}}})
    assert "did you mean" in pages.standalone_redis["pages"].notes()[0]


@pytest.mark.parametrize("key", ["redis", "standalone_redis"])
def test_an_encrypted_value_is_refused_since_a_config_map_would_show_it(key: str) -> None:
    conf = {"conf": {"extra": {"loglevel": "verbose"}}}
    config = changed(**{key: conf if key == "redis" else {"pages": conf}})
    text = report_of(config, SECRET | {key})
    place = "redis.conf.extra" if key == "redis" else _SINGLE
    assert "it would stand in a ConfigMap in plain text" in lines_about(place, text)
    assert parse_config(config)
