"""Which server reads the data that another one has written: what of a change of image can't be taken back."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

READS: Mapping[str, frozenset[str]] = {
    "redis 7.0": frozenset({"redis 7.0"}),
    "redis 8.0": frozenset({"redis 7.0", "redis 8.0", "valkey 8.1"}),
    "valkey 8.1": frozenset({"redis 7.0", "valkey 8.1"}),
    "valkey 9.1": frozenset({"redis 7.0", "valkey 8.1", "valkey 9.1"}),
}
"""Server → whose append-only files and snapshots it starts with, of the servers that the project is tested with."""

_IMAGE = re.compile(r"(?:.*/)?(redis|valkey):v?([0-9]+)\.([0-9]+)(?:[.@-].*)?")
_WORDS = re.compile(r"(redis|valkey) ([0-9]+)\.([0-9]+)")


class _Server(NamedTuple):
    kind: str
    version: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.kind} {self.version[0]}.{self.version[1]}"

    def is_at_least(self, other: "_Server") -> bool:
        return self.kind == other.kind and self.version >= other.version


def unreadable(old_image: str, new_image: str) -> str | None:
    """Why the new image's server won't start with the old one's data, in a sentence; None where nothing is known.

    The tags of other images than `redis` and `valkey` say nothing. Of servers that the table does not have it is taken
    that a newer one of a kind reads no less than an older one, and that no less is needed to read what it has written.
    """
    writer, reader = _server(_IMAGE, old_image), _server(_IMAGE, new_image)
    if writer is None or reader is None:
        return None
    if str(writer) in READS and str(reader) in READS:
        return None if str(writer) in READS[str(reader)] else f"{reader} can't read what {writer} has written"
    is_older = writer.kind == reader.kind and reader.version < writer.version
    if is_older or any(writer.is_at_least(wrote) and read.is_at_least(reader) for wrote, read in _refused()):
        return f"{reader} may not be able to read what {writer} has written"
    return None


def readers(image: str) -> Sequence[str]:
    """The servers of the table that start with this image's data; none where the table does not have it."""
    writer = str(_server(_IMAGE, image))
    return [reader for reader, read in READS.items() if writer in read]


def _refused() -> Iterator[tuple[_Server, _Server]]:
    """Each writer of the table with each reader that does not start with its data."""
    servers = [server for server in (_server(_WORDS, words) for words in READS) if server]
    yield from ((wrote, read) for wrote in servers for read in servers if str(wrote) not in READS[str(read)])


def _server(pattern: re.Pattern[str], text: str) -> _Server | None:
    if (found := pattern.fullmatch(text)) is None:
        return None
    kind, major, minor = found.groups()
    return _Server(kind, (int(major), int(minor)))
