"""What an image is made of, and the key that changes when any of it does."""

import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from devcluster.images.archive import ImageConfig

HERE = Path(__file__).parent
FILES = HERE / "files"

_SHARED = (HERE / "archive.py", HERE / "recipe.py", HERE / "rootfs.py")


@dataclass(frozen=True)
class Job:
    """One build: `root` is the folder to make, `inputs` what the caller brings, `log` where tools print to."""

    root: Path
    inputs: Mapping[str, Path]
    log: Path


@dataclass(frozen=True)
class Recipe:
    """`sources` are the files and folders of ours that decide what comes out, `inputs` those that the caller brings.

    `variant` tells recipes of the same sources apart.
    """

    build: Callable[[Job], None]
    sources: tuple[Path, ...]
    inputs: tuple[str, ...] = ()
    variant: str = ""

    def key(self, inputs: Mapping[str, Path]) -> str:
        """16 hexadecimal digits that change with all but Debian's updates. ValueError when an input is missing."""
        self.check(inputs)
        digest = hashlib.sha256(self.variant.encode())
        for source in (*_SHARED, *self.sources):
            for file in _files(source):
                digest.update(f"{file.relative_to(HERE)}\0{file_hash(file)}\0".encode())
        for name in self.inputs:
            for file in _files(inputs[name]):
                digest.update(f"{name}/{file.relative_to(inputs[name])}\0{file_hash(file)}\0".encode())
        return digest.hexdigest()[:16]

    def check(self, inputs: Mapping[str, Path]) -> None:
        """Raise ValueError when an input is missing."""
        missing = [name for name in self.inputs if name not in inputs or not inputs[name].exists()]
        if missing:
            given = ", ".join(inputs) or "none"
            raise ValueError(f"inputs missing for this image: {', '.join(missing)}; given: {given}")


@dataclass(frozen=True, kw_only=True)
class ImageRecipe(Recipe):
    config: ImageConfig


def file_hash(file: Path) -> str:
    status = file.stat()
    return _file_hash(file, status.st_ino, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=1024)
def _file_hash(file: Path, *_identity: int) -> str:
    # Keys are asked for again and again, and the binaries have tens of megabytes.
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _files(source: Path) -> Iterator[Path]:
    if source.is_file():
        yield source
    else:
        yield from sorted(path for path in source.rglob("*") if path.is_file())
