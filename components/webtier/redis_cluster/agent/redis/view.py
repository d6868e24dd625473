"""One node's view of its cluster: what `CLUSTER NODES` says, and nodes.conf in the same form."""

import re
from dataclasses import dataclass, field

FAILED_FLAGS = frozenset({"fail", "fail?"})

_POD = re.compile(r"(.+-shard-\d+)-\d+(\..+)")
_OPEN_SLOT = re.compile(r"\[(\d+)(-<-|->-)([0-9a-f]+)\]")


@dataclass(frozen=True)
class Address:
    """`ip:port@bus_port,hostname,key=value…`, as Redis writes it (7.0 and later)."""

    ip: str
    port: int
    bus_port: int
    hostname: str
    extras: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Address":
        """ValueError for anything that is not such an address."""
        endpoint, *rest = text.split(",")
        location, _, bus_port = endpoint.partition("@")
        # An IPv6 address has colons of its own.
        ip, _, port = location.rpartition(":")
        hostname = rest[0] if rest else ""
        return cls(ip, int(port), int(bus_port or 0), hostname, tuple(rest[1:]))

    @property
    def shard(self) -> str:
        """As `shard_of` its host name."""
        return shard_of(self.hostname)

    def __str__(self) -> str:
        endpoint = f"{self.ip}:{self.port}@{self.bus_port}"
        tail = (self.hostname, *self.extras) if self.hostname or self.extras else ()
        return ",".join((endpoint, *tail))


@dataclass(frozen=True)
class Record:
    """One line of a view: a node as another node (or it itself) sees it."""

    id: str
    address: Address
    flags: frozenset[str]
    master_id: str | None
    epoch: int
    connected: bool
    slot_ranges: tuple[tuple[int, int], ...]
    pong_ms: int = 0
    """When the viewing node last heard from it, in milliseconds of Unix time; 0 for never or itself."""

    @property
    def name(self) -> str:
        """Its pod's name, or the beginning of its id where it has announced none."""
        return self.address.hostname.partition(".")[0] or self.id[:8]

    @property
    def slots(self) -> set[int]:
        """The slots that it owns. Made anew: a hundred kept views of them all would fill the memory."""
        return {slot for first, last in self.slot_ranges for slot in range(first, last + 1)}

    @property
    def is_master(self) -> bool:
        return "master" in self.flags

    @property
    def serves(self) -> bool:
        """Whether it is a master with slots: only those have a vote."""
        return self.is_master and bool(self.slot_ranges)

    @property
    def failed(self) -> bool:
        """Whether it is suspected or agreed to be failing."""
        return bool(self.flags & FAILED_FLAGS)

    @property
    def reachable(self) -> bool:
        """Whether the viewing node has a working link to it."""
        return "myself" in self.flags or (self.connected and not self.failed and "noaddr" not in self.flags)

    @property
    def stands(self) -> bool:
        """Whether it would stand for election as a replica, as the viewing node has heard last."""
        return "nofailover" not in self.flags

    @property
    def in_handshake(self) -> bool:
        """Whether its id is still a placeholder."""
        return "handshake" in self.flags


@dataclass(frozen=True)
class ClusterView:
    """Everything one node knows of its cluster.

    `importing` and `migrating` are the node's own slots under way: slot → id of the node that they
    come from, or go to. No node tells another about them, and a failover forgets them.
    """

    records: dict[str, Record]
    own_id: str
    importing: dict[int, str] = field(default_factory=dict[int, str])
    migrating: dict[int, str] = field(default_factory=dict[int, str])

    @property
    def myself(self) -> Record:
        return self.records[self.own_id]

    @property
    def master(self) -> Record | None:
        """Whom the viewing node replicates; None for a master, and while it does not know that node."""
        return self.records.get(self.myself.master_id or "")

    @property
    def peers(self) -> list[Record]:
        """All others with a known id."""
        return [record for record in self.records.values() if record.id != self.own_id and not record.in_handshake]

    @property
    def masters(self) -> list[Record]:
        """The masters with slots, failed ones and the node itself included: those whose majority elects."""
        return [record for record in self.records.values() if record.serves]

    @property
    def majority(self) -> int:
        """So many votes of masters win an election, as Redis counts."""
        return len(self.masters) // 2 + 1

    def replicas_of(self, master_id: str) -> list[Record]:
        """All that the viewing node knows, by name; never the node itself."""
        return sorted((peer for peer in self.peers if peer.master_id == master_id), key=lambda peer: peer.name)

    def owners(self) -> dict[int, str]:
        """Slot → id of the node that owns it in this view."""
        return {slot: record.id for record in self.records.values() for slot in record.slots}


def shard_of(host: str) -> str:
    """What all pods of a shard have in their host names, `<cluster>-shard-<s>` and the domain; empty for others."""
    found = _POD.fullmatch(host)
    return "".join(found.groups()) if found else ""


def parse_view(text: str) -> ClusterView:
    """Reads the answer of `CLUSTER NODES`. ValueError when no line is the node's own."""
    records: dict[str, Record] = {}
    own_id = ""
    importing: dict[int, str] = {}
    migrating: dict[int, str] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        record = _parse_record(line)
        records[record.id] = record
        if "myself" in record.flags:
            own_id = record.id
            for slot, arrow, other in _OPEN_SLOT.findall(line):
                (importing if arrow == "-<-" else migrating)[int(slot)] = other
    if not own_id:
        raise ValueError("no line of CLUSTER NODES is the node's own")
    return ClusterView(records, own_id, importing, migrating)


def find_record(text: str, node_id: str) -> Record | None:
    """One node's line in the answer of `CLUSTER NODES`: a large cluster's views are long."""
    line = next((line for line in text.splitlines() if line.startswith(f"{node_id} ")), None)
    return None if line is None else _parse_record(line)


def _parse_record(line: str) -> Record:
    node_id, address, flags, master_id, _ping, pong, epoch, link, *slots = line.split()
    # "[93-<-id]" is a slot under way; it is listed with its owner as well.
    ranges = (part.partition("-") for part in slots if not part.startswith("["))
    return Record(
        id=node_id,
        address=Address.parse(address),
        flags=frozenset(flags.split(",")),
        master_id=None if master_id == "-" else master_id,
        epoch=int(epoch),
        connected=link == "connected",
        slot_ranges=tuple((int(first), int(last or first)) for first, _, last in ranges),
        pong_ms=int(pong),
    )
