"""TLS on a real cluster: nothing plain, and a renewed certificate without a restart."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from redis.crc import key_slot

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import (
    INTERNAL,
    LocalCluster,
    local_cluster,
    wait_until,
)
from tests.unit.webtier.redis_cluster.agent.harness.servers import only_its_programs
from webtier.redis_cluster.agent.console import Console
from webtier.redis_cluster.agent.errors import NodeSilentError, NodeUnavailableError
from webtier.redis_cluster.agent.reconcile.cluster_state import read_cluster_state
from webtier.redis_cluster.agent.reconcile.migration import migrate
from webtier.redis_cluster.agent.reconcile.progress import Progress
from webtier.redis_cluster.agent.reconcile.steps import Move
from webtier.redis_cluster.agent.redis.certificate import certificate_checksum, load_certificate
from webtier.redis_cluster.agent.redis.client import Connector
from webtier.redis_cluster.credentials.acl import EXPORTER_USER
from webtier.redis_cluster.pod.probes import alive_script, ready_script
from webtier.redis_cluster.pod.redis_conf import RUN_FOLDER, TLS_CA, TLS_CERTIFICATE, TLS_FOLDER, TLS_KEY
from webtier.redis_cluster.tls_settings import GeneratedTls
from webtier.redis_common.conf import AUTH_FOLDER, PORT
from webtier.shared.certificates import issue, make_authority


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Three shards with a replica each, formed over TLS."""
    tls = GeneratedTls(kind="generated", client_certificates="yes")
    for cluster in local_cluster(tmp_path_factory.mktemp("tls"), 3, 1, tls=tls):
        cluster.converge()
        yield cluster


def serial_number(cluster: LocalCluster, port: int) -> str:
    folder = cluster.folder / "tls"
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.check_hostname = False
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    ip = cluster.addresses[cluster.topology.member(0, 0).host]
    with socket.create_connection((ip, port), timeout=10) as plain, context.wrap_socket(plain) as secured:
        return str((secured.getpeercert() or {})["serialNumber"])


def test_clients_and_bus_are_encrypted_and_nothing_else_is_answered(encrypted: LocalCluster) -> None:
    assert encrypted.is_healthy()
    assert serial_number(encrypted, encrypted.port) == serial_number(encrypted, encrypted.bus_port)
    plain = replace(encrypted.connector, tls=None)
    with pytest.raises(NodeUnavailableError), plain.open(next(iter(encrypted.addresses.values()))) as node:
        node.ask("PING")


def test_a_certificate_of_another_ca_is_not_believed(encrypted: LocalCluster, tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    shutil.copytree(encrypted.folder / "tls", folder)
    (folder / "ca.crt").write_bytes(make_authority("another").certificate)
    deceived = replace(encrypted.connector, tls=folder)
    with pytest.raises(NodeUnavailableError), deceived.open(next(iter(encrypted.addresses.values()))) as node:
        node.ask("PING")


def test_a_renewed_certificate_is_served_without_a_restart(encrypted: LocalCluster) -> None:
    before = serial_number(encrypted, encrypted.port), certificate_checksum(encrypted.folder / "tls")
    processes = {pod: process.pid for pod, process in encrypted.processes.items()}
    member = encrypted.topology.member(0, 0)
    with encrypted.tester.open(encrypted.addresses[member.host]) as long_lived:
        assert long_lived.ask("PING") == "PONG"
        encrypted.renew_certificate(2)
        assert certificate_checksum(encrypted.folder / "tls") != before[1]
        for each in encrypted.topology.members():
            with encrypted.connector.open(encrypted.addresses[each.host]) as node:
                load_certificate(node, encrypted.folder / "tls")
        assert long_lived.ask("PING") == "PONG"
    assert serial_number(encrypted, encrypted.port) != before[0]
    assert serial_number(encrypted, encrypted.bus_port) != before[0]
    encrypted.kill(member)
    encrypted.launch(member)
    wait_until(encrypted.is_healthy, "nodes with the new certificate find each other")
    assert {pod for pod, process in encrypted.processes.items() if processes[pod] != process.pid} == {member.pod}


def test_another_ca_comes_in_three_steps(encrypted: LocalCluster) -> None:
    """At each of them nodes that have the files and nodes that have not yet find each other."""
    old, new = encrypted.authority, make_authority("another")
    both = replace(old, certificate=old.certificate + new.certificate)
    members = encrypted.topology.members()
    for trusted, issuer in ((both, old), (both, new), (new, new)):
        leaf = issue(issuer, "redis", ["localhost"], 3, client=True)
        files = {TLS_CA: trusted.certificate, TLS_CERTIFICATE: leaf.certificate, TLS_KEY: leaf.key}
        for name, content in files.items():
            (encrypted.folder / "tls" / name).write_bytes(content)
        for half in (members[::2], members[1::2]):
            for member in half:
                with encrypted.connector.open(encrypted.addresses[member.host]) as node:
                    load_certificate(node, encrypted.folder / "tls")
            encrypted.kill(half[0])
            encrypted.launch(half[0])
            wait_until(encrypted.is_healthy, "nodes with and without the new files find each other")


def test_a_silent_node_holds_its_connections_until_it_ends(encrypted: LocalCluster) -> None:
    member = encrypted.topology.member(2, 0)
    quick = replace(encrypted.connector, timeout=0.5)
    with quick.open(encrypted.addresses[member.host]) as node:
        node.outlives_silence = True
        assert node.ask("PING") == "PONG"
        with encrypted.stopped(member):
            with pytest.raises(NodeSilentError):
                node.ask("PING")
            assert node.is_held()
            assert node.is_held()
            encrypted.kill(member)
            assert not node.is_held()
            encrypted.launch(member)
            assert not node.is_held(), "another process has the address now"
    wait_until(encrypted.is_healthy, "it is back")


def test_the_probes_ask_over_tls(encrypted: LocalCluster, tmp_path: Path) -> None:
    (tmp_path / EXPORTER_USER).write_text(INTERNAL.current(EXPORTER_USER))
    member = encrypted.topology.member(1, 0)
    for render in (alive_script, ready_script):
        script = render(encrypted.settings).replace(TLS_FOLDER, str(encrypted.folder / "tls"))
        script = script.replace(AUTH_FOLDER, str(tmp_path)).replace(RUN_FOLDER, str(tmp_path))
        script = script.replace(f"-h 127.0.0.1 -p {PORT}", f"-h {encrypted.addresses[member.host]} -p {encrypted.port}")
        command, programs = ("/bin/sh", "-c", script), only_its_programs()
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=programs)
        assert done.returncode == 0, done.stdout


def test_slots_with_keys_move_from_master_to_master(encrypted: LocalCluster) -> None:
    nodes = read_cluster_state(encrypted.topology, encrypted.connector).nodes
    source, target = [node for node in nodes if node.owns_slots][:2]
    key = next(f"key-{number}" for number in range(100) if key_slot(b"key-%d" % number) in source.myself.slots)
    encrypted.ask(source.member, "SET", key, "value")

    move = Move(source, target, (key_slot(key.encode()),))
    migrate([move], nodes, encrypted.connector, Progress(Console()), 60.0)

    assert encrypted.ask(target.member, "GET", key) == "value"
    assert encrypted.ask(source.member, "DBSIZE") == "0"


def test_a_certificate_that_is_missing_is_no_sign_of_a_redis_that_has_ended(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        connector = Connector(lambda: "", server.getsockname()[1], tls=tmp_path)
        with (
            connector.open("127.0.0.1") as node,
            pytest.raises(NodeUnavailableError, match="can't be asked: a file of the certificate is missing"),
        ):
            node.ask("PING")
