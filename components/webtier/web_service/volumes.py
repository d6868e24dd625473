"""What the containers find in their file system besides the image: files, Secrets, folders to write to."""

import hashlib
import itertools
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import EmptyDirVolumeSourceArgs, VolumeArgs, VolumeMountArgs

from webtier.shared.pods import config_volume, secret_volume
from webtier.shared.problems import Place, wrong_setting

LARGEST_CONFIG_MAP = 1024 * 1024
"""Bytes that Kubernetes takes in one ConfigMap."""


@dataclass(frozen=True)
class Volumes:
    """By absolute path: texts of `files`, names of `secrets`; and the empty folders `writable`."""

    files: Mapping[str, str]
    secrets: Mapping[str, str]
    writable: Sequence[str]

    def check(self) -> None:
        """ValidationError for what could not be mounted."""
        size = sum(len(file_key(path)) + len(text.encode()) for path, text in self.files.items())
        if size > LARGEST_CONFIG_MAP:
            raise wrong_setting(
                ("files",),
                f"{size} bytes in all; allowed: {LARGEST_CONFIG_MAP}, as much as a ConfigMap holds",
                self.files,
            )
        places: list[tuple[Place, str]] = [
            *((("files", path), path) for path in self.files),
            *((("secret_files", path), path) for path in self.secrets),
            *((("writable_paths", number), path) for number, path in enumerate(self.writable)),
        ]
        seen: dict[str, str | int] = {}
        for place, path in places:
            if path in seen:
                raise wrong_setting(place, f"it stands in {seen[path]} already; allowed: each path once", path)
            seen[path] = place[0]
        for outer, inner in itertools.product({**self.files, **self.secrets}, seen):
            if inner.startswith(f"{outer}/"):
                what = "a file" if outer in self.files else "read-only"
                raise wrong_setting(
                    (seen[outer], outer),
                    f"it is {what}, and '{inner}' would have to be in it; allowed: a path of its own",
                    outer,
                )

    def mounts(self) -> list[VolumeMountArgs]:
        """For every container of the pod."""
        return [
            *(
                VolumeMountArgs(name="files", mount_path=path, sub_path=file_key(path), read_only=True)
                for path in sorted(self.files)
            ),
            *(
                VolumeMountArgs(name=_name("secret", path), mount_path=path, read_only=True)
                for path in sorted(self.secrets)
            ),
            *(VolumeMountArgs(name=_name("writable", path), mount_path=path) for path in sorted(self.writable)),
        ]

    def volumes(self, config_map: pulumi.Input[str] | None) -> list[VolumeArgs]:
        """For the pod; `config_map` is the one that holds `config_data`, None when that is empty."""
        empty = EmptyDirVolumeSourceArgs()
        return [
            *([config_volume("files", config_map)] if config_map else []),
            *(secret_volume(_name("secret", path), self.secrets[path]) for path in sorted(self.secrets)),
            *(VolumeArgs(name=_name("writable", path), empty_dir=empty) for path in sorted(self.writable)),
        ]

    def config_data(self) -> dict[str, str]:
        """The texts by their keys in a ConfigMap."""
        return {file_key(path): text for path, text in self.files.items()}


def _short_hash(path: str) -> str:
    return hashlib.sha256(path.encode()).hexdigest()[:8]


def file_key(path: str) -> str:
    """The key of a path in the ConfigMap. It is made from the path alone: one that moved when files are added would
    break running pods.
    """
    name = re.sub(r"[^A-Za-z0-9._-]", "-", posixpath.basename(path))
    return f"{_short_hash(path)}-{name}"


def _name(kind: str, path: str) -> str:
    return f"{kind}-{_short_hash(path)}"
