"""nodes.conf: who Redis believes its peers are, and at which addresses it will dial them."""

import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from .topology import SLOTS
from .view import Address, ClusterView, Record, parse_view

_FLAGS = frozenset({"myself", "master", "slave", "fail?", "fail", "handshake", "noaddr", "nofailover", "noflags"})


def read_view(text: str) -> ClusterView:
    """What the file says. ValueError for what Redis refuses to start on, and for a file without its last line:
    Redis would read that one, also when its own slots are not all there.
    """
    lines = [line for line in text.split("\n") if line]
    variables = [line.split()[1:] for line in lines if line.startswith("vars ")]
    if not variables or any(len(pairs) % 2 for pairs in variables):
        raise ValueError("its last line is missing")
    nodes = [line for line in lines if not line.startswith("vars ")]
    if len({line.split()[0] for line in nodes if line.strip()}) < len(nodes):
        raise ValueError("its lines do not name one node each")
    try:
        view = parse_view("\n".join(nodes))
    except ValueError as error:
        raise ValueError("one of its lines is cut off, or none is the node's own") from error
    for record in view.records.values():
        if not re.fullmatch("[0-9a-f]{40}", record.id) or not record.flags <= _FLAGS:
            raise ValueError(f"its line of {record.id[:40]} is not understood")
        if any(not 0 <= first <= last < SLOTS for first, last in record.slot_ranges):
            raise ValueError(f"its line of {record.id} has slots that do not exist")
    if sum("myself" in record.flags for record in view.records.values()) > 1:
        raise ValueError("two of its lines are the node's own")
    return view


def render_nodes_file(records: Iterable[Record], epoch: int) -> str:
    """The file of a node that knows `records`, one of which is its own, and has voted in every epoch until `epoch`."""
    lines = [
        " ".join(
            (
                *(record.id, str(record.address), ",".join(sorted(record.flags)), record.master_id or "-"),
                *("0", "0", str(record.epoch), "connected"),
                *(f"{first}-{last}" if first < last else str(first) for first, last in record.slot_ranges),
            )
        )
        for record in records
    ]
    return "\n".join((*lines, f"vars currentEpoch {epoch} lastVoteEpoch {epoch}")) + "\n"


def read_hostnames(text: str) -> dict[str, str]:
    """Node id → announced host name, of the peers that have one. The own line is left out."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        fields = line.split()
        address = _address(fields)
        if address is not None and address.hostname and "myself" not in fields[2].split(","):
            found[fields[0]] = address.hostname
    return found


def rewrite_addresses(text: str, addresses: Mapping[str, str | None], own: Address) -> str:
    """The file with new addresses: `addresses` by node id, None for a node that has none; `own` for the node itself.

    All else stays as it was, and so does every line that is not understood.
    """
    return "".join(_rewrite(line, addresses, own) for line in text.splitlines(keepends=True))


def _rewrite(line: str, addresses: Mapping[str, str | None], own: Address) -> str:
    fields = line.rstrip("\n").split(" ")
    address = _address(fields)
    if address is None:
        return line
    flags = [flag for flag in fields[2].split(",") if flag != "noaddr"]
    ip = own.ip if "myself" in flags else addresses.get(fields[0], address.ip)
    if ip is None:
        fields[1] = str(replace(address, ip="", port=0, bus_port=0))
        flags.append("noaddr")
    elif ip:
        # Redis forgets a peer's ports along with an address at which another node answered.
        ports = {"port": address.port or own.port, "bus_port": address.bus_port or own.bus_port}
        fields[1] = str(replace(address, ip=ip, **ports))
    else:
        return line
    fields[2] = ",".join(flags)
    return " ".join(fields) + line[len(line.rstrip("\n")) :]


def _address(fields: list[str]) -> Address | None:
    if len(fields) < 8 or fields[0] == "vars":
        return None
    try:
        return Address.parse(fields[1])
    except ValueError:
        return None


def sync_folder(path: Path) -> None:
    """What was made, renamed or removed in it stays so when the power fails."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def replace_file(path: Path, text: str) -> None:
    """Whole or not at all, also when the power fails: Redis refuses to start on half a file."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
