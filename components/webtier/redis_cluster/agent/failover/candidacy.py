"""Which replicas stand for election: those that have copied their present master since they began.

Redis elects any replica whose master is away. A replica that has just started lacks what its master took after the
replica had stopped: when all pods stop and it happens to be back first, it is elected, and its master copies it and
drops the writes that only the master had. Measured, with all pods of three shards deleted at once: twice in twelve
times a master was 9 s later than its replica, and 6 and 28 acknowledged writes were gone. So no node stands for
election when it starts:

    it is                                                     it stands for election
    --------------------------------------------------------  ------------------------------------------------------
    a replica that has copied its master since it began, and  yes, also when the master is away later
    has the copy on its disk
    a replica whose master is away                            after `patience`, unless it began without data
    any other replica, also one that was a master just now    no
    a master                                                  yes, which means nothing: `nofailover` beside "master" in
                                                              CLUSTER NODES would frighten who looks for "fail"

A planned hand-over (CLUSTER FAILOVER) is not concerned: there the master is asked.
"""

import time
from dataclasses import dataclass, field

from ..console import Console
from ..redis.client import Node
from ..redis.replication_info import read_replication
from ..redis.view import ClusterView
from ..start.data_folder import DataFolder
from .draining import NO_FAILOVER, is_draining, mark_draining

START_CONF = f"{NO_FAILOVER} yes\n"
"""What redis.conf includes at every start."""

PATIENCE = 60.0


def stands(node: Node) -> bool:
    """Whether the node stands for election once it is a replica whose master has failed."""
    return node.ask("CONFIG", "GET", NO_FAILOVER)[1] == "no"


@dataclass
class Candidacy:
    """Keeps its own node to the table above. Looks once with `step()`.

    `patience`, in seconds, is for how long a replica waits for its master while it is in touch with as many others as
    elect, so that a master that is gone for good is succeeded.
    """

    data: DataFolder
    console: Console
    patience: float = PATIENCE
    _alone_since: float | None = field(default=None, init=False)
    _was_master: bool = field(default=False, init=False)

    def step(self, redis: Node) -> None:
        standing = stands(redis)
        wanted = self._should_stand(redis, standing)
        if wanted == standing or is_draining(redis):
            return
        redis.ask("CONFIG", "SET", NO_FAILOVER, "no" if wanted else "yes")
        if wanted and is_draining(redis):
            # It was marked as draining since it was asked.
            mark_draining(redis)

    def _should_stand(self, redis: Node, standing: bool) -> bool:
        # Asked as the cluster has it: a replica calls itself a master for a moment after its start, and for as long as
        # its own master has no address.
        view = redis.view()
        if not view.myself.is_master and self.data.has_unwritten_copy:
            # Whom it would succeed has all of it on a disk.
            return self._has_waited(view)
        if not view.myself.is_master and not read_replication(redis).is_copied_from(view.master):
            # One that stands has copied this master, or one that this master has succeeded.
            return not self._was_master if standing else self._has_waited(view)
        self._alone_since = None
        self._was_master = view.myself.is_master
        return True

    def _has_waited(self, view: ClusterView) -> bool:
        master = view.master
        voters = sum(record.reachable for record in view.masters)
        if self.data.marked or master is None or master.reachable or voters < view.majority:
            self._alone_since = None
            return False
        patience = f"{self.patience:.0f} s"
        if self._alone_since is None:
            self._alone_since = time.monotonic()
            self.console.event(f"{master.name} is away and may have writes that this replica lacks: waiting {patience}")
        if time.monotonic() - self._alone_since < self.patience:
            return False
        self.console.event(f"{master.name} has been away for {patience}: this replica may be elected as it is")
        self._was_master = False
        return True
