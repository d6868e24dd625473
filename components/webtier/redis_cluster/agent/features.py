"""Features that can be left out with `--without=FEATURE`: fault tests do so to see that a fault is noticed then.

It is no setting: nobody who runs Redis wants less. What is said of a feature is what happens without it.
"""

from enum import StrEnum


class Feature(StrEnum):
    """`tests/faults/harness/switches.py` names the faults that have to fail without it."""

    HAND_OVER = "hand-over"
    """A master stops without handing its shard over."""
    REACHABLE_VOTES = "reachable-votes"
    """A replica is asked to take over whether or not votes can reach it."""
    CANDIDACY = "candidacy"
    """A replica may be elected whether or not it has copied its master since it started."""
    FAST_FAILOVER = "fast-failover"
    """No replica asks for an election before Redis does. Other pods go on as if it did."""
    PRESENCE = "presence"
    """A master that takes connections and is silent counts as gone."""
    START_GUARD = "start-guard"
    """Redis starts at once, whatever the volume has lost."""
    HEALING = "healing"
    """No links are repaired, no moved peers are met again, no stale nodes are forgotten."""
    PEER_ADDRESSES = "peer-addresses"
    """nodes.conf keeps the peers' old addresses at a start."""
    DRAIN = "drain"
    """Slots of a shard that is to be removed stay where they are."""
    PASSWORDS = "passwords"
    """Running nodes are not told of a changed Secret, by the Job or by their agents."""
    CERTIFICATES = "certificates"
    """A renewed certificate has no effect before the next start."""


Without = frozenset[Feature]
"""The features that are left out; none by default."""

ALL_FEATURES: Without = frozenset()
