"""Checksums that roll pods when what they mount has changed."""

import hashlib
from collections.abc import Mapping

CONFIG_CHECKSUM_ANNOTATION = "webtier/config-checksum"


def checksum(contents: Mapping[str, str | bytes]) -> str:
    """SHA-256, hexadecimal, of names and contents, whatever their order.

    Never of a secret: a template's annotation can be read by anyone who may read the pod.
    """
    digest = hashlib.sha256()
    for name in sorted(contents):
        content = contents[name]
        raw = content.encode() if isinstance(content, str) else content
        # Lengths keep {"a": "bc"} and {"ab": "c"} apart.
        digest.update(f"{len(name)}:{name}:{len(raw)}:".encode())
        digest.update(raw)
    return digest.hexdigest()
