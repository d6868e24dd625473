"""Features that can be left out, to see that a fault's test fails without them: `make faults WITHOUT=hand-over`.

Most are lines of the agent's code, replaced in a copy that is deployed instead.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from webtier.redis_cluster.pod import agent_archive


@dataclass(frozen=True)
class Switch:
    """`edits` are (file of the agent, text, what stands there instead); `settings` are changes to those of Redis.

    `faults` are those that have to fail then.
    """

    what: str
    faults: tuple[str, ...]
    edits: tuple[tuple[str, str, str], ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


_GUARD_OFF = (
    (
        "starter.py",
        "decision = guard.decide()",
        "from .start_guard import Start; decision = Start(withhold_replication=False)",
    ),
    ("starter.py", "if not self.yields:", "if True:"),
)
_HEAL_OFF = ("sidecar.py", "self._healer.step()", "pass")
_POD_ADDRESSES: Mapping[str, Any] = {
    "access": {"pods": None},
    # It would not let this machine in where nobody outside has access.
    "network_policy": {"enabled": False},
}

SWITCHES: dict[str, Switch] = {
    "hand-over": Switch(
        "a master ends without handing over",
        ("delete-pod", "drain-node", "roll-conf", "roll-image"),
        (
            (
                "sidecar.py",
                "hand_over(HandOverOptions(self.options.local_ip), self.connector, self.resolve, self.console)",
                "pass",
            ),
        ),
    ),
    "reachable-votes": Switch(
        "a replica is asked to take over whether or not votes can reach it",
        ("roll-conf",),
        (("heirs.py", " and len(voters) >= view.majority", ""),),
    ),
    "candidacy": Switch(
        "a replica may be elected whether or not it has copied its master since it began",
        ("replica-first",),
        (("starter.py", "conf + START_CONF", "conf"), ("sidecar.py", "self._candidacy.step()", "pass")),
    ),
    "fast-failover": Switch(
        "nobody asks for an election before Redis does",
        ("kill-node", "stop-node", "stop-master", "crash-loop"),
        # As a setting it would also change what is expected.
        (("sidecar.py", "if self.options.fast_failover else []", "if False else []"),),
    ),
    "threshold": Switch(
        "a replica suspects its master after 0.3 s",
        ("pause-master",),
        (
            ("fast_failover.py", "threshold: float = 1.5", "threshold: float = 0.3"),
            ("fast_failover.py", "patience: float = 0.35", "patience: float = 0.1"),
            ("witness.py", "patience: float = 0.4", "patience: float = 0.1"),
        ),
    ),
    "start-guard": Switch(
        "a node starts whatever it has lost",
        ("empty-restart",),
        _GUARD_OFF,
    ),
    "return": Switch(
        "a node that lost what it was neither gets its identity back nor is introduced anew",
        ("lose-replica-volume", "lose-master-volume-same-ip", "lose-master-volume-new-ip"),
        (_HEAL_OFF, *_GUARD_OFF),
    ),
    "addresses": Switch(
        "neither before a start nor later the peers' addresses are brought up to date; pods announce their own",
        ("delete-all-pods",),
        (_HEAL_OFF, ("starter.py", "rewrite_peers=not announcement.outside", "rewrite_peers=False")),
        _POD_ADDRESSES,
    ),
    "drain": Switch(
        "slots of a shard that has to go stay where they are",
        ("grow-and-shrink", "shrink-interrupted", "failed-drain"),
        (("plan.py", "or rebalance(goal, survey)", "or (None if survey.outside else rebalance(goal, survey))"),),
    ),
    "passwords": Switch(
        "running nodes are not told of a changed Secret, by the Job or by their agents",
        ("rotate-password", "rotate-internal-passwords"),
        (
            ("sidecar.py", "if users == self._applied:", "if self._applied is not None:"),
            (
                "__main__.py",
                "grant_access(topology, connector, resolve, AccessFiles(options.auth), console, end)",
                "pass",
            ),
        ),
    ),
    "certificates": Switch(
        "a changed certificate is not followed",
        ("rotate-certificates",),
        (("sidecar.py", "if current == self._certificate:", "if self._certificate is not None:"),),
    ),
    "append-only-file": Switch(
        "no append-only file, and no replica that would have the data",
        ("kill-all-processes",),
        settings={"conf": {"appendonly": False, "save": [{"seconds": 3600, "changes": 1000000}]}},
    ),
}


@contextmanager
def without(switch: Switch | None) -> Iterator[None]:
    """While it lasts, the agent is deployed without the feature."""
    if switch is None or not switch.edits:
        yield
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "agent"
        shutil.copytree(agent_archive.AGENT_FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__"))
        for file, text, instead in switch.edits:
            _edit(copy / file, text, instead)
        agent_archive.agent_archive.cache_clear()
        try:
            with patch.object(agent_archive, "AGENT_FOLDER", copy):
                yield
        finally:
            agent_archive.agent_archive.cache_clear()


def _edit(file: Path, text: str, instead: str) -> None:
    source = file.read_text()
    assert source.count(text) == 1, f"{file.name} has changed: it says '{text}' {source.count(text)} times, not once"
    file.write_text(source.replace(text, instead))
