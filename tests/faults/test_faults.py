"""Every fault, under writers that write without pause. `make faults` runs them all."""

import pytest

from tests.faults.catalog.registry import FAULTS
from tests.faults.harness.harness import FaultHarness
from tests.faults.harness.report import Record, Report


def test_fault(
    fault_name: str,
    run: int,
    harness: FaultHarness,
    report: Report,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with capsys.disabled():
        print(f"\n{fault_name}: {FAULTS[fault_name].what}", flush=True)
        record = harness.run(FAULTS[fault_name], run)
        print(_summary(record), flush=True)
    report.add(record)
    left_out = request.config.getoption("--without")
    if left_out:
        assert record.begun, "the fault itself was not reached: " + "; ".join(record.complaints)
        assert not record.passed, f"nothing is missed without the feature '{left_out}'"
    else:
        assert record.passed, "; ".join([*record.complaints, *record.notes])


def _summary(record: Record) -> str:
    gaps = ", ".join(f"{shard}: {ms}" for shard, ms in record.longest_gap_ms.items())
    writes = f"acknowledged {record.acknowledged}, lost {record.lost}"
    patient = f"patient {record.acknowledged_patient}, lost {record.lost_patient}"
    waiting = f"with WAIT 1 {record.acknowledged_with_wait}, lost {record.lost_with_wait}"
    standing = f"of {record.standing_keys} older keys lost {record.standing_lost}"
    ok, whole = record.seconds_to_state_ok, record.seconds_to_full_replication
    lines = [
        f"{writes}; {waiting}; {patient}; {standing}",
        f"longest gap in ms by shard {{{gaps}}}; state ok after {ok} s, full replication after {whole} s",
        f"{record.failed_commands} of {record.commands} commands failed; the slowest: {record.slowest_command_ms} ms",
        *(f"longest gap of {shard} at {told}" for shard, told in record.told_in_longest_gap.items()),
        *record.notes,
        *(f"NOT AS EXPECTED: {complaint}" for complaint in record.complaints),
        f"{'passed' if record.passed else 'FAILED'} in {record.seconds:.0f} s",
    ]
    return "\n".join(f"  {line}" for line in lines)
