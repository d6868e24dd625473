"""The failover checks: whether a replica may take over from its silent master, by what all others have answered."""

from dataclasses import dataclass

from ..redis.replication_info import Replication
from ..redis.view import ClusterView, Record
from .witness import Answer

RESUMING = frozenset({"handshake", "sync"})
"""What ROLE says of a replica whose master has taken a new connection. Of a lost one it says connect or connecting,
and connected while Redis has not noticed."""


CLOCK_SLACK = 1.0
"""Seconds by which a witness may have heard from the master later than this agent: looks are not continuous."""

STAGGER = 0.5
"""Seconds between replicas of masters that went together: a master has one vote in each epoch."""


@dataclass(frozen=True)
class FailedCheck:
    """Why not to take over now. After a `lasting` one the replica has to follow its master anew before it tries."""

    reason: str
    lasting: bool = False


@dataclass(frozen=True)
class Evidence:
    """What all others answered.

    `silence` is since the master was heard from, `waited` since enough others agreed first; in seconds.
    """

    view: ClusterView
    master: Record
    own: Replication
    own_epoch: int
    silence: float
    waited: float
    answers: dict[str, Answer]
    siblings: dict[str, Replication]
    is_there: bool = False
    """Whether the master's process holds or takes connections, as this agent sees it."""
    link: str = "connected"
    """How far the replication from the master is, as ROLE calls it."""
    linked: frozenset[str] = frozenset()
    """The nodes whose votes reach this replica."""

    @property
    def agreeing(self) -> set[str]:
        """The masters whose agents don't reach the suspected one either."""
        return {node_id for node_id, answer in self.answers.items() if not answer.reached}

    @property
    def enough_agree(self) -> bool:
        """Whether they are as many as an election needs votes."""
        return len(self.agreeing) >= self.view.majority


def find_failed_check(found: Evidence) -> FailedCheck | None:
    """The first check that fails; None when the replica may take over."""
    if found.is_there:
        return FailedCheck("it holds or takes connections, so that it is busy or stopped and not gone")
    reaching = sum(answer.reached for answer in found.answers.values())
    if reaching:
        return FailedCheck(f"{reaching} other masters reach it", lasting=True)
    if any(answer.heard_ago < found.silence - CLOCK_SLACK for answer in found.answers.values()):
        return FailedCheck("other masters heard from it after this replica had lost it", lasting=True)
    if not found.enough_agree:
        return FailedCheck(f"{len(found.agreeing)} other masters do not reach it, {found.view.majority} are needed")
    if any(answer.epoch > found.own_epoch for answer in found.answers.values()):
        return FailedCheck("this replica does not know the latest epoch yet")
    better = [node_id for node_id, sibling in found.siblings.items() if _takes_precedence(node_id, sibling, found)]
    if better:
        return FailedCheck(f"{found.view.records[better[0]].name} takes precedence, by its data or its id")
    if found.waited < STAGGER * _rank(found):
        return FailedCheck("the replicas of other lost masters take precedence")
    if found.link in RESUMING or found.own.heard_ago + CLOCK_SLACK < found.silence:
        return FailedCheck("it has just answered this replica's Redis")
    votes = len(found.agreeing & found.linked)
    if votes < found.view.majority:
        return FailedCheck(f"{votes} of their votes would reach this replica, {found.view.majority} are needed")
    return None


def _takes_precedence(node_id: str, sibling: Replication, found: Evidence) -> bool:
    if not sibling.is_replica or sibling.history != found.own.history:
        return False
    return (-sibling.offset, node_id) < (-found.own.offset, found.view.own_id)


def _rank(found: Evidence) -> int:
    """How many other masters seem lost as well and come before this one."""
    return sum(record.id < found.master.id for record in found.view.masters if record.id not in found.agreeing)
