"""This pod, and with which address its node is announced to its peers and to clients."""

from dataclasses import dataclass
from pathlib import Path

from ..redis.client import Connector
from ..redis.view import Address

HOST = "host"


@dataclass(frozen=True)
class Announcement:
    """`address` is where others reach this node, with its host name; `outside` whether clients outside do so too."""

    address: Address
    outside: bool = False

    def conf(self, tls: bool = False) -> str:
        """Lines of redis.conf. Clients are sent to names inside, which survive a pod's new address."""
        return (
            f"cluster-announce-ip {self.address.ip}\n"
            f"cluster-announce-{'tls-' if tls else ''}port {self.address.port}\n"
            f"cluster-announce-bus-port {self.address.bus_port}\n"
            f"cluster-announce-hostname {self.address.hostname}\n"
            f"cluster-preferred-endpoint-type {'ip' if self.outside else 'hostname'}\n"
        )


@dataclass(frozen=True)
class Pod:
    """This pod: its `name`, the DNS name `domain` of the headless Service, its own and its node's address.

    `announced` is the folder with a file a pod that says where clients outside reach it, None if there are none.
    `formed` is a file that is there once the cluster has been formed.
    """

    name: str
    domain: str
    own_ip: str
    host_ip: str = ""
    announced: Path | None = None
    formed: Path | None = None

    def announcement(self, connector: Connector) -> Announcement:
        """What its file says, `address port bus-port`; without one the pod's own address. ValueError for all else."""
        host = f"{self.name}.{self.domain}"
        file = self.announced / self.name if self.announced else None
        if file is None or not file.exists():
            return Announcement(Address(self.own_ip, connector.port, connector.bus_port, host))
        text = file.read_text(encoding="utf-8")
        words = text.split()
        if len(words) != 3 or not (words[1].isdigit() and words[2].isdigit()):
            raise ValueError(f"{file} holds {text!r}; allowed: an address and two ports")
        ip = self.host_ip if words[0] == HOST else words[0]
        return Announcement(Address(ip, int(words[1]), int(words[2]), host), outside=True)
