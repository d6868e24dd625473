"""The fault suite's own arithmetic, and its page: what is wrong here would make every figure wrong."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import cast

import pytest

from tests.cluster.harness.tier import Tier
from tests.faults.catalog.fault import PLANNED, Expectation, Fault
from tests.faults.catalog.reference import DOCUMENT, with_tables
from tests.faults.catalog.registry import FAULTS
from tests.faults.clients.writer_process import PATIENT_TIMEOUT, WriterPlan, WriterResult, key_of
from tests.faults.clients.writers import Outcome, gaps
from tests.faults.harness.deployment import RedisDeployment
from tests.faults.harness.harness import judge
from tests.faults.harness.kubernetes import Pod
from tests.faults.harness.observer import Facts, Shape, parse_view
from tests.faults.harness.observer import judge as judge_nodes
from tests.faults.harness.report import Record, Report, in_words, table
from tests.faults.harness.switches import SWITCHES, without
from webtier.redis_cluster.pod.agent_container import AgentContainers
from webtier.redis_cluster.settings import AgentSettings

EVEN = [(0, 5460), (5461, 10922), (10923, 16383)]


def test_the_page_lists_the_faults_as_they_are() -> None:
    document = DOCUMENT.read_text()
    assert document == with_tables(document, results=DOCUMENT.parent / "none"), (
        "run: python -m tests.faults.catalog.reference"
    )


def test_a_gap_that_began_before_the_fault_counts_and_one_that_ended_before_it_does_not() -> None:
    times = [0.0, 5.0, 10.0, 10.09, 10.15, 13.15, 13.2]
    found = gaps(times, start=10.05, end=13.2)
    assert found.longest == pytest.approx(3.0)
    assert found.above_100_ms == 1


def test_a_gap_that_does_not_end_counts_up_to_the_end() -> None:
    assert gaps([9.9, 10.0], start=10.0, end=17.0).longest == pytest.approx(7.0)
    assert gaps([], start=10.0, end=17.0).longest == pytest.approx(7.0)


def test_p99_is_the_gap_that_one_in_a_hundred_exceeds() -> None:
    times = [n * 0.01 for n in range(200)] + [1.99 + 0.5, 1.99 + 1.0, 1.99 + 1.5]
    assert gaps(times, start=0.0, end=times[-1]).p99 == pytest.approx(0.5)
    assert gaps(times[:200], start=0.0, end=times[199]).p99 == pytest.approx(0.01)


def test_a_write_without_an_acknowledgement_is_not_expected_to_be_there() -> None:
    plan = WriterPlan(0, ["a", "b"], 0, 100.0)
    result = WriterResult(0, 0, acknowledged=[(0, 1.0), (1, 1.1)], unknown=2)
    outcome = Outcome("token", [plan], [result], [])
    assert outcome.expected(0) == {key_of(["a", "b"], 0, 0): "token:0", key_of(["a", "b"], 0, 1): "token:1"}
    assert key_of(["a", "b"], 0, 2) in outcome.touched()


def test_patient_writers_are_told_from_those_that_wait_as_little_for_a_replica() -> None:
    plans = [WriterPlan(0, ["a"], 0, 100.0), WriterPlan(0, ["a"], 1, 100.0), WriterPlan(0, ["a"], 0, 100.0, True)]
    results = [WriterResult(plan.group, plan.replicas, [(7, 1.0 + n)]) for n, plan in enumerate(plans)]
    results[2].patient = True
    outcome = Outcome("token", plans, results, [])
    found = [outcome.expected(0), outcome.expected(1), outcome.expected(patient=True)]
    assert found == [{plan.key(7): "token:7"} for plan in plans]
    assert len(set(outcome.touched())) == 3
    assert [outcome.times(0), outcome.times(0, 1), outcome.times(0, patient=True)] == [[1.0], [2.0], [3.0]]
    assert plans[2].timeout == PATIENT_TIMEOUT > plans[0].timeout == plans[1].timeout


def test_how_long_the_machine_paused_during_the_fault() -> None:
    outcome = Outcome("token", [], [], [(0.0, 5.0), (9.0, 10.5), (11.0, 11.2), (20.0, 30.0)])
    assert outcome.longest_pause(10.0, 12.0) == pytest.approx(0.5)


def _record(**given: object) -> Record:
    usual = Record("x", 1, "", longest_gap_ms={"0": 50}, p99_gap_ms={"0": 10}, seconds_to_state_ok=0.0)
    return replace(usual, **given)


def _complaints(record: Record, expectation: Expectation) -> list[str]:
    judge(record, Fault("x", "", lambda _: None, expectation), fast=True)
    return record.complaints


def test_planned_work_that_costs_nothing_passes() -> None:
    assert _complaints(_record(), PLANNED) == []


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"lost": 1}, "1 lost writes"),
        ({"lost_with_wait": 1}, "1 writes are lost that a replica had"),
        ({"lost_patient": 1}, "1 lost writes of patient writers"),
        ({"standing_lost": 1}, "1 keys are gone"),
        ({"failed_commands": 1}, "1 failed commands"),
        ({"longest_gap_ms": {"0": 10, "1": 1001}}, "1001 ms without a write"),
        ({"p99_gap_ms": {"0": 101}}, "101 ms p99 gap"),
    ],
)
def test_each_cost_of_planned_work_is_complained_of(given: dict[str, object], complaint: str) -> None:
    assert any(entry.startswith(complaint) for entry in _complaints(_record(**given), PLANNED))


def test_a_state_that_never_became_ok_is_above_every_limit() -> None:
    assert _complaints(_record(seconds_to_state_ok=None), Expectation(state_ok=10.0))


def test_on_a_busy_machine_losses_are_judged_and_times_are_not() -> None:
    busy = {"machine_pause_ms": 900, "longest_gap_ms": {"0": 5000}}
    assert _complaints(_record(**busy), PLANNED) == []
    assert _complaints(_record(**busy, lost=1), PLANNED)


def test_the_unreplicated_tail_of_an_unplanned_loss_is_no_complaint_but_what_a_replica_had_is() -> None:
    assert _complaints(_record(lost=5, lost_patient=5), Expectation(lost=None)) == []
    assert _complaints(_record(lost_with_wait=1), Expectation(lost=None))


def test_runs_of_other_faults_are_kept_and_those_of_the_same_replaced(tmp_path: Path) -> None:
    files = tmp_path / "faults.json", tmp_path / "faults.md"
    first = Report(["a", "b"], *files)
    first.add(_named("a", lost=1))
    first.add(_named("b", lost=2))
    Report(["a"], *files).add(_named("a", lost=3))
    rows = files[1].read_text().splitlines()[2:]
    assert [row.split(" | ")[0].strip("| ") for row in rows] == ["b", "a"]
    assert [row.split(" | ")[4] for row in rows] == ["2", "3"]
    Report(["a"], *files, given="valkey:9.1").add(_named("a", given="valkey:9.1", lost=4))
    assert [row.split(" | ")[4] for row in files[1].read_text().splitlines()[2:]] == ["2", "3", "4"]


def test_the_page_keeps_the_rows_of_what_was_not_run(tmp_path: Path) -> None:
    document, results = DOCUMENT.read_text(), tmp_path / "faults.md"
    results.write_text(table([asdict(_named("kill-node", acknowledged=77)), asdict(_named("kill-node", given="x:1"))]))
    before, after = (text.splitlines() for text in (document, with_tables(document, results)))
    changed = [line for line in before if line not in after]
    assert [line.split(" | ")[0] for line in changed] == ["| kill-node"]
    added = [line.split(" | ")[:4] for line in after if line not in before]
    assert added == [["| kill-node", "", "1", "77"], ["| kill-node", "x:1", "1", "0"]]


def test_settings_are_named_shortly() -> None:
    assert in_words({}) == ""
    assert in_words({"image": "webtier.local/valkey:9.1"}) == "valkey:9.1"
    assert in_words({"image": "valkey:9.1", "shards": 4}) == 'valkey:9.1 {"shards": 4}'


def test_of_several_runs_the_table_has_the_median_gap_and_the_worst_loss() -> None:
    runs = [asdict(_named("a", lost=lost, longest_gap_ms={"0": gap})) for lost, gap in ((0, 100), (4, 900), (1, 200))]
    cells = table(runs).splitlines()[2].split(" | ")
    assert (cells[2], cells[4], cells[7]) == ("3", "4", "200")


def test_the_table_counts_the_losses_of_each_kind_of_writer_by_itself() -> None:
    run = asdict(_named("a", lost=1, lost_with_wait=2, lost_patient=3, acknowledged=10, acknowledged_patient=5))
    assert table([run]).splitlines()[2].split(" | ")[3:7] == ["15", "1", "2", "3"]


def test_records_of_a_version_that_did_not_count_all_are_not_kept(tmp_path: Path) -> None:
    files = tmp_path / "faults.json", tmp_path / "faults.md"
    older = asdict(_named("a"))
    del older["lost_patient"]
    files[0].write_text(json.dumps([older]))
    Report(["b"], *files).add(_named("b"))
    assert [record["name"] for record in json.loads(files[0].read_text())] == ["b"]


def _named(name: str, **given: object) -> Record:
    record = _record(**given)
    record.name, record.passed = name, True
    return record


def _facts(pod: str, role: str, slots: tuple[int, int] | None, *, state: str = "ok", known: int = 6) -> Facts:
    shard, member = (int(part) for part in pod.split("-")[-2:])
    number = shard * 2 + member
    flags = "myself,master" if role == "master" else "myself,slave"
    owned = f" {slots[0]}-{slots[1]}" if slots else ""
    line = f"{number:040d} 10.0.0.{number}:6379@16379,{pod} {flags} - 0 0 1 connected{owned}"
    replication = {"role": role}
    replication |= {"slave0": "ip=x,state=online"} if role == "master" else {"master_link_status": "up"}
    cluster = {"cluster_state": state, "cluster_slots_ok": "16384", "cluster_known_nodes": str(known)}
    return Facts(Pod(pod, pod, "10.0.0.1", "node", False, True), parse_view(line), cluster, replication)


def _well() -> list[Facts]:
    masters = [_facts(f"redis-shard-{shard}-0", "master", EVEN[shard]) for shard in range(3)]
    return [*masters, *(_facts(f"redis-shard-{shard}-1", "slave", None) for shard in range(3))]


SHAPE = Shape(3, 1)


def test_six_nodes_that_agree_are_well() -> None:
    sample = judge_nodes(1.0, _well(), SHAPE)
    assert (sample.not_ok, sample.not_replicated) == (None, None)


def test_the_state_is_not_ok_while_a_master_does_not_answer_whatever_the_others_say() -> None:
    assert judge_nodes(1.0, _well()[1:], SHAPE).not_ok == "5461 slots have no master that answers"


def test_the_state_is_not_ok_while_two_masters_claim_a_slot() -> None:
    twice = [*_well(), _facts("redis-shard-0-1", "master", (5000, 5460))]
    assert "both claim slot 5000" in (judge_nodes(1.0, twice, SHAPE).not_ok or "")


def test_the_state_is_not_ok_while_one_node_says_so() -> None:
    nodes = [*_well()[:5], _facts("redis-shard-2-1", "slave", None, state="fail")]
    assert judge_nodes(1.0, nodes, SHAPE).not_ok


def test_replication_is_not_complete_while_a_replica_is_away_or_a_ghost_is_known() -> None:
    away = judge_nodes(1.0, _well()[:5], SHAPE)
    assert away.not_ok is None
    assert away.not_replicated
    ghost = judge_nodes(1.0, [*_well()[:5], _facts("redis-shard-2-1", "slave", None, known=7)], SHAPE)
    assert ghost.not_ok is None
    assert ghost.not_replicated == "redis-shard-2-1 knows 7 nodes"


def test_refusals_are_counted_by_reason_and_kept_in_a_record(tmp_path: Path) -> None:
    told = [(1.0, "moved (a:1)"), (1.1, "moved (b:1)"), (2.0, "timeout (a:1)")]
    outcome = Outcome("token", [], [WriterResult(0, 0, [(0, 0.5), (1, 1.9), (2, 3.0)], refusals=told)], [])
    record = _named("a", refusals=outcome.refusals())
    files = tmp_path / "faults.json", tmp_path / "faults.md"
    Report([], *files).add(record)
    assert json.loads(files[0].read_text())[0]["refusals"] == {"moved": 2, "timeout": 1}
    told_then = outcome.told_in_longest_gap(0, 0.4, 3.0)
    assert told_then.endswith(", 1.400 s: 1 times moved (a:1), 1 times moved (b:1)")


def test_the_longest_gap_says_for_how_long_the_disk_stalled_in_it() -> None:
    result = WriterResult(0, 0, [(0, 0.0), (1, 2.0), (2, 2.4)])
    outcome = Outcome("token", [], [result], [], disk_stalls=[(-1.0, 0.2), (0.5, 1.5), (1.9, 2.1)])
    assert outcome.told_in_longest_gap(0, 0.0, 2.4).endswith("; the disk kept an fsync waiting for 1.300 s of it")


@pytest.mark.parametrize("name", SWITCHES)
def test_every_switch_changes_what_is_deployed(name: str) -> None:
    switch, usual = SWITCHES[name], _agent_command()
    with without(switch):
        assert _agent_command() == [*usual, *(f"--without={feature}" for feature in switch.features)]
    assert _agent_command() == usual
    assert switch.features or switch.settings
    assert set(switch.faults) <= set(FAULTS)


def _agent_command() -> list[str]:
    command = AgentContainers(AgentSettings(), code=None, tls=None).container("agent", []).command
    assert isinstance(command, list)
    return [str(word) for word in command]


@pytest.mark.parametrize("name", FAULTS)
def test_what_a_fault_deploys_is_possible(name: str) -> None:
    fault = FAULTS[name]
    settings = RedisDeployment(cast("Tier", None), "faults").settings(fault.changes)
    announced = settings.access.pods is not None
    assert announced == ("NodePorts" in fault.what)
    assert settings.access.outside is not None or announced, "the NetworkPolicy would let no writer in"
