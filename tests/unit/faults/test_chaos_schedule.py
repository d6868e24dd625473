"""What a random run draws: the same for the same seed, and nothing that could destroy every copy of a write."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from command_line.errors import UserError
from tests.faults.chaos.acts import ACTS
from tests.faults.chaos.generate import PLAYED_PART, QUIET_SECONDS, SIZES, draw
from tests.faults.chaos.kinds import (
    ALL_KINDS,
    GAP_SECONDS,
    KINDS,
    MOST_RESTARTS,
    RESTARTS_SECONDS,
    SABOTAGE,
    Promise,
    Takes,
    may_meet,
)
from tests.faults.chaos.schedule import Round, Schedule, Step, clash

SEEDS = range(150)
MINUTES = 30.0


@pytest.fixture(scope="module")
def many() -> list[Schedule]:
    return [draw(seed, MINUTES) for seed in SEEDS]


def _pairs(many: list[Schedule]) -> Iterator[tuple[Promise, Step, Step]]:
    """Every two steps of a round that may be about one shard, and are under way at a time, or almost."""
    for schedule in many:
        for each in schedule.rounds:
            for first, second in combinations(each.steps, 2):
                near = first.at < second.end + GAP_SECONDS and second.at < first.end + GAP_SECONDS
                if near and first.concerns(second):
                    yield schedule.promise, first, second


def test_the_same_seed_gives_the_same_schedule_and_another_one_another() -> None:
    assert draw(7, 10) == draw(7, 10)
    assert draw(7, 10) != draw(8, 10)


def test_a_schedule_stays_what_it_was() -> None:
    """A seed that somebody has written down means the same tomorrow: whoever changes this says so in the docs."""
    drawn = draw(7, 10)
    told = [(step.at, step.fault, step.shard) for each in drawn.rounds[:2] for step in each.steps]
    assert told == EXPECTED_OF_SEED_7


EXPECTED_OF_SEED_7: list[tuple[float, str, int | None]] = [
    (1.7, "reshard", None),
    (10.2, "kill-shard", 0),
    (11.3, "partition", 1),
    (28.9, "isolate", 1),
    (61.2, "kill", 2),
    (2.5, "evict-node", 1),
]


def test_a_longer_schedule_begins_with_the_rounds_of_a_shorter_one() -> None:
    short, long = draw(7, 10), draw(7, 40)
    assert len(long.rounds) > len(short.rounds)
    assert list(long.rounds[: len(short.rounds)]) == list(short.rounds)


def test_a_schedule_takes_about_the_minutes_that_were_asked_for(many: list[Schedule]) -> None:
    for schedule in many:
        taken = PLAYED_PART * sum(each.seconds + QUIET_SECONDS for each in schedule.rounds)
        assert taken <= MINUTES * 60
        assert taken >= MINUTES * 60 * 0.75, schedule.seed


def test_settings_that_are_given_replace_drawn_ones_and_decide_what_is_drawn() -> None:
    given: dict[str, Any] = {"replicas_per_shard": 2, "conf": {"appendfsync": "everysec"}}
    for seed in SEEDS:
        drawn = draw(seed, 10, given)
        assert drawn.promise == Promise(2, "everysec")
        assert drawn.settings["conf"]["node_timeout_ms"] == draw(seed, 10).settings["conf"]["node_timeout_ms"]


def test_every_kind_and_every_setting_is_drawn_sooner_or_later(many: list[Schedule]) -> None:
    drawn = {step.fault for schedule in many for each in schedule.rounds for step in each.steps}
    assert drawn == set(KINDS)
    assert SABOTAGE not in drawn
    for value in (True, False):
        assert any(schedule.settings["fast_failover"] is value for schedule in many)
    assert {schedule.settings["conf"]["node_timeout_ms"] for schedule in many} == {2000, 3000, 4000, 5000}
    assert {schedule.settings["conf"]["appendfsync"] for schedule in many} == {"everysec", "always"}
    assert {(s.settings["shards"], s.settings["replicas_per_shard"]) for s in many} == {(3, 1), (4, 1), (3, 2), (4, 2)}


def test_every_kind_can_be_done_and_is_bounded() -> None:
    assert set(ACTS) == set(ALL_KINDS)
    for kind in ALL_KINDS.values():
        longest = kind.lasts[1] if kind.lasts else 0.0
        assert longest + kind.usual < kind.most <= 600


def test_faults_come_one_by_one_at_once_and_beside_a_reshard(many: list[Schedule]) -> None:
    rounds = [each for schedule in many for each in schedule.rounds]
    assert any(len(each.steps) == 1 for each in rounds)
    assert any(first.at == second.at for each in rounds for first, second in combinations(each.steps, 2))
    assert any(
        step.fault == "reshard" and any(other.fault == "kill" for other in each.steps)
        for each in rounds
        for step in each.steps
    )
    assert 0.2 < sum(each.planned for each in rounds) / len(rounds) < 0.6


def test_a_round_of_planned_work_is_told_from_one_with_a_fault() -> None:
    planned = [Step(1, "delete", 0, "master"), Step(2, "reshard", size=4)]
    assert Round(1, 3, planned).planned
    assert not Round(1, 3, [*planned, Step(3, "kill-agent", 1, "replica")]).planned


def test_only_shards_that_are_there_are_named(many: list[Schedule]) -> None:
    for schedule in many:
        shards = schedule.settings["shards"]
        for each in schedule.rounds:
            assert each.shards == shards
            stay = min(shards, each.shards_after)
            assert all(step.shard is None or 0 <= step.shard < stay for step in each.steps)
            shards = each.shards_after
            assert shards in SIZES


def test_nothing_else_happens_to_a_shard_of_which_a_copy_is_lost(many: list[Schedule]) -> None:
    harmless = (Takes.NOTHING, Takes.SLOTS)
    pairs = [(a, b) for _, a, b in _pairs(many) if Takes.COPY in (a.kind.takes, b.kind.takes)]
    assert pairs
    assert all(step.kind.takes in harmless for pair in pairs for step in pair if step.kind.takes != Takes.COPY)


def test_no_two_members_of_a_shard_are_taken_at_a_time_without_a_plan(many: list[Schedule]) -> None:
    taking = {Takes.AWAY, Takes.MEMORY, Takes.COPY}
    for _, first, second in _pairs(many):
        assert not (first.kind.takes in taking and second.kind.takes in taking), (first, second)


def test_a_process_is_killed_beside_one_that_ends_well_only_if_all_is_on_the_disk(many: list[Schedule]) -> None:
    found: set[str] = set()
    for promise, first, second in _pairs(many):
        if {first.kind.takes, second.kind.takes} == {Takes.MEMORY, Takes.ENDS}:
            assert promise == Promise(1, "always")
            found.add(promise.appendfsync)
    assert found


def test_all_processes_of_a_shard_are_killed_only_if_all_is_on_the_disk(many: list[Schedule]) -> None:
    drawn = [s for s in many if any(step.fault == "kill-shard" for each in s.rounds for step in each.steps)]
    assert drawn
    assert all(schedule.promise.kept_at_once for schedule in drawn)


def test_the_kubelet_never_has_to_start_a_container_so_often_that_it_waits_for_long(many: list[Schedule]) -> None:
    for schedule in many:
        began, at = 0.0, dict[int, list[float]]()
        for each in schedule.rounds:
            for step in each.steps:
                if step.kind.restarts and step.shard is not None:
                    at.setdefault(step.shard, []).append(began + step.at)
            began += each.seconds + QUIET_SECONDS
        for moments in at.values():
            spans = zip(moments, moments[MOST_RESTARTS:], strict=False)
            assert all(last - first >= RESTARTS_SECONDS - 0.01 for first, last in spans), schedule.seed


def test_two_reshards_never_meet() -> None:
    assert not may_meet(KINDS["reshard"], KINDS["reshard"], Promise(1, "always"))
    assert may_meet(KINDS["reshard"], KINDS["kill"], Promise(1, "everysec"))


def test_steps_clash_until_a_moment_after_the_first_and_only_in_one_shard() -> None:
    promise = Promise(1, "everysec")
    stop = Step(1.0, "stop", 0, "master", seconds=10.0)
    assert clash(stop, Step(11.0 + GAP_SECONDS - 0.1, "kill", 0, "replica"), promise)
    assert not clash(stop, Step(11.0 + GAP_SECONDS, "kill", 0, "replica"), promise)
    assert not clash(stop, Step(2.0, "kill", 1, "replica"), promise)
    assert clash(Step(1.0, "delete-replicas"), Step(2.0, "kill", 1, "master"), promise)
    assert clash(Step(1.0, "evict-node", 0), Step(2.0, "kill", 1, "master"), promise)


def test_a_schedule_is_read_as_it_was_written(tmp_path: Path) -> None:
    drawn = draw(3, 20)
    drawn.write(tmp_path / "schedule.json")
    assert Schedule.read(tmp_path / "schedule.json") == drawn


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        ([Step(1, "kil", 0, "master")], "no fault 'kil'; allowed: kill"),
        ([Step(1, "kill", 0, "leader")], "member is 'leader'; allowed: master or replica"),
        ([Step(1, "lose-volume", 0, "master")], "member is 'master'; allowed: replica"),
        ([Step(1, "kill", None, "master")], "kill needs a shard"),
        ([Step(1, "reshard")], "reshard needs a size"),
        ([Step(1, "stop", 0, "master", seconds=600)], "seconds is 600; allowed: 1 to 15"),
        ([Step(1, "kill", 0, "master", seconds=1)], "seconds is 1; allowed: 0 to 0"),
        ([Step(1e9, "kill", 0, "master")], "at is 1000000000.0; allowed: 0 to 3600"),
    ],
)
def test_a_file_with_a_mistake_is_refused(tmp_path: Path, steps: list[Step], complaint: str) -> None:
    replace(draw(3, 10), rounds=[Round(1, 3, steps)]).write(tmp_path / "schedule.json")
    with pytest.raises(UserError, match=complaint):
        Schedule.read(tmp_path / "schedule.json")


def test_a_part_of_a_schedule_is_cut_out() -> None:
    rounds = [Round(number, 3, [Step(at, "kill", 0, "master") for at in (1, 20, 40)]) for number in (1, 2, 3)]
    whole = replace(draw(3, 10), rounds=rounds)

    def cut(wanted: str) -> list[tuple[int, list[float]]]:
        return [(each.number, [step.at for step in each.steps]) for each in whole.part(wanted).rounds]

    assert cut("2") == [(2, [1, 20, 40])]
    assert cut("2-3") == [(2, [1, 20, 40]), (3, [1, 20, 40])]
    assert cut("1.2") == [(1, [20])]
    assert cut("1.2-2.1,3.3") == [(1, [20, 40]), (2, [1]), (3, [40])]
    for wrong in ("4", "1.4", "x", "2-1"):
        with pytest.raises(UserError, match=f"'{wrong}' names no step"):
            whole.part(wrong)
