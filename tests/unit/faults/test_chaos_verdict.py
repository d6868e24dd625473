"""What makes a random run fail, and what it counts without failing."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from command_line.errors import UserError
from tests.faults.chaos.__main__ import read_arguments
from tests.faults.chaos.readback import ReadBack
from tests.faults.chaos.record import RoundRecord, RunRecord, StepRecord, judge_round, judge_run
from tests.faults.chaos.report import Files, write_report
from tests.faults.clients.access import Access, Credentials
from tests.faults.clients.counter_process import report
from tests.faults.clients.counters import Acknowledged, Ledger, Verdict, judge
from tests.faults.clients.counting import parse
from tests.faults.clients.writer_process import WriterPlan, WriterResult, key_of, value_of
from tests.faults.clients.writers import Outcome
from tests.faults.harness import verify

# Stale reads


@pytest.mark.parametrize(
    ("value", "epoch", "verdict"),
    [
        (5, 3, Verdict.GOOD),
        (6, 3, Verdict.GOOD),
        (5, 2, Verdict.GOOD),
        (4, 3, Verdict.STALE),
        (0, 4, Verdict.STALE),
        (4, 2, Verdict.REPLACED),
    ],
)
def test_a_read_has_to_give_what_was_acknowledged_before_it_began_or_newer(
    value: int, epoch: int, verdict: Verdict
) -> None:
    assert judge(Acknowledged(5, 3, 0.0), value, epoch) is verdict


def test_nothing_is_expected_of_a_key_before_its_first_write_is_acknowledged() -> None:
    ledger = Ledger()
    assert ledger.read("a", ledger.newest("a"), 0, 1, "node", 1.0) is Verdict.GOOD


def test_a_write_that_is_acknowledged_while_a_read_is_under_way_is_not_expected_of_it() -> None:
    ledger = Ledger()
    ledger.acknowledge("a", 1, 3, 1.0)
    before = ledger.newest("a")
    ledger.acknowledge("a", 2, 3, 2.0)
    assert ledger.read("a", before, 1, 3, "node", 2.1) is Verdict.GOOD
    assert ledger.read("a", ledger.newest("a"), 1, 3, "node", 2.2) is Verdict.STALE


def test_a_lost_write_is_told_once_with_all_that_is_known_of_it() -> None:
    ledger = Ledger()
    ledger.acknowledge("a", 7, 3, 10.0)
    for at in (11.0, 12.0):
        ledger.read("a", ledger.newest("a"), 6, 4, "10.0.0.1:6379", at)
    (stale,) = ledger.stale
    assert str(stale) == ("a was 6 at 10.0.0.1:6379 (epoch 4), and 7 had been acknowledged 1.00 s before (epoch 3)")


def test_a_master_that_was_replaced_is_counted_and_no_stale_read() -> None:
    ledger = Ledger()
    ledger.acknowledge("a", 7, 5, 10.0)
    ledger.read("a", ledger.newest("a"), 6, 4, "node", 11.0)
    assert (ledger.replaced, ledger.stale, ledger.reads) == (1, [], 1)


def test_what_the_counters_say_is_read_as_it_was_said() -> None:
    ledger = Ledger()
    ledger.acknowledge("a", 7, 3, 10.0)
    ledger.read("a", ledger.newest("a"), 6, 4, "node", 11.0)
    counts = parse(report(ledger, []))
    assert (counts.reads, counts.acknowledged, counts.stale, list(counts.listed)) == (1, 1, 1, ledger.stale)


# The verdict


def _round(**given: Any) -> RoundRecord:
    """One in which all went well."""
    usual = RoundRecord(1, False, seconds_to_well=3.0, acknowledged=10, acknowledged_with_wait=5, counted=5, reads=20)
    usual.steps = [StepRecord("1.1", "kill", at="now", done=True)]
    return replace(usual, **given)


def _run(*rounds: RoundRecord, **given: Any) -> RunRecord:
    for each in rounds:
        each.complaints += judge_round(each)
    record = RunRecord(7, 10, "schedule", "logs", {}, len(rounds), rounds=list(rounds), **given)
    judge_run(record)
    return record


def test_a_run_without_a_loss_that_ends_well_passes() -> None:
    assert _run(_round(), _round(planned=True)).passed


def test_what_no_replica_had_may_be_lost_by_a_fault_and_is_counted() -> None:
    record = _run(_round(lost=4))
    assert record.passed
    assert record.sum("lost") == 4


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"lost_with_wait": 1}, "1 writes are lost that a replica had"),
        ({"standing_lost": 1}, "1 keys are gone"),
        ({"stale": 1}, "1 reads from a shard's master were older"),
        ({"planned": True, "lost": 1}, "1 acknowledged writes are lost although nothing but planned work"),
        ({"seconds_to_well": None, "not_well": "2 slots are half moved"}, "not well again by itself: 2 slots"),
        ({"acknowledged": 0}, "no write was acknowledged"),
        ({"reads": 0}, "no counter was counted up and read"),
    ],
)
def test_what_must_not_be_makes_a_run_fail(given: dict[str, Any], complaint: str) -> None:
    bad = _round(**given)
    record = _run(_round(), bad)
    assert not record.passed
    assert len(bad.complaints) == 1
    assert bad.complaints[0].startswith(complaint)


def test_a_run_that_tried_nothing_or_not_all_or_was_interrupted_has_not_passed() -> None:
    assert "no step was done" in _run(_round(steps=[StepRecord("1.1", "kill")])).complaints[0]
    assert "interrupted" in _run(_round(), interrupted=True).complaints[0]
    short = RunRecord(7, 10, "schedule", "logs", {}, 3, rounds=[_round()])
    judge_run(short)
    assert short.complaints == ["only 1 of 3 rounds were played"]


def test_a_run_whose_time_is_over_may_leave_rounds_out() -> None:
    over = RunRecord(7, 10, "schedule", "logs", {}, 3, rounds=[_round()], time_over=True)
    judge_run(over)
    assert over.passed


def test_the_report_says_what_was_wrong_and_where(tmp_path: Path) -> None:
    files = Files("chaos-7", tmp_path)
    write_report(_run(_round(lost_with_wait=2)), files)
    told = files.markdown.read_text()
    assert told.startswith("# Random run, seed 7: failed\n")
    assert "**round 1: 2 writes are lost that a replica had**" in told
    assert '"lost_with_wait": 2' in files.json.read_text()


# Reading back


class Store:
    """What is on the masters, in place of `verify`'s questions to them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data: dict[str, str] = {}
        for name in ("missing", "remove"):
            monkeypatch.setattr(verify, name, getattr(self, name))

    def missing(self, _look: object, _access: object, data: Mapping[str, str]) -> list[str]:
        return [key for key, value in data.items() if self.data.get(key) != value]

    def remove(self, _look: object, _access: object, keys: Iterable[str]) -> None:
        for key in keys:
            self.data.pop(key, None)


TAGS = ["a", "b"]


def _outcome(token: str, numbers: int) -> Outcome:
    plans = [WriterPlan(0, [f"{tag}{token}" for tag in TAGS], replicas, 1.0) for replicas in (0, 1)]
    results = [WriterResult(0, plan.replicas, [(number, float(number)) for number in range(numbers)]) for plan in plans]
    return Outcome(token, plans, results, [])


def _keys(outcome: Outcome, replicas: int) -> dict[str, str]:
    plan = outcome.plans[replicas]
    numbers = [number for number, _ in outcome.results[replicas].acknowledged]
    return {key_of(plan.tags, replicas, number): value_of(outcome.token, number) for number in numbers}


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    return Store(monkeypatch)


@pytest.fixture
def read_back() -> ReadBack:
    someone = Credentials("someone", "password")
    return ReadBack(list, Access("kubeconfig", "faults", someone, someone), {"old": "value"})


def test_a_lost_write_is_counted_once_and_said_with_its_moment(store: Store, read_back: ReadBack) -> None:
    outcome = _outcome("t", 6)
    store.data = {"old": "value", **_keys(outcome, 0), **_keys(outcome, 1)}
    del store.data[key_of(outcome.plans[1].tags, 1, 3)]
    first, second = _round(), _round()
    read_back.check(first, outcome, offset=3600.0)
    assert (first.acknowledged, first.acknowledged_with_wait) == (6, 6)
    assert (first.lost, first.lost_with_wait, first.standing_lost) == (0, 1, 0)
    assert "1 writes that a replica had, acknowledged between 01:00:03.000" in first.notes[0]
    assert judge_round(first)
    read_back.look_again(second, 0.0)
    assert (second.lost, second.lost_with_wait) == (0, 0)


def test_a_lost_write_of_a_patient_writer_is_lost_as_well(store: Store, read_back: ReadBack) -> None:
    outcome = _outcome("t", 6)
    plan = WriterPlan(0, TAGS, 0, 1.0, patient=True)
    result = WriterResult(0, 0, [(number, 10.0 + number) for number in range(3)], patient=True)
    outcome = Outcome("t", [*outcome.plans, plan], [*outcome.results, result], [])
    store.data = {"old": "value", **outcome.expected(0), **outcome.expected(1), **outcome.expected(patient=True)}
    del store.data[plan.key(2)]
    record = _round(planned=True)
    read_back.check(record, outcome, 0.0)
    assert (record.acknowledged, record.lost, record.lost_with_wait) == (9, 1, 0)
    assert "acknowledged between 00:00:12.000" in record.notes[0]
    assert judge_round(record)


def test_what_is_lost_only_in_the_next_round_is_seen_in_that(store: Store, read_back: ReadBack) -> None:
    earlier, later = _outcome("t", 6), _outcome("u", 6)
    store.data = {"old": "value", **_keys(earlier, 0), **_keys(earlier, 1)}
    first, second, third = _round(), _round(planned=True), _round()
    read_back.check(first, earlier, 0.0)
    assert first.lost == 0
    store.data |= {**_keys(later, 0), **_keys(later, 1)}
    for number in (0, 5):
        del store.data[key_of(earlier.plans[0].tags, 0, number)]
    del store.data["old"]
    read_back.check(second, later, 0.0)
    assert (second.lost, second.standing_lost) == (2, 1)
    assert len(judge_round(second)) == 2
    # Twice looked for, they are taken away; the older ones stay expected.
    assert not set(_keys(earlier, 0)) & set(store.data)
    read_back.look_again(third, 0.0)
    assert (third.lost, third.standing_lost) == (0, 0)


# What users give


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--seed=x"], "SEED is 'x'; allowed: a whole number from 0"),
        (["--seed=-1"], "SEED is '-1'"),
        (["--minutes=0"], "MINUTES is '0'; allowed: a number from 2 to 1440"),
        (["--minutes=nan"], "MINUTES is 'nan'"),
        (["--settings={"], "SETTINGS is no JSON"),
        (["--settings=[1]"], r"SETTINGS is \[1\]; allowed: an object"),
        (["--without=luck"], "WITHOUT is 'luck'; allowed: hand-over"),
        (["--schedule=file", "--seed=3"], "SCHEDULE has its own seed"),
    ],
)
def test_a_wrong_argument_is_refused_with_what_is_allowed(words: list[str], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        read_arguments(words)


def test_without_a_seed_one_is_drawn() -> None:
    assert len({read_arguments([]).seed for _ in range(20)}) > 1
    assert read_arguments(["--seed=7"]).seed == 7
