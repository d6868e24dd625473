"""The real exporter on real Redis processes: with the rights that it is given, and nothing that it lacks."""

import re
import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import (
    LocalCluster,
    local_cluster,
    wait_until,
)
from tests.unit.webtier.redis_cluster.agent.harness.servers import find_redis_server
from tests.unit.webtier.redis_cluster.monitoring.exporter_process import (
    ExporterProcess,
    Sample,
    find_exporter,
    running_exporter,
)
from webtier.redis_cluster import RedisClusterSettings
from webtier.redis_cluster.agent.errors import AgentError
from webtier.redis_cluster.agent.redis.topology import Member
from webtier.redis_cluster.credentials.acl import EXPORTER_ACL, EXPORTER_USER
from webtier.redis_cluster.monitoring.alerts import cluster_alerts
from webtier.redis_cluster.monitoring.dashboard import render_dashboard
from webtier.redis_cluster.monitoring.exporter import exporter_arguments, render_exporter_passwords
from webtier.redis_common.quoting import quote
from webtier.shared.certificates import issue, make_authority

EXPORTER_PASSWORD = 'of "the" exporter, ü'
METRIC = re.compile(r"\b(?:redis_\w+|up)(?={)")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """One shard with a replica, formed, with keys. The exporter's user is there on both."""
    find_exporter()
    for cluster in local_cluster(tmp_path_factory.mktemp("exporter"), shards=1, replicas_per_shard=1):
        cluster.converge()
        cluster.write_keys(10)
        for member in cluster.topology.members():
            make_user(cluster, member)
        yield cluster


def ask(cluster: LocalCluster, member: Member, *command: str | int) -> Any:
    """As the cluster's own, but with lists as lists."""
    with cluster.tester.open(cluster.addresses[member.host]) as node:
        return node.ask(*command)


def make_user(cluster: LocalCluster, member: Member, rules: str = EXPORTER_ACL) -> None:
    password = f">{EXPORTER_PASSWORD}"
    cluster.ask(member, "ACL", "SETUSER", EXPORTER_USER, "reset", "on", password, *rules.split())


def exporter_of(cluster: LocalCluster, member: Member) -> AbstractContextManager[ExporterProcess]:
    ip = cluster.addresses[member.host]
    address = f"{ip}:{cluster.port}"
    passwords = cluster.folder / f"{member.pod}-exporter.json"
    passwords.write_text(render_exporter_passwords(EXPORTER_PASSWORD, address))
    return running_exporter(ip, exporter_arguments(address, str(passwords)), cluster.folder / "exporter-log")


def denials(cluster: LocalCluster, member: Member) -> list[str]:
    """What the exporter was refused since the last look."""
    entries = [dict(zip(entry[::2], entry[1::2], strict=True)) for entry in ask(cluster, member, "ACL", "LOG")]
    cluster.ask(member, "ACL", "LOG", "RESET")
    return [entry["object"] for entry in entries if entry["username"] == EXPORTER_USER]


@pytest.fixture(scope="module")
def samples(cluster: LocalCluster) -> list[Sample]:
    """What the exporters of a master and of a replica show, after some commands have failed."""
    shown: list[Sample] = []
    for member in cluster.topology.members():
        with pytest.raises(AgentError, match="wrong number of arguments"):
            cluster.ask(member, "GET")
        with exporter_of(cluster, member) as exporter:
            shown += exporter.scrape()
    return shown


def test_every_metric_that_is_asked_for_exists(samples: list[Sample]) -> None:
    variants = [
        RedisClusterSettings.model_validate(settings)
        for settings in ({"replicas_per_shard": 2}, {"conf": {"maxmemory_policy": "volatile-lru"}})
    ]
    expressions = [alert.expression for each in variants for alert in cluster_alerts("redis", "shop", each)]
    dashboard = render_dashboard("redis", "shop", 6)
    asked = {name for text in (*expressions, dashboard) for name in METRIC.findall(text)}
    assert len(asked) > 40
    # Prometheus itself adds the one that is left.
    assert asked - {sample.name for sample in samples} == {"up"}


@pytest.mark.parametrize(
    ("metric", "labels"),
    [
        ("redis_instance_info", {"role": "master"}),
        ("redis_instance_info", {"role": "slave"}),
        ("redis_connected_slave_lag_seconds", {"slave_state": "online"}),
        ("redis_connected_slave_offset_bytes", {"slave_state": "online"}),
        ("redis_errors_total", {"err": "ERR"}),
        ("redis_commands_total", {"cmd": "get"}),
    ],
)
def test_the_labels_that_are_asked_for_have_these_values(
    metric: str, labels: dict[str, str], samples: list[Sample]
) -> None:
    found = [sample.labels for sample in samples if sample.name == metric]
    assert any(labels.items() <= each.items() for each in found), found


def test_a_healthy_cluster_shows_what_no_alert_minds(samples: list[Sample]) -> None:
    for metric, value in {
        "redis_up": 1,
        "redis_exporter_last_scrape_error": 0,
        "redis_cluster_state": 1,
        "redis_cluster_slots_ok": 16384,
        "redis_cluster_known_nodes": 2,
        "redis_aof_last_write_status": 1,
        "redis_aof_last_bgrewrite_status": 1,
        "redis_rdb_last_bgsave_status": 1,
        "redis_master_link_up": 1,
    }.items():
        found = [sample.value for sample in samples if sample.name == metric]
        assert found == [value] * len(found) != [], metric


def test_refused_writes_are_counted_under_their_name(cluster: LocalCluster) -> None:
    master, _ = cluster.master_and_replica(0)
    _, maxmemory = ask(cluster, master, "CONFIG", "GET", "maxmemory")
    slot = cluster.ask(master, "CLUSTER", "KEYSLOT", "key-0")
    faults: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
        (
            "NOREPLICAS",
            ("CONFIG", "SET", "min-replicas-to-write", "2"),
            ("CONFIG", "SET", "min-replicas-to-write", "0"),
        ),
        ("OOM", ("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", maxmemory)),
        ("CLUSTERDOWN", ("CLUSTER", "DELSLOTS", slot), ("CLUSTER", "ADDSLOTS", slot)),
    ]
    for _name, begin, end in faults:
        cluster.ask(master, *begin)
        with pytest.raises(AgentError, match="refused SET key-0"):
            cluster.ask(master, "SET", "key-0", "x")
        cluster.ask(master, *end)
    wait_until(cluster.is_healthy, "all slots are served again")
    with exporter_of(cluster, master) as exporter:
        counted = {each.labels["err"] for each in exporter.scrape() if each.name == "redis_errors_total"}
    assert {name for name, _begin, _end in faults} <= counted


def test_it_asks_for_nothing_that_it_may_not(cluster: LocalCluster) -> None:
    for member in cluster.topology.members():
        denials(cluster, member)
        with exporter_of(cluster, member) as exporter:
            assert exporter.value("redis_up") == 1
        assert denials(cluster, member) == []


@pytest.mark.parametrize("right", [rule for rule in EXPORTER_ACL.split() if rule.startswith("+")])
def test_each_of_its_rights_is_needed(right: str, cluster: LocalCluster) -> None:
    member, _ = cluster.master_and_replica(0)
    make_user(cluster, member, EXPORTER_ACL.replace(right, ""))
    try:
        denials(cluster, member)
        with exporter_of(cluster, member) as exporter:
            exporter.scrape()
        assert denials(cluster, member) == [right.removeprefix("+")]
    finally:
        make_user(cluster, member)


def test_it_can_be_made_to_show_no_key(cluster: LocalCluster) -> None:
    master, _ = cluster.master_and_replica(0)
    target = f"redis://{cluster.addresses[master.host]}:{cluster.port}"
    keys = "/scrape?check-keys=*&check-single-keys=key-0&count-keys=*"
    with exporter_of(cluster, master) as exporter:
        shown = exporter.get(f"{keys}&target={target}")
    assert "redis_up 1" in shown
    assert not re.findall(r"^redis_(?:key_|keys_).*$", shown, re.MULTILINE)
    denials(cluster, master)


def test_a_new_password_is_taken_without_a_restart(cluster: LocalCluster) -> None:
    master, _ = cluster.master_and_replica(0)
    with exporter_of(cluster, master) as exporter:
        cluster.ask(master, "ACL", "SETUSER", EXPORTER_USER, "resetpass", ">another")
        assert exporter.value("redis_up") == 0
        passwords = cluster.folder / f"{master.pod}-exporter.json"
        address = f"{cluster.addresses[master.host]}:{cluster.port}"
        passwords.write_text(render_exporter_passwords("another", address))
        assert exporter.get("/-/reload") == "ok"
        assert exporter.value("redis_up") == 1
    make_user(cluster, master)


def test_its_password_is_neither_an_argument_nor_in_its_environment(cluster: LocalCluster) -> None:
    member, _ = cluster.master_and_replica(0)
    with exporter_of(cluster, member) as exporter:
        folder = Path("/proc") / str(exporter.process.pid)
        for name in ("cmdline", "environ"):
            assert EXPORTER_PASSWORD.encode() not in (folder / name).read_bytes()


def test_it_reaches_a_redis_that_speaks_only_tls(tmp_path: Path) -> None:
    server, ip = find_redis_server(), "127.0.0.1"
    with socket.socket() as probe:
        probe.bind((ip, 0))
        port = probe.getsockname()[1]
    authority = make_authority("test")
    leaf = issue(authority, "redis", [ip], client=True)
    for name, content in (("ca.crt", authority.certificate), ("tls.crt", leaf.certificate), ("tls.key", leaf.key)):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "redis.conf").write_text(
        f"port 0\ntls-port {port}\nbind {ip}\nsave ''\ndir {tmp_path}\ntls-ca-cert-file {tmp_path}/ca.crt\n"
        f"tls-cert-file {tmp_path}/tls.crt\ntls-key-file {tmp_path}/tls.key\n"
        f"user {EXPORTER_USER} on {quote('>' + EXPORTER_PASSWORD)} {EXPORTER_ACL}\n"
    )
    passwords, log = tmp_path / "exporter.json", tmp_path / "log"
    passwords.write_text(render_exporter_passwords(EXPORTER_PASSWORD, f"{ip}:{port}"))
    arguments = exporter_arguments(f"{ip}:{port}", str(passwords), str(tmp_path))
    with log.open("wb") as output, subprocess.Popen([server, tmp_path / "redis.conf"], stdout=output) as redis:
        try:
            wait_until(lambda: "Ready to accept connections" in log.read_text(), "Redis is there")
            with running_exporter(
                f"127.{secrets.randbelow(200) + 20}.0.1", arguments, tmp_path / "exporter-log"
            ) as exporter:
                assert exporter.value("redis_up") == 1
        finally:
            redis.kill()
