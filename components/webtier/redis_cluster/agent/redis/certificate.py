"""Brings a renewed certificate into effect while Redis runs."""

import hashlib
from pathlib import Path

from ..errors import NodeUnavailableError
from .client import Node

_FILES = {"tls-ca-cert-file": "ca.crt", "tls-cert-file": "tls.crt", "tls-key-file": "tls.key"}


def certificate_checksum(folder: Path) -> str:
    """Changes with any of the three files. NodeUnavailableError when one can't be read."""
    digest = hashlib.sha256()
    for name in _FILES.values():
        try:
            digest.update((folder / name).read_bytes())
        except OSError as error:
            raise NodeUnavailableError(f"has no readable file {name}: {error}") from error
    return digest.hexdigest()


def load_certificate(node: Node, folder: Path) -> None:
    """Redis reads the files anew although their names stay; connections that are open keep the old ones."""
    settings = [word for key, name in _FILES.items() for word in (key, str(folder / name))]
    node.ask("CONFIG", "SET", *settings)
