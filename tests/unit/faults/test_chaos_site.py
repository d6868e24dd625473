"""Steps that may not meet in one shard wait for each other also when they come later than they were to."""

import threading
import time
from collections.abc import Callable
from typing import Any, cast

import pytest

from tests.faults.chaos import site as module
from tests.faults.chaos.kinds import Promise
from tests.faults.chaos.schedule import Step
from tests.faults.chaos.site import LeftOutError, Site
from tests.faults.harness.context import FaultContext
from tests.faults.harness.kubernetes import Pod
from tests.faults.harness.observer import Facts, parse_view

GAP, FREE = 0.4, 2.0


class Nodes:
    """The nodes of one shard, in place of a deployment."""

    def __init__(self, *found: Facts) -> None:
        self.found = list(found)

    def nodes(self) -> list[Facts]:
        return self.found


def _facts(name: str, *, master: bool, link: str = "up", stands: bool = True, empty: bool = False) -> Facts:
    flags = "myself,master" if master else f"myself,slave{'' if stands else ',nofailover'}"
    slots = " 0-16383" if master and not empty else ""
    view = parse_view(f"{name:0>40} 10.0.0.1:6379@16379,{name} {flags} - 0 0 1 connected{slots}")
    replication = {"role": "master"} if master else {"role": "slave", "master_link_status": link}
    return Facts(Pod(name, name, "10.0.0.1", "node", False, True), view, {}, replication)


MASTER, REPLICA = _facts("redis-shard-0-0", master=True), _facts("redis-shard-0-1", master=False)


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("GAP_SECONDS", GAP), ("FREE_SECONDS", FREE), ("FOUND_SECONDS", 0.5)):
        monkeypatch.setattr(module, name, seconds)


@pytest.fixture
def make() -> Callable[..., Site]:
    def made(*found: Facts, replicas: int = 1, appendfsync: str = "everysec") -> Site:
        return Site(cast("FaultContext", Nodes(*found)), Promise(replicas, appendfsync))

    return made


def _begun_after(site: Site, first: Step, second: Step, seconds: float) -> float:
    """How long after the end of the first, which lasts so long, the second may begin."""
    ended, inside = [0.0], threading.Event()

    def do_first() -> None:
        with site.turn(first):
            inside.set()
            time.sleep(seconds)
            ended[0] = time.monotonic()

    thread = threading.Thread(target=do_first)
    thread.start()
    assert inside.wait(5)
    with site.turn(second):
        began = time.monotonic()
    thread.join()
    return began - ended[0]


KILL, STOP = Step(1, "kill", 0, "master"), Step(1, "stop", 0, "replica", seconds=1)


def test_a_step_begins_a_moment_after_the_end_of_one_that_it_may_not_meet(make: Callable[..., Site]) -> None:
    assert _begun_after(make(), STOP, KILL, 0.3) >= GAP


def test_a_step_in_another_shard_or_one_that_may_meet_it_does_not_wait(make: Callable[..., Site]) -> None:
    assert _begun_after(make(), STOP, Step(1, "kill", 1, "master"), 0.5) < 0
    assert _begun_after(make(), STOP, Step(1, "kill-agent", 0, "master"), 0.5) < 0


def test_a_step_is_left_out_when_the_other_does_not_end(make: Callable[..., Site]) -> None:
    with pytest.raises(LeftOutError, match="not within 2 s: the shard is free for it"):
        _begun_after(make(), STOP, KILL, FREE + 0.5)


def test_a_step_is_left_out_when_everything_has_to_end(make: Callable[..., Site]) -> None:
    site = make()
    site.stopping.set()
    began = time.monotonic()
    with site.turn(STOP), pytest.raises(LeftOutError), site.turn(KILL):
        pass
    assert time.monotonic() - began < FREE / 2


LOSE = Step(1, "lose-volume", 0, "replica")


@pytest.mark.parametrize(
    "found",
    [
        [MASTER],
        [MASTER, _facts("redis-shard-0-1", master=False, link="down")],
        [MASTER, _facts("redis-shard-0-1", master=False, stands=False)],
        [_facts("redis-shard-0-1", master=True), MASTER],
        [_facts("redis-shard-0-1", master=True, empty=True), MASTER],
    ],
    ids=["no replica", "no link", "not complete", "two masters", "nobody's replica"],
)
def test_no_volume_is_lost_while_there_is_only_one_copy(make: Callable[..., Site], found: list[Facts]) -> None:
    with pytest.raises(LeftOutError), make(*found).turn(LOSE):
        pass


def test_a_volume_is_lost_where_the_shard_is_whole(make: Callable[..., Site]) -> None:
    with make(MASTER, REPLICA).turn(LOSE):
        pass


def test_with_two_replicas_every_member_that_is_taken_needs_the_shard_whole(make: Callable[..., Site]) -> None:
    third: Any = _facts("redis-shard-0-2", master=False)
    with pytest.raises(LeftOutError), make(MASTER, REPLICA, replicas=2).turn(KILL):
        pass
    with make(MASTER, REPLICA, third, replicas=2).turn(KILL):
        pass
    with make(MASTER).turn(KILL):
        pass


def test_a_member_is_named_by_what_it_is_at_the_moment(make: Callable[..., Site]) -> None:
    site = make(MASTER, REPLICA)
    assert site.member(KILL).name == "redis-shard-0-0"
    assert site.member(STOP).name == "redis-shard-0-1"
    with pytest.raises(LeftOutError, match="shard 1 has a master"):
        site.member(Step(1, "kill", 1, "master"))
