"""The servers that the project is tested with: their images on demand, and their programs on this machine."""

import platform
from pathlib import Path

import pytest

from command_line import go_builds
from command_line.files import write_whole
from command_line.paths import Paths
from command_line.progress import Progress
from command_line.subprocesses import run
from devcluster import materials, servers
from devcluster.binaries import CLUSTER_BINARIES
from devcluster.images import IMAGES, ON_DEMAND, redis, reference
from devcluster.images.recipe import Job
from devcluster.images.redis import SERVERS, Server
from devcluster.paths import ClusterPaths
from operations import local
from operations.local import LocalStack


def unpack_shell(_packages: object, root: Path, _log: Path, **_options: object) -> None:
    """A root with one program, which is this machine's own shell."""
    linker = next(Path("/").glob("lib*/ld-linux-*.so.*"))
    for name, source in ((f"usr{linker}", linker), ("usr/bin/valkey-server", Path("/bin/sh"))):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(source.read_bytes())
        (root / name).chmod(0o755)
    (root / "usr/lib").mkdir(exist_ok=True)
    (root / f"usr/lib/{platform.machine()}-linux-gnu").symlink_to(f"/usr/lib/{platform.machine()}-linux-gnu")


def no_owner(*_: object) -> None:
    """Only root can give files away."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(redis, "unpack", unpack_shell)
    monkeypatch.setattr(redis, "give_folders", no_owner)
    return SERVERS["valkey-9.1"]


def test_a_servers_programs_run_with_its_own_libraries_under_their_own_names(server: Server, tmp_path: Path) -> None:
    paths = Paths(tmp_path / "cache", tmp_path / "state")
    servers.make(server, paths)
    program = servers.programs(server, paths) / "valkey-server"
    assert run([str(program), "-c", 'echo "$0 $1"', "it", "with spaces"]) == "it with spaces\n"
    words = run([str(program), "-c", "cat /proc/$$/cmdline"]).split("\0")
    folder = servers.programs(server, paths).parent / "root"
    assert words[words.index("--library-path") + 1] == f"{folder}/usr/lib/{platform.machine()}-linux-gnu"


def test_a_making_that_was_cut_off_is_done_again(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = Paths(tmp_path / "cache", tmp_path / "state")

    def cut_off(*_: object, **__: object) -> None:
        raise OSError("no mirror")

    with monkeypatch.context() as broken:
        broken.setattr(redis, "unpack", cut_off)
        with pytest.raises(OSError, match="no mirror"):
            servers.make(server, paths)
    assert not servers.programs(server, paths).exists()
    servers.make(server, paths)
    assert (servers.programs(server, paths) / "valkey-server").exists()


def test_a_machine_that_can_not_make_it_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise FileNotFoundError("mmdebstrap")

    monkeypatch.setattr(servers, "make", refuse)
    monkeypatch.setattr("sys.argv", ["servers", "redis-8.0"])
    assert servers.main() == 1
    assert "redis-8.0 can't be made on this machine: mmdebstrap" in capsys.readouterr().err


def test_every_server_has_an_image_of_its_own_and_only_one_is_in_every_cluster() -> None:
    assert [*ON_DEMAND] == ["redis:8.0", "valkey:8.1", "valkey:9.1"]
    assert len({server.recipe.key({}) for server in SERVERS.values()}) == len(SERVERS) == 4
    assert ON_DEMAND.keys().isdisjoint(IMAGES)
    assert reference("valkey:9.1") == "webtier.local/valkey:9.1"


def test_an_image_on_demand_is_made_only_when_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(go_builds, "go_version", lambda: "go1.26.0")
    paths = ClusterPaths(cache=tmp_path / "cache", state=tmp_path / "state")
    made = materials.Materials(paths)
    for binary in CLUSTER_BINARIES:
        write_whole(binary.file(paths), "")
    for folder in (made.node_root, made.ingress_rootfs):
        folder.mkdir(parents=True)
    built: list[str] = []

    def build(image: str, _inputs: object, archive: Path, _log: Path) -> None:
        built.append(image)
        archive.touch()

    monkeypatch.setattr(materials, "build_image", build)
    made.make((), Progress())
    assert sorted(built) == sorted(IMAGES)
    built.clear()
    made.make((), Progress(), ["valkey:8.1"])
    assert built == ["valkey:8.1"]
    assert made.archive("valkey:8.1").name.startswith("valkey-8.1-")


def test_the_stack_local_asks_for_the_images_that_its_file_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert LocalStack.images_on_demand() == []
    monkeypatch.setattr(local, "PROJECT", tmp_path)
    (tmp_path / "Pulumi.local.yaml").write_text("image: webtier.local/valkey:8.1 # not webtier.local/redis:8.01\n")
    assert LocalStack.images_on_demand() == ["valkey:8.1"]


def test_a_job_unpacks_the_servers_packages_of_its_own_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    def unpack(packages: tuple[str, ...], root: Path, _log: Path, *, suite: str) -> None:
        asked.update(packages=packages[0], suite=suite)
        root.mkdir()

    monkeypatch.setattr(redis, "unpack", unpack)
    monkeypatch.setattr(redis, "give_folders", no_owner)
    SERVERS["redis-8.0"].recipe.build(Job(tmp_path / "root", {}, tmp_path / "log"))
    assert asked == {"packages": "redis-server", "suite": "trixie"}
