"""Before Redis starts: gathers what start_decision.py decides by, and carries the decision out."""

import math
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..console import Console
from ..errors import AgentError
from ..redis.client import Connector
from ..redis.nodes_file import render_nodes_file, replace_file
from ..redis.reach import Answers, ask_peers, open_node
from ..redis.view import ClusterView
from .aof import find_writer
from .data_folder import ACCEPT_FILE, NODES_FILE, Data, DataFolder
from .ownership import Identity, Ownership, find_ownership
from .remediation import Remediation
from .start_decision import Begin, Facts, OwnLine, Wait, judge, judge_accepted


@dataclass
class StartAttempt:
    """One for each start of Redis. `fault` is what a check of the data found, after a start that failed.

    `own` is this pod by its host name under `domain`, the headless Service's, without an id. `auth` is the
    mounted Secret's folder. A node of which nothing is known waits `formation_wait` seconds for another that
    knows it: at a cluster's first start there is none. Give infinity where it is known to have been formed.
    """

    data: DataFolder
    own: Identity
    domain: str
    auth: Path
    connector: Connector
    console: Console
    formation_wait: float
    fault: str | None = None
    _began: float | None = field(default=None, init=False)

    def decide(self) -> Begin | Wait:
        """Looks and asks anew each time; takes as long as the slowest peer, and that is bounded.

        What a `Begin` says is done by then, and Redis may start.
        """
        try:
            decision = self._decide()
            if isinstance(decision, Begin):
                self._carry_out(decision)
            return decision
        except AgentError as error:
            return Wait(f"the cluster can't be asked, which is tried again every second: a node {error}")
        except OSError as error:
            return Wait(
                f"{self.data.path} can't be used, which is tried again every second: {error}. The volume has to be "
                "mended"
            )

    def _decide(self) -> Begin | Wait:
        own_view, nodes_fault = self.data.read_nodes_file()
        data, incomplete_copy = self._look_at_data(own_view)
        if own_view is not None and data.whole:
            answers = Answers([], {})
        else:
            # Without the password no node would answer, which does not mean that there is none.
            self.connector.password()
            answers = ask_peers(self._addresses(own_view), self.connector)
        if self._began is None:
            self._began = time.monotonic()
        identity = replace(self.own, id=own_view.own_id if own_view is not None else None)
        facts = Facts(
            identity=identity,
            data=data,
            own_view=own_view,
            nodes_fault=nodes_fault,
            incomplete_copy=incomplete_copy,
            answers=answers,
            ownership=find_ownership(identity, own_view, answers.peers),
            waited=time.monotonic() - self._began >= self.formation_wait,
            formed=math.isinf(self.formation_wait),
        )
        remediation = Remediation(identity.address.hostname, self.data, self.auth, self.connector.tls)
        decision = judge(facts, remediation)
        if isinstance(decision, Wait) and self.data.accept_file.exists():
            return judge_accepted(facts, remediation, self._count_keys(facts.ownership))
        return decision

    def _look_at_data(self, own_view: ClusterView | None) -> tuple[Data, bool]:
        """The data, and whether what is there of it was never a whole copy."""
        folder = self.data
        data = folder.look()
        if data.whole and self.fault is not None:
            data = self._unreadable(self.fault)
        if folder.has_unwritten_copy:
            fault = "is older than what it had: the last full copy was not written to the disk completely"
            return Data(whole=False, broken=data.broken, fault=fault), True
        if not folder.marked:
            return data, False
        if own_view is not None and own_view.myself.slot_ranges:
            # It began without slots, so that it was given these while it ran, and its data with them.
            return data, False
        return Data(whole=False, broken=data.broken, fault="was never copied completely"), True

    def _unreadable(self, fault: str) -> Data:
        writer = find_writer(self.data.snapshots, fault)
        if writer is None:
            return Data(whole=False, broken=True, fault=f"is broken: {fault}")
        what = f"was written by {writer} and can't be read by the server that runs here ({fault})"
        return Data(whole=False, broken=True, fault=what, writer=writer)

    def _addresses(self, own_view: ClusterView | None) -> list[str]:
        found = self.connector.resolve(self.domain)
        if not found and own_view is not None:
            found = [ip for peer in own_view.peers for ip in self.connector.resolve(peer.address.hostname)]
        return found

    def _count_keys(self, ownership: Ownership) -> dict[str, int]:
        counts: dict[str, int] = {}
        for replica in ownership.replicas:
            with open_node(replica.view.own_id, replica.ip, self.connector) as node:
                counts[replica.name] = int(node.ask("DBSIZE"))
        return counts

    def _carry_out(self, begin: Begin) -> None:
        """In an order in which it can be broken off anywhere: the next decision comes to the same end."""
        folder = self.data
        text = self._render(begin.nodes_file) if isinstance(begin.nodes_file, OwnLine) else None
        if begin.event:
            self.console.event(begin.event)
        if begin.withhold:
            folder.mark()
        folder.drop_unwritten_copy()
        if begin.put_data_aside:
            folder.put_data_aside(self.console.event)
        if text is not None:
            if folder.read_nodes_file()[0] is None:
                folder.put_aside(NODES_FILE, self.console.event)
            replace_file(folder.nodes_file, text)
        elif begin.nodes_file is False:
            folder.put_aside(NODES_FILE, self.console.event)
        if not begin.withhold and folder.marked:
            folder.unmark()
        if folder.accept_file.exists():
            folder.accept_file.unlink()
            self.console.event(f"removed {ACCEPT_FILE}")

    def _render(self, line: OwnLine) -> str:
        """All that the source knows, with this node in place of how it is known there."""
        with open_node(line.source.view.own_id, line.source.ip, self.connector) as node:
            epoch = node.epoch()
        others = [
            replace(record, flags=(record.flags - {"myself"}) or frozenset({"noflags"}))
            for record in line.source.view.records.values()
            if record.id != line.record.id and not record.in_handshake
        ]
        return render_nodes_file([line.record, *others], epoch)
