"""Whether a replica that asked everybody about its silent master may take over from it."""

from dataclasses import dataclass

from ..redis.replication_info import Replication
from ..redis.view import ClusterView, Record
from .witness import Answer

RESUMING = frozenset({"handshake", "sync"})
"""What ROLE says of a replica whose master has taken a new connection. Of a lost one it says connect or connecting,
and connected while nobody has noticed."""


@dataclass(frozen=True)
class Doubt:
    """Why not to take over now. A `lasting` one needs the master to be followed anew before another try."""

    reason: str
    lasting: bool = False


@dataclass(frozen=True)
class Evidence:
    """What was found when everybody was asked.

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


def doubt(found: Evidence, *, clock_slack: float, stagger: float) -> Doubt | None:
    """Whether anything speaks against taking over; None when nothing does.

    In seconds: `clock_slack` is by how much later than this agent a witness may have heard from the master, since
    looks are not continuous; `stagger` lies between replicas of masters that went together, since a master has one
    vote in each epoch.
    """
    reaching = sum(answer.reached for answer in found.answers.values())
    if reaching:
        return Doubt(f"it answers {reaching} other masters: only this replica has lost it", lasting=True)
    if any(answer.heard_ago < found.silence - clock_slack for answer in found.answers.values()):
        return Doubt("others have heard from it after this replica had lost it", lasting=True)
    if not found.enough_agree:
        return Doubt(f"of the other masters {len(found.agreeing)} miss it as well, {found.view.majority} are needed")
    if any(answer.epoch > found.own_epoch for answer in found.answers.values()):
        return Doubt("this replica has not heard of the latest election yet")
    better = [node_id for node_id, sibling in found.siblings.items() if _goes_first(node_id, sibling, found)]
    if better:
        return Doubt(f"{found.view.records[better[0]].name} goes first")
    if found.waited < stagger * _rank(found):
        return Doubt("replicas of other lost masters go first")
    if found.link in RESUMING or found.own.heard_ago + clock_slack < found.silence:
        return Doubt("it has just answered this replica's Redis")
    votes = len(found.agreeing & found.linked)
    if votes < found.view.majority:
        return Doubt(f"{votes} of their votes would reach this replica, {found.view.majority} are needed")
    return None


def _goes_first(node_id: str, sibling: Replication, found: Evidence) -> bool:
    if not sibling.is_replica or sibling.history != found.own.history:
        return False
    return (-sibling.offset, node_id) < (-found.own.offset, found.view.own_id)


def _rank(found: Evidence) -> int:
    """How many other masters seem lost as well and come before this one."""
    lost = {record.id for record in found.view.masters} - found.agreeing
    return sum(node_id < found.master.id for node_id in lost)
