"""What a random run leaves below `build/`: its schedule, a report for programs and one for people, and all logs."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from command_line.files import write_whole
from operations.local import PROJECT
from tests.faults.chaos.record import RoundRecord, RunRecord

FOLDER = PROJECT / "build"


@dataclass(frozen=True)
class Files:
    """`name` is that of the run, chaos-SEED."""

    name: str
    folder: Path = FOLDER

    @property
    def schedule(self) -> Path:
        return self.folder / f"{self.name}-schedule.json"

    @property
    def json(self) -> Path:
        return self.folder / f"{self.name}.json"

    @property
    def markdown(self) -> Path:
        return self.folder / f"{self.name}.md"

    @property
    def logs(self) -> Path:
        return self.folder / f"{self.name}-logs"


def write_report(record: RunRecord, files: Files) -> None:
    """Also after each round: a run that is cut off leaves what there is."""
    write_whole(files.json, json.dumps(asdict(record), indent=2) + "\n")
    write_whole(files.markdown, markdown(record))


def markdown(record: RunRecord) -> str:
    return "\n".join([*_head(record), *_table(record), *_steps(record), ""])


def _head(record: RunRecord) -> Iterator[str]:
    verdict = "passed" if record.passed else "failed"
    yield f"# Random run, seed {record.seed}: {verdict}"
    yield ""
    without = f" without the feature `{record.without}`" if record.without else ""
    over = ", when its time was over" if record.time_over else ""
    yield (
        f"{len(record.rounds)} of {record.rounds_planned} rounds in {record.seconds:.0f} s{over}, from {record.began} "
        f"UTC on{without}. Schedule: `{record.schedule}`, logs: `{record.logs}`."
    )
    yield ""
    yield f"Settings: `{json.dumps(record.settings)}`"
    yield ""
    for complaint in record.complaints:
        yield f"* **{complaint}**"
    for each in record.rounds:
        for complaint in each.complaints:
            yield f"* **round {each.number}: {complaint}**"
    for stale in record.stale_reads:
        yield f"* stale: {stale}"
    for note in record.notes:
        yield f"* {note}"
    yield ""


_ROW = (
    "| round | planned | acknowledged | lost | with WAIT 1 | lost | older keys lost | counted up | reads | stale "
    "| of a replaced master | longest gap, ms | well after, s |"
)


def _table(record: RunRecord) -> Iterator[str]:
    yield _ROW
    yield "| --- | --- " + "| ---: " * (_ROW.count("|") - 3) + "|"
    for each in record.rounds:
        yield "| " + " | ".join(_cells(each)) + " |"
    yield ""


def _cells(each: RoundRecord) -> list[str]:
    return [
        str(each.number),
        "yes" if each.planned else "no",
        str(each.acknowledged),
        str(each.lost),
        str(each.acknowledged_with_wait),
        str(each.lost_with_wait),
        str(each.standing_lost),
        str(each.counted),
        str(each.reads),
        str(each.stale),
        str(each.replaced_reads),
        str(max(each.longest_gap_ms.values(), default=0)),
        "never" if each.seconds_to_well is None else f"{each.seconds_to_well:.0f}",
    ]


def _steps(record: RunRecord) -> Iterator[str]:
    for each in record.rounds:
        yield f"**Round {each.number}**, from {each.began} UTC on, load {each.load}:"
        yield ""
        for step in each.steps:
            state = f"{step.at[11:]}, {step.seconds} s" if step.at else "not begun"
            yield f"* {step.name} {step.what} ({state}): {step.said}"
        for note in each.notes:
            yield f"* {note}"
        yield ""
