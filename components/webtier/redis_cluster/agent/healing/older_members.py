"""During an update to replication by shard: members of the older version are let in, and followed.

A member of an older version logs in for replication with the password of the whole cluster, and accepts that one alone.
While one of the own shard runs, this node accepts it as well, and logs in with it if its master is such a member. Both
end with the last of them. This module goes once nobody updates from a version without `replication_user.py` any more.
"""

import time
from dataclasses import dataclass, field

from ..console import Console
from ..redis.client import Connector, Node
from ..redis.reach import ask_member_if_reachable
from ..redis.replication_user import ShardLogin, is_older
from .access import Access


@dataclass
class OlderMembers:
    """Keeps the login of `access`: how this node lets replicas in, and logs in itself.

    Looks with `step()`, once in `every` seconds.
    """

    access: Access
    connector: Connector
    console: Console
    every: float = 2.0
    _not_before: float = field(default=0.0, init=False)

    def step(self, redis: Node) -> None:
        now, shard = time.monotonic(), self.access.login.shard
        if now < self._not_before or not shard:
            return
        self._not_before = now + self.every
        view = redis.view()
        mates = [peer for peer in view.peers if peer.address.shard == shard]
        hashes = self.access.files.replication_hashes()

        def question(node: Node) -> bool:
            return is_older(node, shard, hashes)

        older = {mate.id for mate in mates if ask_member_if_reachable(mate, question, self.connector)}
        wanted = ShardLogin(shard, bool(older), view.myself.master_id in older)
        if wanted == self.access.login:
            return
        self.access.log_in_as(redis, wanted)
        names = ", ".join(sorted(mate.name for mate in mates if mate.id in older))
        self.console.event(
            f"{names} replicates as an older version did, and so does this node with it"
            if older
            else "all members of this shard replicate with its own password"
        )
