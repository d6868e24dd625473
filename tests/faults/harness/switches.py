"""What can be left out, to see that a fault's test fails without it: `make faults WITHOUT=hand-over`."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from webtier.redis_cluster.agent.features import Feature
from webtier.redis_cluster.pod import agent_container


@dataclass(frozen=True)
class Switch:
    """`features` are those that the agent leaves out; `settings` are changes to those of Redis.

    `faults` are those that have to fail then.
    """

    what: str
    faults: tuple[str, ...]
    features: tuple[Feature, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


SWITCHES: dict[str, Switch] = {
    "hand-over": Switch(
        "a master ends without handing over",
        ("delete-pod", "drain-node", "roll-conf", "roll-image"),
        (Feature.HAND_OVER,),
    ),
    "reachable-votes": Switch(
        "a replica is asked to take over whether or not votes can reach it",
        ("roll-conf",),
        (Feature.REACHABLE_VOTES,),
    ),
    "candidacy": Switch(
        "a replica may be elected whether or not it has copied its master since it began",
        ("replica-first",),
        (Feature.CANDIDACY,),
    ),
    "fast-failover": Switch(
        "nobody asks for an election before Redis does",
        ("kill-node", "stop-node", "crash-loop"),
        # As a setting it would also change what is expected.
        (Feature.FAST_FAILOVER,),
    ),
    "presence": Switch(
        "a master that takes connections and is silent counts as gone",
        ("pause-master", "busy-master"),
        (Feature.PRESENCE,),
    ),
    "start-guard": Switch(
        "a node starts whatever it has lost",
        ("empty-restart",),
        (Feature.START_GUARD,),
    ),
    "return": Switch(
        "a node that lost what it was neither gets its identity back nor is introduced anew",
        ("lose-replica-volume", "lose-master-volume-same-ip", "lose-master-volume-new-ip"),
        (Feature.HEALING, Feature.START_GUARD),
    ),
    "addresses": Switch(
        "neither before a start nor later the peers' addresses are brought up to date",
        ("delete-all-pods",),
        (Feature.HEALING, Feature.PEER_ADDRESSES),
    ),
    "drain": Switch(
        "slots of a shard that has to go stay where they are",
        ("grow-and-shrink", "shrink-interrupted", "failed-drain"),
        (Feature.DRAIN,),
    ),
    "passwords": Switch(
        "running nodes are not told of a changed Secret, by the Job or by their agents",
        ("rotate-password", "rotate-internal-passwords"),
        (Feature.PASSWORDS,),
    ),
    "certificates": Switch(
        "a changed certificate is not followed",
        ("rotate-certificates",),
        (Feature.CERTIFICATES,),
    ),
    "append-only-file": Switch(
        "no append-only file, and no replica that would have the data",
        ("kill-all-processes",),
        settings={"conf": {"appendonly": False, "save": [{"seconds": 3600, "changes": 1000000}]}},
    ),
}


@contextmanager
def without(switch: Switch | None) -> Generator[None]:
    """While it lasts, the agent is deployed without the features."""
    with patch.object(agent_container, "WITHOUT", () if switch is None else switch.features):
        yield
