"""When a replica can be elected after an election that was lost, by Redis' own rules.

A master that has voted for a replica has no vote for another one of the same shard for two node
timeouts, and a replica that has asked for votes asks for none again for four, or four seconds
where that is longer.
"""

import time
from dataclasses import dataclass, field

VOTE_LASTS = 2
ELECTION_LASTS = 4
SHORTEST_TIMEOUT = 1.0
"""What a shorter node timeout counts as for a replica; in seconds, as all times here."""


@dataclass
class Elections:
    """The elections of one shard that were lost here, by the monotonic clock."""

    node_timeout: float
    _votes_from: float = 0.0
    _not_before: dict[str, float] = field(default_factory=dict[str, float])

    def lost(self, node_id: str, asked_at: float, was_held: bool) -> None:
        """Replica `node_id` was not elected. Where none `was_held` the masters have not voted either."""
        self._not_before[node_id] = asked_at + ELECTION_LASTS * max(self.node_timeout, SHORTEST_TIMEOUT)
        if was_held:
            self._votes_from = asked_at + VOTE_LASTS * self.node_timeout

    def seconds_until(self, node_id: str) -> float:
        """For how long the replica can't be elected; 0 when it can."""
        return max(0.0, max(self._votes_from, self._not_before.get(node_id, 0.0)) - time.monotonic())
