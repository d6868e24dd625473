"""The failover checks, for states that are hard to bring about."""

import math
from dataclasses import replace
from typing import Any

import pytest

from webtier.redis_cluster.agent.failover.failover_checks import Evidence, find_failed_check
from webtier.redis_cluster.agent.failover.master_watch import ReplicationProgress
from webtier.redis_cluster.agent.failover.witness import Answer
from webtier.redis_cluster.agent.redis.replication_info import Replication
from webtier.redis_cluster.agent.redis.view import Address, parse_view

MASTERS = ("a", "b", "c", "d", "e")


def evidence() -> Evidence:
    """Five masters; c does not answer, and nothing speaks against its replica c1 taking over. c2 has as much data."""
    lines = [
        f"{master} 10.0.0.1:6379@16379,{master}.test master - 0 0 1 connected {n}" for n, master in enumerate(MASTERS)
    ]
    lines += ["c1 10.0.0.2:6379@16379,c1.test myself,slave c 0 0 1 connected"]
    lines += ["c2 10.0.0.3:6379@16379,c2.test slave c 0 0 1 connected"]
    view = parse_view("\n".join(lines))
    replication = Replication(True, "history", 100, True, "", frozenset())
    return Evidence(
        view=view,
        master=view.records["c"],
        own=replication,
        own_epoch=7,
        silence=1.6,
        waited=0.0,
        answers={witness: Answer("", witness, False, 1.5, 7) for witness in MASTERS if witness != "c"},
        siblings={"c2": replication},
        link="connect",
        linked=frozenset(MASTERS),
    )


def with_answer(witness: str, **changes: Any) -> Evidence:
    found = evidence()
    return replace(found, answers=found.answers | {witness: replace(found.answers[witness], **changes)})


def with_sibling(node_id: str, **changes: Any) -> Evidence:
    found = evidence()
    return replace(found, siblings={node_id: replace(found.own, **changes)})


def without(*witnesses: str) -> Evidence:
    found = evidence()
    return replace(found, answers={key: value for key, value in found.answers.items() if key not in witnesses})


@pytest.mark.parametrize(
    ("found", "reason", "lasting"),
    [
        (with_answer("a", reached=True), "1 other masters reach it", True),
        # It was heard from a second and more after this replica had lost it: the replica's data is as old.
        (with_answer("e", heard_ago=0.2), "other masters heard from it", True),
        (without("d", "e"), "2 other masters do not reach it, 3 are needed", False),
        # A vote for an older epoch than its own is what a master never gives.
        (with_answer("b", epoch=8), "does not know the latest epoch", False),
        (with_sibling("c2", offset=101), "c2 takes precedence", False),
        (with_sibling("c0", offset=100), "c0 takes precedence", False),
        (replace(evidence(), link="handshake"), "it has just answered", False),
        (replace(evidence(), link="sync"), "it has just answered", False),
        (replace(evidence(), own=replace(evidence().own, heard_ago=0)), "it has just answered", False),
        # The lost master's own link is of no use.
        (
            replace(evidence(), linked=frozenset("abc")),
            "2 of their votes would reach this replica, 3 are needed",
            False,
        ),
        # a has gone as well, and each voter has one vote in an epoch.
        (without("a"), "the replicas of other lost masters take precedence", False),
    ],
)
def test_one_failed_check_is_enough(found: Evidence, reason: str, lasting: bool) -> None:
    if "c0" in found.siblings:
        found.view.records["c0"] = replace(found.view.records["c2"], id="c0", address=Address.parse("::1:1@2,c0.test"))
    said = find_failed_check(found)
    assert said is not None
    assert reason in said.reason
    assert said.lasting is lasting


@pytest.mark.parametrize(
    "found",
    [
        evidence(),
        # Only one who goes with a later name: its replica waits for this one.
        without("e"),
        with_sibling("c2", offset=99),
        # It has not followed this master's stream, so that its number says nothing.
        with_sibling("c2", offset=101, history="another"),
        # It has become a master meanwhile.
        with_sibling("c2", offset=101, is_replica=False),
        # Another clock, or a gossip that was late.
        with_answer("a", heard_ago=0.8),
        replace(without("a"), waited=0.6),
        replace(evidence(), linked=frozenset("abd")),
        # A process that only stands still keeps its connections.
        replace(evidence(), link="connected", own=replace(evidence().own, heard_ago=1)),
    ],
)
def test_a_replica_takes_over_when_all_checks_pass(found: Evidence) -> None:
    assert find_failed_check(found) is None


def test_a_replica_that_falls_behind_is_told_from_its_offset() -> None:
    progress = ReplicationProgress()
    progress.note(own_offset=0, now=0.0, master_offset=100)
    assert progress.lag(0.0) == math.inf
    progress.note(own_offset=100, now=1.0, master_offset=200)
    assert progress.lag(1.0) == 1.0
    progress.note(own_offset=150, now=2.0, master_offset=300)
    progress.note(own_offset=199, now=5.0, master_offset=900)
    assert progress.lag(5.0) == 5.0
    progress.note(own_offset=200, now=6.0, master_offset=999)
    assert progress.lag(6.0) == 5.0
    progress.note(own_offset=999, now=6.5, master_offset=999)
    assert progress.lag(6.5) == 0.5
