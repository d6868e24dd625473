"""What the embedded cluster checks before it changes anything, and how it writes what it keeps."""

import io
import json
import platform
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509

from command_line import go_builds
from command_line.errors import UserError
from command_line.files import write_whole
from command_line.progress import Progress
from devcluster import materials, preflight
from devcluster.binaries import CLUSTER_BINARIES, REDIS_EXPORTER
from devcluster.cluster import network
from devcluster.cluster.node import Node, marked_processes
from devcluster.cluster.pki import IDENTITIES, KUBELET_CLIENT, Pki
from devcluster.images import IMAGES, build_image
from devcluster.paths import ClusterPaths
from devcluster.plan import CONTROL_PLANE, NODES
from webtier.redis_cluster.settings import MetricsSettings


@pytest.fixture
def paths(tmp_path: Path) -> ClusterPaths:
    return ClusterPaths(cache=tmp_path / "cache", state=tmp_path / "state")


def test_another_system_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(UserError, match="needs Linux; this is Darwin"):
        preflight.check_platform()


def test_another_user_than_root_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(UserError, match=r"uid 1000\. Run `sudo make up`"):
        preflight.check_platform()


def test_too_little_disk_is_named_with_the_variable(paths: ClusterPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    def usage(_: object) -> SimpleNamespace:
        return SimpleNamespace(free=2**30)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    with pytest.raises(UserError, match=r"1\.0 GiB free.*set XDG_CACHE_HOME"):
        preflight.check_room(paths, will_build=True)


def test_too_little_memory_is_named(paths: ClusterPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "MEMORY_NEEDED_KIB", 2**50)
    with pytest.raises(UserError, match="GiB of memory"):
        preflight.check_room(paths, will_build=False)


def test_a_kernel_without_nftables_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "_NFTABLES_GENERATION", 99 << 8)
    with pytest.raises(UserError, match=r"lacks what the nodes need: .*nftables.*module nf_tables"):
        preflight.check_kernel()


def answer_with(routes: Sequence[dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """What `ip` says of this machine's routes."""

    def run(_: Sequence[str]) -> str:
        return json.dumps(routes)

    monkeypatch.setattr(network, "run", run)


def test_a_taken_network_is_named_with_its_interface(monkeypatch: pytest.MonkeyPatch) -> None:
    routes = [{"dst": "default", "dev": "eth0"}, {"dst": "10.79.2.0/24", "dev": "vpn7"}]
    answer_with(routes, monkeypatch)
    with pytest.raises(UserError, match=r"route to 10\.79\.2\.0/24 through the interface 'vpn7'"):
        network.check_ranges_are_free()


def test_its_own_network_is_no_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    routes = [{"dst": "10.79.2.0/24", "dev": "webtier0"}]
    answer_with(routes, monkeypatch)
    network.check_ranges_are_free()


def test_two_at_once_are_refused_and_the_first_is_named(paths: ClusterPaths) -> None:
    with (
        preflight.only_one(paths, "up"),
        pytest.raises(UserError, match=r"being changed by `make up` \(process \d+\)"),
        preflight.only_one(paths, "down"),
    ):
        pass
    with preflight.only_one(paths, "down"):
        pass


def test_every_component_has_its_own_certificate(tmp_path: Path) -> None:
    pki = Pki(tmp_path / "pki")
    assert pki.ensure()
    subjects = {
        x509.load_pem_x509_certificate(pki.certificate(who.file).read_bytes()).subject.rfc4514_string()
        for who in IDENTITIES
    }
    assert len(subjects) == len(IDENTITIES)
    assert [subject for subject in subjects if "system:masters" in subject] == ["CN=webtier-admin,O=system:masters"]
    assert "CN=system:node:webtier-b,O=system:nodes" in subjects
    assert KUBELET_CLIENT.groups == ()


def test_certificates_stay_until_one_is_broken(tmp_path: Path) -> None:
    pki = Pki(tmp_path / "pki")
    pki.ensure()
    before = pki.certificate("ca").read_bytes()
    assert not pki.ensure()
    pki.certificate("etcd").write_text("half a cert")
    assert pki.ensure()
    assert pki.certificate("ca").read_bytes() == before


def test_kubeconfigs_name_only_the_embedded_cluster(tmp_path: Path) -> None:
    import yaml

    pki = Pki(tmp_path / "pki")
    pki.ensure()
    pki.write_kubeconfig(KUBELET_CLIENT, tmp_path / "kubeconfig")
    config = yaml.safe_load((tmp_path / "kubeconfig").read_text())
    assert [cluster["cluster"]["server"] for cluster in config["clusters"]] == ["https://10.79.0.10:6443"]
    assert config["current-context"] == "webtier-local"


def test_nodes_have_addresses_and_veth_pairs_of_their_own() -> None:
    nodes = (CONTROL_PLANE, *NODES)
    assert len({node.address for node in nodes}) == len(nodes) == 4
    assert len({node.veth for node in nodes}) == 4
    assert all(len(node.veth) <= 15 for node in nodes)
    assert [node.zone for node in NODES] == ["a", "b", "c"]


def test_a_node_that_was_never_started_is_off(tmp_path: Path) -> None:
    node = Node(CONTROL_PLANE, tmp_path / "node")
    assert node.first_process is None
    assert list(marked_processes(tmp_path)) == []
    node.kill()


def test_an_image_of_one_binary_holds_it_and_runs_it(tmp_path: Path) -> None:
    binary, archive = tmp_path / "binary", tmp_path / "image.tar"
    binary.write_bytes(b"a program")
    build_image("redis-exporter", {"redis-exporter": binary}, archive, tmp_path / "log")
    with tarfile.open(archive) as tar:
        (manifest,) = json.loads(_read(tar, "manifest.json"))
        config = json.loads(_read(tar, manifest["Config"]))["config"]
        with tarfile.open(fileobj=io.BytesIO(_read(tar, *manifest["Layers"]))) as layer:
            assert _read(layer, "redis_exporter") == b"a program"
            assert layer.getmember("redis_exporter").mode == 0o755
    assert manifest["RepoTags"] == ["webtier.local/redis-exporter:debian-12"]
    assert (config["User"], config["Entrypoint"]) == ("59000:59000", ["/redis_exporter"])


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    content = tar.extractfile(name)
    assert content is not None
    return content.read()


def test_a_new_image_replaces_its_older_one_and_no_other(paths: ClusterPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(go_builds, "go_version", lambda: "go1.26.0")

    def build(_name: str, _inputs: object, archive: Path, _log: Path) -> None:
        archive.touch()

    monkeypatch.setattr(materials, "build_image", build)
    made = materials.Materials(paths)
    for binary in CLUSTER_BINARIES:
        write_whole(binary.file(paths), "")
    for folder in (made.node_root, made.ingress_rootfs, paths.images):
        folder.mkdir(parents=True)
    older = [paths.images / f"{image}-{'0' * 16}.tar" for image in IMAGES]
    for archive in older:
        archive.touch()
    # The one image that is there already: `redis` is made anew, and its name begins this one's.
    made.archive("redis-exporter").touch()
    made.make((), Progress())
    left = {*paths.images.iterdir()}
    assert left == {made.archive(image) for image in IMAGES} | {paths.images / f"redis-exporter-{'0' * 16}.tar"}


def test_the_exporter_is_that_of_the_default_image() -> None:
    image = MetricsSettings.model_fields["image"].default
    assert image.endswith(f":{dict(REDIS_EXPORTER.stamp)['main.BuildVersion']}")
