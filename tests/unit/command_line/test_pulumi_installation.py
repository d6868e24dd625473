"""How the engine is found, and what decides whether a program is built anew."""

import re
import shutil
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from command_line import engine_binaries, go_builds, pulumi_installation
from command_line.engine_binaries import ENGINE_BINARIES, KUBERNETES_PROVIDER, PULUMI, PULUMI_VERSION
from command_line.errors import UserError
from command_line.files import write_whole
from command_line.go_builds import pinned_version
from command_line.paths import Paths
from devcluster.binaries import CLUSTER_BINARIES
from operations.stacks import PROJECT


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(cache=tmp_path / "cache", state=tmp_path / "state")


def nothing(*_: object) -> None:
    """What a look-up answers that finds nothing."""


def test_a_missing_go_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", nothing)
    monkeypatch.setattr("os.access", nothing)
    with pytest.raises(UserError, match="Go is missing"):
        go_builds.go()


def test_a_binary_is_known_by_all_it_is_built_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(go_builds, "go_version", lambda: "go1.26.0")
    before = {binary.module: binary.key() for binary in (*CLUSTER_BINARIES, *ENGINE_BINARIES)}
    assert len(set(before.values())) == 6
    monkeypatch.setattr(go_builds, "go_version", lambda: "go1.27.0")
    assert all(binary.key() != before[binary.module] for binary in CLUSTER_BINARIES)


def test_an_engine_that_is_too_old_is_not_taken(paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(go_builds, "go_version", lambda: "go1.26.0")
    pulumi = tmp_path / "bin" / "pulumi"
    monkeypatch.setenv("PATH", f"{pulumi.parent}:/usr/bin:/bin")
    write_whole(pulumi, "#!/bin/sh\necho v3.100.0\n", 0o755)
    assert pulumi_installation.find(paths) is None
    write_whole(pulumi, "#!/bin/sh\necho v3.250.0\n", 0o755)
    found = pulumi_installation.find(paths)
    assert found is not None
    assert (found.pulumi, found.is_built) == (pulumi, False)


def test_an_earlier_build_of_ours_on_path_is_not_taken_for_somebody_elses(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(go_builds, "go_version", lambda: "go1.26.0")
    earlier = paths.binaries / "pulumi-0000000000000000" / "pulumi"
    write_whole(earlier, "#!/bin/sh\necho v3.250.0\n", 0o755)
    monkeypatch.setenv("PATH", f"{earlier.parent}:/usr/bin:/bin")
    assert pulumi_installation.find(paths) is None


def test_a_binary_is_built_anew_when_what_runs_programs_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(go_builds, "go_version", lambda: "go1.26.0")
    (host,) = PULUMI.beside
    changed = tmp_path / host.name
    changed.write_text(f"{host.read_text()}\n")
    assert replace(PULUMI, beside=(changed,)).key() != PULUMI.key()


def test_a_binary_is_known_wherever_its_sources_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(go_builds, "go_version", lambda: "go1.26.0")
    shutil.copytree(PULUMI.source, tmp_path / "pulumi")
    assert replace(PULUMI, source=tmp_path / "pulumi").key() == PULUMI.key()


_PINS = ("requirements.txt", "constraints.txt", "policies/requirements.txt", "policies/constraints.txt")


def test_every_pin_of_the_engine_agrees() -> None:
    sources = [PULUMI.source, KUBERNETES_PROVIDER.source]
    modules = [f"github.com/pulumi/pulumi/{part}/v3" for part in ("pkg", "sdk")]
    (language_host,) = PULUMI.beside
    pins = {
        f"{module} in {source.name}/go.mod": pinned_version(source, module) for source in sources for module in modules
    }
    pins |= {file: _pin(PROJECT / file, r"^pulumi==(\S+)") for file in _PINS}
    pins |= {"the installed SDK": version("pulumi"), language_host.name: _pin(language_host, r'version="(.*?)"')}
    assert pins == dict.fromkeys(pins, PULUMI_VERSION)


def test_every_pin_of_the_kubernetes_provider_agrees() -> None:
    files = ("requirements.txt", "constraints.txt")
    pins = [_pin(PROJECT / file, r"^pulumi[-_]kubernetes==(\S+)") for file in files]
    assert {*pins} == {engine_binaries.KUBERNETES_PROVIDER_VERSION}


def _pin(file: Path, pattern: str) -> str:
    (found,) = re.findall(pattern, file.read_text(), re.MULTILINE)
    return found
