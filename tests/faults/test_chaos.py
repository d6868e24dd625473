"""A random run fails where a write is lost, and says which: one is lost on purpose."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.harness.tier import Tier
from tests.faults.chaos.generate import draw
from tests.faults.chaos.kinds import SABOTAGE
from tests.faults.chaos.record import RunRecord
from tests.faults.chaos.report import Files
from tests.faults.chaos.run import ChaosRun
from tests.faults.chaos.schedule import Round, Schedule, Step
from tests.faults.harness.harness import only_one

NAMESPACE = "sabotage"
"""No name that begins like that of a random run, `chaos-`: what is called so is removed with it."""
SHAPE = {"shards": 3, "replicas_per_shard": 1}
ROUNDS = [Round(1, 3, [Step(1.0, "kill", 1, "replica")]), Round(2, 3, [Step(3.0, SABOTAGE, 0)])]


@pytest.fixture
def run(tier: Tier, tmp_path: Path) -> Iterator[ChaosRun]:
    drawn = draw(1, 2, SHAPE)
    schedule = Schedule(drawn.seed, drawn.minutes, drawn.settings, ROUNDS)
    files = Files("chaos-1", tmp_path)
    record = RunRecord(1, 2, "", "", dict(schedule.settings), len(ROUNDS))
    with only_one(tier, NAMESPACE):
        made = ChaosRun(tier, NAMESPACE, schedule, files, record, heal_seconds=120)
        yield made
        made.clean_up(keep=False)


def test_a_lost_write_makes_a_run_fail(run: ChaosRun) -> None:
    record = run.play()
    first, second = record.rounds
    assert first.complaints == []
    # Three writes of each of the shard's two writers, and a counter.
    assert (second.lost, second.lost_with_wait, second.stale) == (3, 3, 1), record
    assert not record.passed
    told = run.files.markdown.read_text()
    assert "3 writes are lost that a replica had" in told
    assert "1 reads from a shard's master were older" in told
    assert "* stale: counter:" in told
