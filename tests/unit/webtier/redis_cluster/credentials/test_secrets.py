"""Passwords and certificates of a Redis Cluster: where they are, and that a rotation restarts nobody."""

import json
from collections.abc import Callable
from typing import Any

from tests.unit.harness.recording import Recording, run_recorded
from tests.unit.webtier.redis_cluster.redis_objects import (
    CONFIG_MAP,
    JOB,
    PASSWORD,
    SECRET,
    containers,
    pod_specs,
    record,
    template,
)
from webtier.redis_cluster import RedisCluster, RedisClusterArgs, RedisClusterSettings


def test_the_password_is_only_in_the_secret() -> None:
    recording = record()
    for resource in recording.resources:
        if resource.type != SECRET:
            assert PASSWORD not in json.dumps(resource.inputs), resource.name
            assert not resource.secret_inputs, resource.name
    auth = recording.one(SECRET, "redis-auth")
    assert auth.secret_inputs == {"stringData"}
    assert set(auth.inputs["stringData"]) == {
        "users.acl",
        "replication.conf",
        "replication",
        "agent",
        "exporter",
        "exporter.json",
    }
    assert PASSWORD not in json.dumps(auth.inputs), "the pods know its hash alone"
    application = recording.one(SECRET, "redis-app")
    assert application.secret_inputs == {"stringData"}
    assert application.inputs["stringData"] == {"username": "app", "password": PASSWORD}
    internal = recording.one(SECRET, "redis-internal")
    assert internal.secret_inputs == {"data"}
    assert internal.options.ignoreChanges == ["data"]
    assert recording.secret_exports == {"password"}
    for container in containers(recording):
        assert not any("secretKeyRef" in (variable.get("valueFrom") or {}) for variable in container.get("env", ()))


def test_no_checksum_tells_anything_of_the_password() -> None:
    def program(password: str) -> Callable[[], object]:
        return lambda: RedisCluster("redis", RedisClusterArgs(RedisClusterSettings(), "shop", password))

    first, second = (run_recorded(program(password)) for password in ("first-password", "second-password"))
    for one, other in zip(_by_name(first), _by_name(second), strict=True):
        if one.type == JOB:
            # Its name is made with the seed: test_component.py sees that it tells nothing without it.
            one.inputs["metadata"].pop("name")
            other.inputs["metadata"].pop("name")
        if one.name == "redis-goal":
            # It has that name.
            assert set(one.inputs["data"]) == {"job"}
            one.inputs.pop("data")
            other.inputs.pop("data")
        assert one.type == SECRET or one.inputs == other.inputs


def _by_name(recording: Recording) -> list[Any]:
    return sorted(recording.resources, key=lambda each: (each.type, each.name))


def test_tls_is_for_all_of_it_and_its_rotation_restarts_nobody() -> None:
    first, second = (record({"tls": {"kind": "generated", "generation": number}}) for number in (1, 2))
    conf = first.one(CONFIG_MAP, "redis-conf").inputs["data"]["redis.conf"].splitlines()
    assert {"port 0", "tls-port 6379", "tls-cluster yes", "tls-replication yes", "tls-auth-clients no"} <= set(conf)
    assert "port 6379" not in conf
    assert template(first) == template(second)
    secret = first.one(SECRET, "redis-tls")
    assert secret.secret_inputs == {"data"}
    assert set(secret.inputs["data"]) == {"ca.crt", "tls.crt", "tls.key"}
    assert first.one(SECRET, "redis-ca").options.ignoreChanges == ["data"]
    for container in containers(first):
        assert "/etc/webtier-redis/tls" in {mount["mountPath"] for mount in container["volumeMounts"]}, container[
            "name"
        ]


def test_a_certificate_may_come_from_elsewhere() -> None:
    recording = record({"tls": {"kind": "secret", "name": "from-cert-manager", "client_certificates": "yes"}})
    assert {"redis-ca", "redis-tls"}.isdisjoint(each.name for each in recording.of_type(SECRET))
    for spec in pod_specs(recording):
        (volume,) = (each for each in spec["volumes"] if each["name"] == "tls")
        assert volume["secret"]["secretName"] == "from-cert-manager"
