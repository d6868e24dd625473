"""Writers beside a fault, in processes of their own, and what became of their writes."""

import json
import math
import secrets
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from operations.local import PROJECT
from tests.cluster.harness.tier import one_key_for_each_slot
from tests.faults.clients.writer_process import WriterPlan, WriterResult, value_of

TAGS = 64
"""Slots that a writer spreads its keys over, evenly in its group: when slots move, some of them do."""
RATE, WAITING_RATE, PATIENT_RATE = 150.0, 40.0, 40.0
"""Writes a second of one writer."""
START_SECONDS = 30.0
STOP_SECONDS = 120.0
"""Beside a load of 60 a hundred thousand writes were not written down within 40 s."""


class WriterError(Exception):
    """A helper process did not do its part: no figure of this run counts."""


@dataclass(frozen=True)
class Outcome:
    """All writes of one run."""

    token: str
    plans: Sequence[WriterPlan]
    results: Sequence[WriterResult]
    pauses: Sequence[tuple[float, float]]
    disk_stalls: Sequence[tuple[float, float]] = ()

    def expected(self, replicas: int = 0, *, patient: bool = False) -> dict[str, str]:
        """Key → value of every acknowledged write of the writers that wait for so many replicas, or are patient."""
        return {
            plan.key(number): value_of(self.token, number)
            for plan, result in zip(self.plans, self.results, strict=True)
            if (plan.replicas, plan.patient) == (replicas, patient)
            for number, _ in result.acknowledged
        }

    def times(self, group: int, replicas: int = 0, *, patient: bool = False) -> list[float]:
        """When this group's writes were acknowledged."""
        return [at for _, at in self._result(group, replicas, patient=patient).acknowledged]

    def _result(self, group: int, replicas: int = 0, *, patient: bool = False) -> WriterResult:
        asked = (group, replicas, patient)
        (result,) = (entry for entry in self.results if (entry.group, entry.replicas, entry.patient) == asked)
        return result

    def touched(self) -> list[str]:
        """Every key that may have been written."""
        return [
            plan.key(number)
            for plan, result in zip(self.plans, self.results, strict=True)
            for number in [
                *(entry for entry, _ in result.acknowledged),
                *([result.unknown] if result.unknown is not None else []),
            ]
        ]

    def refusals(self) -> dict[str, int]:
        """Attempts that were not acknowledged, by reason."""
        return dict(Counter(why.split(" (")[0] for result in self.results for _, why in result.refusals))

    def told_in_longest_gap(self, group: int, start: float, end: float) -> str:
        """When the longest gap of a group's first writer began, in UTC as in the logs, and what it was told in it."""
        result = self._result(group)
        edges = [*(at for _, at in result.acknowledged if at <= end), end]
        pairs = [(before, after) for before, after in pairwise(edges) if after >= start]
        before, after = max(pairs, key=lambda pair: pair[1] - pair[0], default=(start, end))
        told = Counter(why for at, why in result.refusals if before <= at <= after)
        listed = ", ".join(f"{count} times {why}" for why, count in told.most_common(5))
        began = datetime.fromtimestamp(time.time() - time.monotonic() + before, UTC).strftime("%T.%f")[:-3]
        stalled = sum(_overlaps(self.disk_stalls, before, after))
        disk = f"; the disk kept an fsync waiting for {stalled:.3f} s of it" if stalled else ""
        return f"{began}, {after - before:.3f} s: {listed or 'no refusal: one attempt took that long'}{disk}"

    def longest_pause(self, start: float, end: float) -> float:
        """The longest that this machine did not let the writers run between the two times, in seconds."""
        return max(_overlaps(self.pauses, start, end), default=0.0)


def _overlaps(spans: Sequence[tuple[float, float]], start: float, end: float) -> Iterator[float]:
    """How much of each span lies between the two times."""
    return (min(last, end) - max(first, start) for first, last in spans if first < end and last > start)


@dataclass(frozen=True)
class Gaps:
    """Between one acknowledged write and the next, in seconds."""

    longest: float
    p99: float
    above_100_ms: int


def gaps(times: Sequence[float], start: float, end: float) -> Gaps:
    """The gaps that touch the time from `start` to `end`; one that has not ended by `end` is cut off there."""
    edges = [at for at in times if at <= end]
    edges.append(end)
    found = [after - before for before, after in pairwise(edges) if after >= start]
    if not edges[:-1]:
        found = [end - start]
    p99 = sorted(found)[math.ceil(len(found) * 0.99) - 1]
    return Gaps(max(found), p99, sum(gap > 0.1 for gap in found))


class Writers:
    """Three writers for each group of slots, from `start` to `stop`."""

    def __init__(
        self, folder: Path, access_file: Path, groups: Sequence[Sequence[int]], disk: Path, *, replicas: int
    ) -> None:
        """`groups` are slots; `replicas` how many the waiting writers wait for: with 0 there are none. `disk` is a
        folder on the one that the nodes write to.
        """
        self.token = secrets.token_hex(6)
        keys = one_key_for_each_slot()
        self.plans = [
            WriterPlan(number, [keys[slot] for slot in _spread(slots)], wait_for, rate, patient)
            for number, slots in enumerate(groups)
            for wait_for, rate, patient in (
                (0, RATE, False),
                *(((replicas, WAITING_RATE, False),) if replicas else ()),
                (0, PATIENT_RATE, True),
            )
        ]
        self._result_file = folder / "writes.json"
        self._result_file.unlink(missing_ok=True)
        config = {
            "access_file": str(access_file),
            "result_file": str(self._result_file),
            "token": self.token,
            "disk": str(disk),
            "writers": [asdict(plan) for plan in self.plans],
        }
        config_file = folder / "writers.json"
        config_file.write_text(json.dumps(config))
        self._process = Helper("writer_process", str(config_file), folder / "writers.log")
        self._last: list[float | None] = [None] * len(self.plans)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self._process.output:
            self._last = json.loads(line)

    def last(self, replicas: int = 0) -> dict[int, float]:
        """Group → time of the last acknowledged write of its impatient writer that waits for so many replicas."""
        pairs = zip(self.plans, self._last, strict=True)
        return {
            plan.group: at
            for plan, at in pairs
            if (plan.replicas, plan.patient) == (replicas, False) and at is not None
        }

    def wait_until_flowing(self, seconds: float = START_SECONDS) -> None:
        """Every writer has had a write acknowledged within the last second. WriterError if that does not come."""
        end = time.monotonic() + seconds
        while not self.flowing():
            if time.monotonic() > end or not self._process.alive:
                raise WriterError(
                    f"not every writer gets its writes acknowledged: {self._last}; {self._process.complaint()}"
                )
            time.sleep(0.05)

    def flowing(self) -> bool:
        now = time.monotonic()
        return all(at is not None and now - at < 1.0 for at in self._last)

    def stop(self) -> Outcome:
        """End them and take what they have noted."""
        self._process.stop()
        if not self._result_file.exists():
            raise WriterError(f"the writers left no result; {self._process.complaint()}")
        given = json.loads(self._result_file.read_text())
        results = [
            WriterResult(
                entry["group"],
                entry["replicas"],
                [(number, at) for number, at in entry["acknowledged"]],
                entry["unknown"],
                [(at, why) for at, why in entry["refusals"]],
                entry["patient"],
            )
            for entry in given["writers"]
        ]
        pauses, disk_stalls = ([(first, last) for first, last in given[name]] for name in ("pauses", "disk_stalls"))
        return Outcome(self.token, self.plans, results, pauses, disk_stalls)

    def kill(self) -> None:
        self._process.kill()


@dataclass(frozen=True)
class ClientOutcome:
    """What an ordinary client has seen: `failures` are [time, what]."""

    commands: int
    failures: Sequence[tuple[float, str]]
    slowest: float


class OrdinaryClient:
    """A redis-py cluster client that an application would use."""

    def __init__(self, folder: Path, access_file: Path) -> None:
        self._process = Helper("client_process", str(access_file), folder / "client.log")
        if self._process.output.readline().strip() != "ready":
            raise WriterError(f"the ordinary client found no cluster; {self._process.complaint()}")

    def stop(self) -> ClientOutcome:
        answer = self._process.stop(last_line=True)
        given: dict[str, Any] = json.loads(answer)
        return ClientOutcome(given["commands"], [(at, text) for at, text in given["failures"]], given["slowest"])

    def kill(self) -> None:
        self._process.kill()


class Helper:
    """A Python process of this package that ends with its standard input."""

    def __init__(self, module: str, argument: str, log: Path) -> None:
        self._log = log
        self._file = log.open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"tests.faults.clients.{module}", argument],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._file,
            text=True,
        )
        assert self._process.stdout
        self.output = self._process.stdout

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def stop(self, *, last_line: bool = False) -> str:
        """Ask it to end, and wait for that. WriterError when it does not, or failed."""
        assert self._process.stdin
        try:
            self._process.stdin.close()
            answer = self.output.read() if last_line else ""
            self._process.wait(STOP_SECONDS)
        except (OSError, subprocess.TimeoutExpired) as error:
            self.kill()
            raise WriterError(f"a helper process did not end: {error}; {self.complaint()}") from error
        if self._process.returncode != 0:
            raise WriterError(f"a helper process ended with {self._process.returncode}; {self.complaint()}")
        self._file.close()
        return answer

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._file.close()

    def complaint(self) -> str:
        return f"its log: {self._log.read_text()[-2000:]}"


def _spread(slots: Sequence[int]) -> list[int]:
    ordered = sorted(slots)
    return [ordered[index * len(ordered) // TAGS] for index in range(min(TAGS, len(ordered)))]
