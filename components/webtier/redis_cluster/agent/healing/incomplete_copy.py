"""A node that started without data: no replica copies it until its copy is complete.

Replicas dial addresses, not ids: the one of a master whose volume is lost would copy whatever begins at that
address. So such a node begins with the user `replication` switched off:

    it is                                     may be copied
    ----------------------------------------  -------------
    a replica that has not copied its master  no
    a replica that has                        yes
    a master without slots, in no cluster     no
    a master without slots, in one            yes
    a master with slots: given while it ran   yes

and no master while another node knows this pod under an id that owned slots or is followed. The mark in the data
folder goes last, when all that Redis has is on the volume too: until then a start is one without data.
"""

from dataclasses import dataclass

from ..console import Console
from ..redis.client import Connector, Node
from ..redis.persistence import is_on_disk
from ..redis.reach import ask_peers
from ..redis.replication_info import read_replication
from ..redis.replication_user import REPLICATION_USER, is_withheld
from ..redis.topology import describe_slots
from ..redis.view import ClusterView
from ..start.data_folder import DataFolder
from ..start.ownership import Identity, is_complete


@dataclass
class ReplicationRelease:
    """Lets a node be copied as soon as that is safe. Remembers nothing but the mark on the volume.

    `own` and `domain` are as in `StartAttempt`.
    """

    data: DataFolder
    own: Identity
    domain: str
    connector: Connector
    console: Console

    def step(self, redis: Node) -> None:
        """Looks once; does nothing for a node that began with its data."""
        if not self.data.marked:
            return
        view = redis.view()
        withheld = is_withheld(redis)
        spare = view.myself.is_master and not view.myself.slot_ranges
        if spare and not withheld:
            return
        if view.myself.is_master:
            reason = self._disputed(view)
        else:
            copied = read_replication(redis).is_copied_from(view.master)
            reason = None if copied else "it has not copied its master's data yet"
        if reason is not None:
            self.console.state(f"this node started without data and must not be replicated from yet: {reason}")
            return
        if withheld:
            redis.ask("ACL", "SETUSER", REPLICATION_USER, "on")
            self.console.event("this node may be replicated from now on")
        if not spare and is_on_disk(redis):
            self.data.unmark()
            self.console.event("this node has its data, in memory and on its volume")

    def _disputed(self, view: ClusterView) -> str | None:
        """Slots that were given to it here are its own, unless others still look for an older node's data here."""
        peers = ask_peers(self.connector.resolve(self.domain), self.connector).peers
        for peer in peers:
            followed = {record.master_id for record in peer.view.records.values()}
            for record in peer.view.records.values():
                is_older = record.id != view.own_id and self.own.is_own(record)
                if is_older and (record.slot_ranges or record.id in followed):
                    return (
                        f"{peer.name} knows this pod as {record.id[:8]}, whose data is gone; that one's slots "
                        f"({describe_slots(record.slots) or 'none'}) have to be taken over by its replica"
                    )
        if view.myself.slot_ranges or is_complete(view) or any(is_complete(peer.view) for peer in peers):
            return None
        return "it is in no cluster yet"
