"""What a fault did to the writes: one record for each run, kept in build/faults.json and build/faults.md."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from command_line.files import write_whole
from operations.local import PROJECT

JSON_FILE = PROJECT / "build" / "faults.json"
TABLE_FILE = PROJECT / "build" / "faults.md"


def without_file(switch: str) -> Path:
    """The records of runs without a feature."""
    return JSON_FILE.with_name(f"faults-without-{switch}.json")


def in_words(given: Mapping[str, Any]) -> str:
    """Settings for a cell of the table: an image by its last part, all else as JSON."""
    rest = {name: value for name, value in given.items() if name != "image"}
    image = str(given.get("image", "")).rpartition("/")[2]
    return " ".join(filter(None, [image, json.dumps(rest) if rest else ""]))


@dataclass
class Record:
    """One run of one fault. Times that are None never came; "with_wait" is about writers that WAIT for a replica,
    "patient" about those that wait for an answer as long as ordinary clients do.

    `given` are the settings that all faults of the session had, and "" for the usual ones. `begun` is whether the fault
    itself was reached. `story` says what the observer saw: [seconds since the fault, what was not well].
    """

    name: str
    run: int
    expected: str
    given: str = ""
    begun: bool = False
    acknowledged: int = 0
    lost: int = 0
    acknowledged_with_wait: int = 0
    lost_with_wait: int = 0
    acknowledged_patient: int = 0
    lost_patient: int = 0
    standing_keys: int = 0
    standing_lost: int = 0
    longest_gap_ms: dict[str, int] = field(default_factory=dict[str, int])
    p99_gap_ms: dict[str, int] = field(default_factory=dict[str, int])
    gaps_above_100_ms: dict[str, int] = field(default_factory=dict[str, int])
    told_in_longest_gap: dict[str, str] = field(default_factory=dict[str, str])
    longest_gap_with_wait_ms: dict[str, int] = field(default_factory=dict[str, int])
    longest_gap_patient_ms: dict[str, int] = field(default_factory=dict[str, int])
    seconds_to_state_ok: float | None = None
    seconds_to_full_replication: float | None = None
    commands: int = 0
    failed_commands: int = 0
    slowest_command_ms: int = 0
    refusals: dict[str, int] = field(default_factory=dict[str, int])
    machine_pause_ms: int = 0
    load: float = 0.0
    seconds: float = 0.0
    story: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    notes: list[str] = field(default_factory=list[str])
    complaints: list[str] = field(default_factory=list[str])
    passed: bool = False


_KEYS = {each.name for each in fields(Record)}


class Report:
    """The records so far. Runs of the same fault with the same settings from earlier sessions are replaced, those of
    others are kept.
    """

    def __init__(
        self, names: Sequence[str], json_file: Path = JSON_FILE, table_file: Path = TABLE_FILE, given: str = ""
    ) -> None:
        self._json_file, self._table_file = json_file, table_file
        kept: list[dict[str, Any]] = json.loads(json_file.read_text()) if json_file.exists() else []
        # An older version's records don't say all that the table does.
        whole = [record for record in kept if record.keys() >= _KEYS]
        self._records = [record for record in whole if record["name"] not in names or record["given"] != given]

    def add(self, record: Record) -> None:
        """Kept at once: a run that is cut off leaves what there is."""
        self._records.append(asdict(record))
        self._json_file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._json_file, json.dumps(self._records, indent=2) + "\n")
        write_whole(self._table_file, table(self._records))


_HEAD = (
    "| fault | with | runs | acknowledged | lost | lost with WAIT 1 | lost, patient | longest write gap, ms by shard "
    "| p99 gap, ms | state ok, s | full replication, s | failed commands | passed |\n"
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- | --- | ---: | ---: | ---: | --- |\n"
)


def table(records: Sequence[dict[str, Any]]) -> str:
    """A row for each fault and its settings; of several runs the median, of losses and failed commands the worst."""
    runs = dict[tuple[str, str], list[dict[str, Any]]]()
    for record in records:
        runs.setdefault((record["name"], record["given"]), []).append(record)
    return _HEAD + "".join(map(_row, runs.values()))


def _row(runs: Sequence[dict[str, Any]]) -> str:
    shards = sorted({shard for run in runs for shard in run["longest_gap_ms"]})
    cells = [
        runs[0]["name"],
        runs[0]["given"],
        str(len(runs)),
        str(sum(run[f"acknowledged{kind}"] for run in runs for kind in ("", "_with_wait", "_patient"))),
        str(max(run["lost"] + run["standing_lost"] for run in runs)),
        str(max(run["lost_with_wait"] for run in runs)),
        str(max(run["lost_patient"] for run in runs)),
        " · ".join(_median(runs, "longest_gap_ms", shard) for shard in shards),
        " · ".join(_median(runs, "p99_gap_ms", shard) for shard in shards),
        _seconds([run["seconds_to_state_ok"] for run in runs]),
        _seconds([run["seconds_to_full_replication"] for run in runs]),
        str(max(run["failed_commands"] for run in runs)),
        "yes"
        if all(run["passed"] for run in runs)
        else "no: " + "; ".join(dict.fromkeys(c for run in runs for c in run["complaints"])),
    ]
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |\n"


def _median(runs: Sequence[dict[str, Any]], key: str, shard: str) -> str:
    return str(round(statistics.median(run[key].get(shard, 0) for run in runs)))


def _seconds(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return "never" if len(known) < len(values) else f"{statistics.median(known):.1f}"
