"""A client that writes to one shard without pause, and remembers what was acknowledged."""

import re
import threading
import time
from dataclasses import replace
from types import TracebackType
from typing import Self

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster
from webtier.redis_cluster.agent.errors import AgentError
from webtier.redis_cluster.agent.redis.client import Node
from webtier.redis_cluster.agent.redis.topology import Member

MOVED = re.compile(r": \d+ ([^ :]+):\d+$")
"""The end of what redis-py says for a MOVED: its slot and where to."""


class ShardWriter:
    """Writes unique values to keys of one shard while in the `with`, following MOVED to whoever owns them."""

    def __init__(self, cluster: LocalCluster, shard: int) -> None:
        self._cluster = cluster
        self._connector = replace(cluster.tester, timeout=0.3)
        self._hosts = [member.host for member in cluster.shard_members(shard)]
        self._key = next(
            f"written-{number}"
            for number in range(100000)
            if int(cluster.ask(cluster.topology.member(shard, 0), "CLUSTER", "KEYSLOT", f"written-{number}"))
            in cluster.topology.target_slots(shard)
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self.acknowledged = 0
        self.longest_gap = 0.0
        """Seconds between two acknowledged writes."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def lost(self, member: Member) -> set[int]:
        """The acknowledged values that this member does not have."""
        with self._cluster.tester.open(self._cluster.addresses[member.host]) as node:
            node.ask("READONLY")
            kept = {int(value) for value in node.ask("LRANGE", self._key, 0, -1)}
        return set(range(self.acknowledged)) - kept

    def _write(self) -> None:
        turn = 0
        node: Node | None = None
        last = time.monotonic()
        while not self._stop.is_set():
            try:
                if node is None:
                    node = self._connector.open(self._cluster.resolve(self._hosts[turn % len(self._hosts)])[0])
                # A value whose answer was lost is sent again: it may then be there twice, which is no loss.
                node.ask("RPUSH", self._key, self.acknowledged)
            except AgentError as error:
                moved = MOVED.search(str(error))
                turn = self._hosts.index(moved[1]) if moved else turn + 1
                if node is not None:
                    node.close()
                node = None
                time.sleep(0 if moved else 0.005)
                continue
            now = time.monotonic()
            self.longest_gap = max(self.longest_gap, now - last)
            last = now
            self.acknowledged += 1
            time.sleep(0.001)
