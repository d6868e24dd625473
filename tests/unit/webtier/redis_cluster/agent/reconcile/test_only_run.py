"""Two runs of converge at once, as of an update that was cut off and of the next one."""

import threading
from contextlib import suppress

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.application import writing
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import DOMAIN, LocalCluster, wait_until
from tests.unit.webtier.redis_cluster.agent.harness.remembering import Remembering
from tests.unit.webtier.redis_cluster.agent.harness.resharded import check_complete, fill, lost_keys, settle
from webtier.redis_cluster.agent.errors import DeadlinePassedError
from webtier.redis_cluster.agent.reconcile.cluster_state import read_cluster_state
from webtier.redis_cluster.agent.reconcile.converge import converge
from webtier.redis_cluster.agent.reconcile.only_run import OnlyRun
from webtier.redis_cluster.agent.reconcile.steps import Goal
from webtier.redis_cluster.agent.redis.topology import Topology


def may_run(cluster: LocalCluster, run: OnlyRun) -> bool:
    return run.why_not(lambda: read_cluster_state(cluster.topology, cluster.connector))[1] is None


def test_a_second_run_waits_until_the_first_one_is_gone(single: LocalCluster) -> None:
    settle(single, 3, 0)
    with OnlyRun(single.connector, "b") as second:
        with OnlyRun(single.connector, "a") as first:
            assert may_run(single, first)
            assert not may_run(single, second)
            # The name decides between those that begin together alone.
            with OnlyRun(single.connector, "0") as third:
                assert not may_run(single, third)
            assert may_run(single, first)
        wait_until(lambda: may_run(single, second), "the first one has ended")


def test_one_that_runs_goes_on_when_a_member_restarts(single: LocalCluster) -> None:
    settle(single, 3, 0)
    member = single.topology.member(2, 0)
    with OnlyRun(single.connector, "b") as first, OnlyRun(single.connector, "a") as second:
        assert may_run(single, first)
        single.terminate(member)
        assert may_run(single, first)
        assert not may_run(single, second)
        single.launch(member)
        assert not may_run(single, second)
        assert may_run(single, first)


def test_of_many_that_begin_together_one_runs(single: LocalCluster) -> None:
    settle(single, 3, 0)
    runs = [OnlyRun(single.connector) for _ in range(5)]
    running: list[str] = []
    barrier = threading.Barrier(len(runs))

    def begin(run: OnlyRun) -> None:
        barrier.wait()
        running.extend(run.name for _ in range(10) if may_run(single, run))

    threads = [threading.Thread(target=begin, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for run in runs:
        run.__exit__(None, None, None)
    assert len(set(running)) == 1


def test_two_goals_at_once_leave_no_slot_without_an_owner(single: LocalCluster) -> None:
    settle(single, 4, 0)
    fill(single)
    goals = [Goal(Topology("redis", DOMAIN, shards, 0), 0, single.port, single.bus_port) for shards in (3, 4, 3, 4)]
    consoles = [Remembering() for _ in goals]

    def run(goal: Goal, console: Remembering) -> None:
        with suppress(DeadlinePassedError):
            converge(goal, single.connector, console, deadline=60.0, interval=0.05)

    with writing(single) as writer:
        threads = [threading.Thread(target=run, args=each) for each in zip(goals, consoles, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        single.converge()
        check_complete(single)
    assert writer.errors == []
    assert writer.lost() == []
    assert lost_keys(single) == []
    assert any(console.said("another run of converge is at work") for console in consoles)


def test_a_deadline_says_that_another_run_is_at_work(single: LocalCluster) -> None:
    settle(single, 3, 0)
    with OnlyRun(single.connector) as other:
        assert may_run(single, other)
        with pytest.raises(DeadlinePassedError, match="another run of converge is at work"):
            single.converge(deadline=1.0)
