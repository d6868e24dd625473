"""The address with which a node is announced."""

from pathlib import Path

import pytest

from webtier.redis_cluster.agent.redis.client import Connector
from webtier.redis_cluster.agent.start.announce import Announcement, Pod


def announcement(folder: Path | None) -> Announcement:
    pod = Pod("pod", "nodes", "10.0.0.7", "192.0.2.1", folder)
    return pod.announcement(Connector(lambda: "", 6379, 16379))


def test_inside_it_is_the_pods_own_and_clients_are_sent_to_names(tmp_path: Path) -> None:
    for folder in (None, tmp_path):
        conf = announcement(folder).conf()
        assert "cluster-announce-ip 10.0.0.7\ncluster-announce-port 6379\ncluster-announce-bus-port 16379\n" in conf
        assert "cluster-announce-hostname pod.nodes\ncluster-preferred-endpoint-type hostname\n" in conf


@pytest.mark.parametrize(
    ("text", "address"), [("host 30100 30101", "192.0.2.1"), ("203.0.113.9 6379 16379", "203.0.113.9")]
)
def test_outside_it_is_what_the_file_says_and_clients_are_sent_to_addresses(
    tmp_path: Path, text: str, address: str
) -> None:
    (tmp_path / "pod").write_text(text)
    conf = announcement(tmp_path).conf()
    _, port, bus_port = text.split()
    assert conf.startswith(f"cluster-announce-ip {address}\ncluster-announce-port {port}\n")
    assert f"cluster-announce-bus-port {bus_port}\n" in conf
    assert "cluster-preferred-endpoint-type ip\n" in conf


def test_a_file_that_is_not_understood_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "pod").write_text("host thirty")
    with pytest.raises(ValueError, match="allowed: an address and two ports"):
        announcement(tmp_path)
