"""nodes.conf: who Redis believes its peers are, and at which addresses it will dial them."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from .view import Address


def read_hostnames(text: str) -> dict[str, str]:
    """Node id → announced host name, of the peers that have one. The own line is left out."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        fields = line.split()
        address = _address(fields)
        if address is not None and address.hostname and "myself" not in fields[2].split(","):
            found[fields[0]] = address.hostname
    return found


def rewrite_addresses(text: str, addresses: Mapping[str, str], own_ip: str | None, port: int, bus_port: int) -> str:
    """The file with new addresses: `addresses` by node id, `own_ip` for the node itself.

    All else stays as it was, and so does every line that is not understood.
    """
    return "".join(_rewrite(line, addresses, own_ip, port, bus_port) for line in text.splitlines(keepends=True))


def _rewrite(line: str, addresses: Mapping[str, str], own_ip: str | None, port: int, bus_port: int) -> str:
    fields = line.rstrip("\n").split(" ")
    address = _address(fields)
    if address is None:
        return line
    flags = fields[2].split(",")
    ip = own_ip if "myself" in flags else addresses.get(fields[0])
    if not ip or (ip == address.ip and "noaddr" not in flags):
        return line
    # Redis forgets a peer's ports along with an address at which somebody else answered.
    fields[1] = str(replace(address, ip=ip, port=address.port or port, bus_port=address.bus_port or bus_port))
    fields[2] = ",".join(flag for flag in flags if flag != "noaddr")
    return " ".join(fields) + line[len(line.rstrip("\n")) :]


def _address(fields: list[str]) -> Address | None:
    if len(fields) < 8 or fields[0] == "vars":
        return None
    try:
        return Address.parse(fields[1])
    except ValueError:
        return None


def replace_file(path: Path, text: str) -> None:
    """Whole or not at all, also when the power fails: Redis refuses to start on half a file."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(path.stat().st_mode & 0o777)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
