"""Faults of the Redis processes alone: their pods and volumes stay."""

import signal
import time

from tests.faults.catalog.fault import Expectation, Fault
from tests.faults.harness.context import FaultContext
from tests.faults.harness.processes import keep_killing, kept_down, paused, signal_redis
from webtier.redis_cluster.credentials.acl import APPLICATION_RULES

HELD_DOWN_SECONDS = 15.0
ELECTED_SECONDS = 20.0
LONGER_THAN_THE_TIMEOUT = 12.0
PAUSES = (1.0, 1.0, 1.0, 3.0)
"""In seconds: shorter than the node timeout, and the last one longer than a fast failover waits."""
BUSY_SECONDS = 3
"""As the longest of those."""


def _kill_master(context: FaultContext) -> None:
    pod = context.master(0).pod
    context.begin()
    assert signal_redis(pod, signal.SIGKILL)


def _crash_loop(context: FaultContext) -> None:
    pod = context.master(0).pod
    context.begin()
    context.note(f"killed {keep_killing([pod], HELD_DOWN_SECONDS)} times")


def _kill_all(context: FaultContext) -> None:
    pods = [facts.pod for facts in context.nodes()]
    context.begin()
    for pod in pods:
        signal_redis(pod, signal.SIGKILL)


def _kill_two_masters(context: FaultContext) -> None:
    pods = [context.master(shard).pod for shard in (0, 1)]
    context.begin()
    keep_killing(pods, HELD_DOWN_SECONDS)
    stopped = [shard for shard in (0, 1) if not context.written_since(shard, context.begun + 1.0)]
    context.note(f"without a majority of masters the writes stopped in shards {stopped}")


def _stop_master(context: FaultContext) -> None:
    pod = context.master(0).pod
    context.begin()
    with paused(pod):
        time.sleep(LONGER_THAN_THE_TIMEOUT)


def _pause_briefly(context: FaultContext) -> None:
    pod = context.master(0).pod
    context.begin()
    with context.no_failover("a pause shorter than the node timeout made a failover"):
        for seconds in PAUSES:
            with paused(pod):
                time.sleep(seconds)
            time.sleep(2.0)


def _be_busy(context: FaultContext) -> None:
    """What a slow command does, measured in time and not in work: its process runs, and serves nobody."""
    pod = context.master(0).pod
    context.begin()
    with context.no_failover("a master that was busy for less than the node timeout was replaced"):
        context.ask(pod, "DEBUG", "SLEEP", BUSY_SECONDS, timeout=BUSY_SECONDS + 10, as_application=True)
        time.sleep(2.0)


def _without_agents(context: FaultContext) -> None:
    pods = [facts.pod for facts in context.nodes()]
    master = context.master(0).pod
    with kept_down(pods, "python3"):
        time.sleep(1.0)
        context.begin()
        assert signal_redis(master, signal.SIGKILL)
        elected = lambda: [facts for facts in context.masters() if facts.pod.shard == 0 and facts.pod != master]  # noqa: E731
        context.wait(elected, ELECTED_SECONDS, "Redis elects another master by itself")
        context.wait_state_ok(ELECTED_SECONDS)
        context.seconds_to_state_ok = context.now() - context.begun
        context.note(f"{elected()[0].pod.name} was elected, with no agent anywhere")


FAULTS = (
    Fault(
        "kill-master",
        "SIGKILL to the Redis process of a master",
        _kill_master,
        Expectation(lost=None, longest_gap=4.0, slow_gap=9.0),
        subset=True,
    ),
    Fault(
        "crash-loop",
        f"SIGKILL to a master's Redis process and to each that comes after it, for {HELD_DOWN_SECONDS:.0f} s",
        _crash_loop,
        Expectation(lost=None, longest_gap=4.0, slow_gap=9.0),
    ),
    Fault(
        "agents-down",
        "SIGKILL to all agents and to those that come after them, then to a master's Redis process",
        _without_agents,
        # Redis' own failover, as without the fast one.
        Expectation(lost=None, longest_gap=9.0),
        # Kubernetes waits before it starts again what ended several times.
        heal_seconds=180,
    ),
    Fault(
        "kill-all-processes",
        "SIGKILL to all Redis processes at once, with `appendfsync: always`",
        _kill_all,
        # By default Redis keeps writes in its own memory while an fsync takes long, of a master and its replica alike.
        Expectation(lost=0),
        changes={"conf": {"appendfsync": "always"}},
    ),
    Fault(
        "kill-two-masters",
        f"SIGKILL to the Redis processes of two masters of three, kept down for {HELD_DOWN_SECONDS:.0f} s",
        _kill_two_masters,
        Expectation(lost=None),
    ),
    Fault(
        "stop-master",
        f"SIGSTOP to a master's Redis process for {LONGER_THAN_THE_TIMEOUT:.0f} s, longer than the node timeout",
        _stop_master,
        # It takes connections, and so might be busy: Redis alone replaces it.
        Expectation(lost=None, longest_gap=9.0),
    ),
    Fault(
        "pause-master",
        "SIGSTOP to a master's Redis process, three times for 1 s and once for 3 s, as if it were busy: no failover",
        _pause_briefly,
        Expectation(lost=0, longest_gap=4.0),
    ),
    Fault(
        "busy-master",
        f"a master carries out one command (`DEBUG SLEEP`) for {BUSY_SECONDS} s, and serves nobody: no failover",
        _be_busy,
        Expectation(lost=0, longest_gap=4.0),
        # Nobody may do that by default. A script would be busy for as long only where the machine has time for it.
        changes={
            "conf": {"extra": {"enable-debug-command": "yes"}},
            "application_acl": f"{APPLICATION_RULES} +debug",
        },
    ),
)
