"""Building the programs that can't be had as packages, from published Go modules, into the cache."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from command_line.errors import UserError
from command_line.files import delete_others
from command_line.paths import Paths
from command_line.progress import Progress
from command_line.subprocesses import CommandError, run


@dataclass(frozen=True)
class Binary:
    """A Go module of ours that pins and builds one program.

    `source` is the module's folder, `package` what is built in it, `names` the file names it gets: the first is the
    file, the others are links to it.
    """

    source: Path
    names: tuple[str, ...]
    package: str = "."
    stamp: Mapping[str, str] = field(default_factory=dict[str, str])
    beside: tuple[Path, ...] = ()
    """Files of ours that belong in the same folder."""

    @property
    def module(self) -> str:
        return self.source.name

    def key(self) -> str:
        """A hash of all that decides what comes out: sources, pins, flags and the compiler."""
        digest = hashlib.sha256()
        for file in (*sorted(self.source.iterdir()), *self.beside):
            digest.update(f"{file.name}\0".encode() + file.read_bytes())
        digest.update(repr((self.package, self.names, sorted(self.stamp.items()), _FLAGS, go_version())).encode())
        return digest.hexdigest()[:16]

    def folder(self, paths: Paths) -> Path:
        return paths.binaries / f"{self.module}-{self.key()}"

    def file(self, paths: Paths) -> Path:
        return self.folder(paths) / self.names[0]

    def is_built(self, paths: Paths) -> bool:
        return self.file(paths).exists()


# Without cgo a binary runs on any Linux, whatever its C library: in the node image and on the host alike.
_FLAGS = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false", "GOWORK": "off"}


def pinned_version(source: Path, module: str) -> str:
    """The version that the go.mod in a folder pins a module to, without its `v`."""
    found = re.search(rf"^(?:require)?\s+{re.escape(module)} v(\S+)", (source / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise ValueError(f"{source / 'go.mod'} pins no version of {module}")
    return found[1]


@cache
def go_version() -> str:
    """What `go version` says, asked once: every binary's key depends on it."""
    return run([go(), "env", "GOVERSION"], env={**os.environ, "GOWORK": "off"}).strip()


def go() -> str:
    """Go's path. Raises UserError where there is none."""
    found = shutil.which("go") or next(
        (path for path in ("/usr/local/go/bin/go", "/usr/lib/go/bin/go") if os.access(path, os.X_OK)), None
    )
    if found is None:
        raise UserError(
            "Go is missing: `go` is neither on PATH nor in /usr/local/go/bin. What can't be had as a package is built "
            "from Go modules, so install Go 1.24 or newer (https://go.dev/doc/install) and run this again."
        )
    return found


def build(binary: Binary, paths: Paths, note: Callable[[str], None]) -> None:
    """Build one binary into its folder in the cache, all or nothing. Go's cache keeps what an interruption cut off."""
    partial = binary.folder(paths).with_name(f"{binary.folder(paths).name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    stamps = " ".join(f"-X {name}={value}" for name, value in binary.stamp.items())
    command = [go(), "build", "-v", "-ldflags", f"-s -w {stamps}".strip(), "-o", str(partial / binary.names[0])]
    _run_counting([*command, binary.package], binary.source, _environment(paths), note)
    for name in binary.names[1:]:
        (partial / name).symlink_to(binary.names[0])
    for file in binary.beside:
        shutil.copy(file, partial)
    partial.rename(binary.folder(paths))
    delete_others(binary.folder(paths), f"{binary.module}-{'[0-9a-f]' * 16}*")


def make_missing(wanted: Iterable[Binary], paths: Paths, progress: Progress) -> None:
    """Build those that are not there, one after another; Go's caches stay for what is built next."""
    missing = [binary for binary in wanted if not binary.is_built(paths)]
    with progress.alive():
        for binary in missing:
            with progress.part(f"build {binary.module}") as note:
                build(binary, paths, note)


def required_module(where: Path, module: str, paths: Paths) -> Path:
    """Where Go keeps the files of a module that the go.mod in the folder `where` requires; fetched if not there."""
    answer = run([go(), "mod", "download", "-json", module], cwd=where, env=_environment(paths))
    return Path(json.loads(answer)["Dir"])


def forget_go_caches(paths: Paths) -> None:
    """Free the disk of what only a build needs."""
    if paths.go.exists():
        # Go writes its module cache read-only, so that folders need their permission back to be removed.
        subprocess.run(["chmod", "-R", "u+w", str(paths.go)], check=False)
        shutil.rmtree(paths.go)


def _environment(paths: Paths) -> dict[str, str]:
    caches = {"GOCACHE": str(paths.go / "build"), "GOMODCACHE": str(paths.go / "mod")}
    return {**os.environ, **_FLAGS, **caches}


def _run_counting(command: list[str], cwd: Path, env: Mapping[str, str], note: Callable[[str], None]) -> None:
    """Run a build; `go build -v` prints a line for each package that it compiles."""
    lines: list[str] = []
    compiled = 0
    with subprocess.Popen(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            for line in process.stderr or ():
                lines = [*lines[-200:], line]
                if line.startswith("go: downloading"):
                    note(line.strip().removeprefix("go: "))
                else:
                    compiled += 1
                    note(f"{compiled} packages compiled")
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        raise CommandError(command, process.returncode, "".join(lines))
