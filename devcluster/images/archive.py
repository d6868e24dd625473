"""Writing a root file system as a docker archive, which `ctr images import` and `docker load` read."""

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

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
    with tarfile.open(layer, "w", format=tarfile.PAX_FORMAT) as tar:
        tar.add(root, arcname=".", recursive=False, filter=_normalized)
        # In a fixed order, which tarfile also keeps below: the file system's own differs between machines.
        for entry in sorted(root.iterdir()):
            tar.add(entry, arcname=entry.name, filter=_normalized)
    with layer.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    document = {
        "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "created": _CREATED,
        "config": config.document(),
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created": _CREATED, "created_by": "webtier devcluster"}],
    }
    content = json.dumps(document, sort_keys=True).encode()
    name = f"{hashlib.sha256(content).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": [reference], "Layers": [f"{digest}/layer.tar"]}]
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        _add_bytes(tar, name, content)
        tar.add(layer, arcname=f"{digest}/layer.tar", filter=_normalized)
        _add_bytes(tar, "manifest.json", json.dumps(manifest).encode())
    layer.unlink()


def _normalized(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime = TIMESTAMP
    member.uname = member.gname = ""
    return member


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(_normalized(member), io.BytesIO(content))
