"""The Pulumi engine: found on the machine, or installed, or built, in this order."""

import os
import shutil
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import semver
from pulumi.automation import PulumiCommand

from command_line.engine_binaries import (
    ENGINE_BINARIES,
    KUBERNETES_PROVIDER,
    KUBERNETES_PROVIDER_VERSION,
    PULUMI,
    PULUMI_VERSION,
)
from command_line.go_builds import Binary, make_missing
from command_line.paths import Paths
from command_line.progress import Progress
from command_line.subprocesses import CommandError, run

_INSTALLER = "https://get.pulumi.com"
_INSTALLER_SECONDS = 5.0


@dataclass(frozen=True)
class Engine:
    """`pulumi` is the CLI; `path` the folders to put before PATH so that it finds its parts."""

    pulumi: Path
    path: tuple[Path, ...]
    is_built: bool


def find(paths: Paths) -> Engine | None:
    """The engine that is already there: a compatible one on PATH, the installed one, or the built one."""
    on_path = shutil.which("pulumi")
    # A build of ours on PATH, in a shell that has `make env` from before, may be an earlier one.
    is_ours = on_path is not None and Path(on_path).resolve().is_relative_to(paths.binaries.resolve())
    if on_path and not is_ours and _is_compatible(Path(on_path)):
        return Engine(Path(on_path), (), is_built=False)
    installed = paths.installed_engine / "bin" / "pulumi"
    if installed.exists() and _is_compatible(installed):
        return Engine(installed, (installed.parent,), is_built=False)
    if PULUMI.is_built(paths) and KUBERNETES_PROVIDER.is_built(paths):
        return _built(paths)
    return None


def install(paths: Paths) -> Engine | None:
    """Try the official installer; None when it can't be reached, which is known within seconds."""
    try:
        urllib.request.urlopen(_INSTALLER, timeout=_INSTALLER_SECONDS).close()
    except (OSError, ValueError):
        return None
    try:
        PulumiCommand.install(root=str(paths.installed_engine), version=semver.VersionInfo.parse(PULUMI_VERSION))
    except Exception:  # the installer is a script from outside: whatever it trips over, a build still works
        return None
    return find(paths)


def ensure(paths: Paths, progress: Progress) -> Engine:
    """The engine alone, for a preview: found, installed or built. Needs neither root nor a cluster."""
    found = find(paths) or install(paths)
    make_missing(binaries_to_build(found, paths, progress), paths, progress)
    if KUBERNETES_PROVIDER.is_built(paths):
        install_built_provider(paths)
    return found or _built(paths)


def ensure_cli(paths: Paths, progress: Progress) -> Engine:
    """The engine without its Kubernetes provider, which is enough to read settings: found, installed or built."""
    found = find(paths) or install(paths)
    if found is None:
        make_missing([PULUMI], paths, progress)
    return found or _built(paths)


def _built(paths: Paths) -> Engine:
    built = PULUMI.file(paths)
    return Engine(built, (built.parent,), is_built=True)


def binaries_to_build(found: Engine | None, paths: Paths, progress: Progress) -> list[Binary]:
    """What of the engine has to come from our own build, given what was found or installed."""
    if found is None or found.is_built:
        return [*ENGINE_BINARIES]
    if not _can_fetch_provider(found, paths, progress):
        return [KUBERNETES_PROVIDER]
    return []


def variables(engine: Engine, paths: Paths) -> dict[str, str]:
    """The environment in which this engine finds its parts, and Python programs their packages."""
    own = [str(Path(sys.executable).parent), *(str(folder) for folder in engine.path)]
    rest = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder not in own]
    return {
        "PATH": os.pathsep.join([*own, *rest]),
        "PULUMI_HOME": str(paths.pulumi_home),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        **({"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true"} if engine.is_built else {}),
    }


def install_built_provider(paths: Paths) -> None:
    """Put the built provider where the engine looks for plugins."""
    target, source = _provider_folder(paths) / "pulumi-resource-kubernetes", KUBERNETES_PROVIDER.file(paths)
    if target.is_symlink() and target.readlink() == source:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.symlink_to(source)


def _provider_folder(paths: Paths) -> Path:
    return paths.pulumi_home / "plugins" / f"resource-kubernetes-v{KUBERNETES_PROVIDER_VERSION}"


def _can_fetch_provider(engine: Engine, paths: Paths, progress: Progress) -> bool:
    """Whether an engine that was not built can fetch its Kubernetes provider; it is fetched when it can."""
    if _provider_folder(paths).exists():
        return True
    words = ["plugin", "install", "resource", "kubernetes", f"v{KUBERNETES_PROVIDER_VERSION}"]
    try:
        run([str(engine.pulumi), *words], env={**os.environ, "PULUMI_HOME": str(paths.pulumi_home)}, timeout=300)
    except (CommandError, OSError, TimeoutError) as problem:
        progress.line(f"the engine can't fetch its Kubernetes provider ({str(problem).splitlines()[-1]}): building it")
        return False
    return True


def _is_compatible(pulumi: Path) -> bool:
    """The SDK asks for an engine of its own major version that is not older than itself."""
    try:
        found = semver.VersionInfo.parse(run([str(pulumi), "version"], timeout=20).strip().lstrip("v"))
    except (CommandError, ValueError, OSError):
        return False
    wanted = semver.VersionInfo.parse(PULUMI_VERSION)
    return found.major == wanted.major and found >= wanted
