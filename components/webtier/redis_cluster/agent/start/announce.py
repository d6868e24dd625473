"""With which address this node is announced to its peers and to clients."""

from dataclasses import dataclass
from pathlib import Path

HOST = "host"


@dataclass(frozen=True)
class Announcement:
    """`ip`, `port` and `bus_port` are where others reach this node; `outside` whether clients outside do so too."""

    ip: str
    port: int
    bus_port: int
    outside: bool

    def conf(self, hostname: str, tls: bool = False) -> str:
        """Lines of redis.conf. Clients are sent to names inside, which survive a pod's new address."""
        return (
            f"cluster-announce-ip {self.ip}\n"
            f"cluster-announce-{'tls-' if tls else ''}port {self.port}\n"
            f"cluster-announce-bus-port {self.bus_port}\n"
            f"cluster-announce-hostname {hostname}\n"
            f"cluster-preferred-endpoint-type {'ip' if self.outside else 'hostname'}\n"
        )


def read_announcement(file: Path | None, own_ip: str, host_ip: str, port: int, bus_port: int) -> Announcement:
    """What `file` says, `address port bus-port`; without one the pod's own address. ValueError for anything else."""
    if file is None or not file.exists():
        return Announcement(own_ip, port, bus_port, outside=False)
    text = file.read_text(encoding="utf-8")
    words = text.split()
    if len(words) != 3 or not (words[1].isdigit() and words[2].isdigit()):
        raise ValueError(f"{file} holds {text!r}; allowed: an address and two ports")
    return Announcement(host_ip if words[0] == HOST else words[0], int(words[1]), int(words[2]), outside=True)
