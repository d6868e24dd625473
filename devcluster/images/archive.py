"""Writing a root file system as a docker archive, which `ctr images import` and `docker load` read."""

import hashlib
import io
import json
import os
import platform
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

TIMESTAMP = 1686355200
"""The modification time of every file (10 June 2023, Debian 12's release): equal content, equal digest."""

_CREATED = "2023-06-10T00:00:00Z"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class ImageConfig:
    """What a container of the image runs as, unless its pod says otherwise.

    `user` is a uid, also used as the gid: kubelet checks `runAsNonRoot` against a number, not a name.
    """

    user: int
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    folder: str = "/"
    stop_signal: str = "SIGTERM"

    def document(self) -> dict[str, object]:
        path = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        return {
            "User": f"{self.user}:{self.user}",
            "Env": [f"{name}={value}" for name, value in {**path, **self.environment}.items()],
            "Entrypoint": [*self.entrypoint],
            "Cmd": [*self.command],
            "WorkingDir": self.folder,
            "StopSignal": self.stop_signal,
            "Labels": {
                "org.opencontainers.image.description": "Built on this machine by webtier; not an official image"
            },
        }


def write_archive(root: Path, reference: str, config: ImageConfig, archive: Path) -> None:
    """Write `root` as an image of one layer, tagged `reference`. The layer is not compressed: it stays on this disk."""
    layer = archive.with_name(archive.name + ".layer")
    with layer.open("wb") as output:
        hashing = _HashingWriter(output)
        with tarfile.open(fileobj=hashing, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            tar.add(root, arcname=".", recursive=False, filter=_normalized)
            _add_below(tar, root, "")
    document = {
        "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "created": _CREATED,
        "config": config.document(),
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashing.digest}"]},
        "history": [{"created": _CREATED, "created_by": "webtier devcluster"}],
    }
    content = json.dumps(document, sort_keys=True).encode()
    name = f"{hashlib.sha256(content).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": [reference], "Layers": [f"{hashing.digest}/layer.tar"]}]
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        _add_bytes(tar, name, content)
        tar.add(layer, arcname=f"{hashing.digest}/layer.tar", filter=_normalized)
        _add_bytes(tar, "manifest.json", json.dumps(manifest).encode())
    layer.unlink()


class _HashingWriter(io.RawIOBase):
    """Passes what is written on to a file and hashes it on the way."""

    def __init__(self, output: IO[bytes]) -> None:
        self._output = output
        self._hash = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._hash.update(data)
        return self._output.write(data)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def _add_below(tar: tarfile.TarFile, folder: Path, prefix: str) -> None:
    """Add what is in a folder in a fixed order: the file system's own differs from one machine to the next."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        tar.add(entry.path, arcname=f"{prefix}{entry.name}", recursive=False, filter=_normalized)
        if entry.is_dir(follow_symlinks=False):
            _add_below(tar, Path(entry.path), f"{prefix}{entry.name}/")


def _normalized(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime = TIMESTAMP
    member.uname = member.gname = ""
    return member


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(_normalized(member), io.BytesIO(content))
