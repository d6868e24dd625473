"""Which server reads the data that another one has written: what of a change of image can't be taken back."""

import re
from collections.abc import Mapping

READS: Mapping[str, frozenset[str]] = {
    "redis 7.0": frozenset({"redis 7.0"}),
    "redis 8.0": frozenset({"redis 7.0", "redis 8.0", "valkey 8.1"}),
    "valkey 8.1": frozenset({"redis 7.0", "valkey 8.1"}),
    "valkey 9.1": frozenset({"redis 7.0", "valkey 8.1", "valkey 9.1"}),
}
"""Server → whose append-only files and snapshots it starts with, of the servers that the project is tested with."""

_IMAGE = re.compile(r"(?:.*/)?(redis|valkey):v?([0-9]+)\.([0-9]+)(?:[.@-].*)?")


def unreadable(old_image: str, new_image: str) -> str | None:
    """Why the new image's server won't start with the old one's data, in a sentence; None where nothing is known.

    The tags of other images than `redis` and `valkey` say nothing. A server that the table does not have is taken for
    one that reads what older ones of its own kind have written, and no newer ones.
    """
    found = _IMAGE.fullmatch(old_image), _IMAGE.fullmatch(new_image)
    if found[0] is None or found[1] is None:
        return None
    (old_kind, *old), (new_kind, *new) = found[0].groups(), found[1].groups()
    writer, reader = f"{old_kind} {'.'.join(old)}", f"{new_kind} {'.'.join(new)}"
    if writer in READS and reader in READS:
        return None if writer in READS[reader] else f"{reader} can't read what {writer} has written"
    if old_kind == new_kind and [*map(int, new)] < [*map(int, old)]:
        return f"{reader} may not be able to read what {writer} has written"
    return None
