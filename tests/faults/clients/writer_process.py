"""`python -m tests.faults.clients.writer_process CONFIG`: writes without pause until its input ends or says stop.

A process of its own, so that neither the fault's code nor Pulumi's program can make a gap in the writing.
Each group of slots, a shard's at the start, has three writers: one that takes Redis' word for a write, one
that also waits for a replica to have it, and a patient one, which waits for an answer as long as ordinary clients
do. Every key is written once; a write without an acknowledgement is tried again until it has one, so that at the
end at most one write of each writer is neither acknowledged nor refused.
"""

import json
import os
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from redis.crc import key_slot

from tests.faults.clients.access import Access, Seeds
from tests.faults.clients.slot_client import SlotClient

TIMEOUT = 0.3
"""Of a single attempt, in seconds: also how exactly the end of a gap is known where nodes are dead."""
PATIENT_TIMEOUT = 10.0
"""Of a patient writer: what a busy master acknowledges late, it hears."""
PAUSE = 0.015
"""After an attempt that failed."""
REPORT_SECONDS = 0.2
DISK_SECONDS, LONG_FSYNC = 0.2, 0.1
"""Between two looks at the disk; and from when on one counts as a stall."""


@dataclass(frozen=True)
class WriterPlan:
    """`tags` are parts of keys, each of another slot of the group; `replicas` as for WAIT; `rate` a second.

    One that is `patient` waits for an answer for PATIENT_TIMEOUT, on the connection that it has.
    """

    group: int
    tags: list[str]
    replicas: int
    rate: float
    patient: bool = False

    @property
    def timeout(self) -> float:
        return PATIENT_TIMEOUT if self.patient else TIMEOUT

    def key(self, number: int) -> str:
        """Of one of its writes."""
        return key_of(self.tags, self.replicas, number, patient=self.patient)


@dataclass
class WriterResult:
    """`acknowledged` holds [number, time] of each acknowledged write; `unknown` is the number of the one given up.

    `refusals` are the attempts that were not acknowledged: [time, why].
    """

    group: int
    replicas: int
    acknowledged: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    unknown: int | None = None
    refusals: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    patient: bool = False


def key_of(tags: list[str], replicas: int, number: int, *, patient: bool = False) -> str:
    """The key of a writer's write."""
    return f"{{{tags[number % len(tags)]}}}:{'patient' if patient else replicas}:{number}"


def value_of(token: str, number: int) -> str:
    """What is written to it."""
    return f"{token}:{number}"


class Writer(threading.Thread):
    def __init__(self, plan: WriterPlan, token: str, client: SlotClient, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.plan = plan
        self.result = WriterResult(plan.group, plan.replicas, patient=plan.patient)
        self._token = token
        self._client = client
        self._stopping = stop

    def run(self) -> None:
        plan, result = self.plan, self.result
        slots = [key_slot(tag.encode()) for tag in plan.tags]
        number, due = 0, time.monotonic()
        while not self._stopping.is_set():
            key, value = plan.key(number), value_of(self._token, number)
            slot = slots[number % len(slots)]
            while (refusal := self._client.write(slot, key, value, plan.replicas)) is not None:
                result.refusals.append((time.monotonic(), refusal))
                if self._stopping.wait(PAUSE):
                    result.unknown = number
                    return
            now = time.monotonic()
            result.acknowledged.append((number, now))
            number += 1
            due = max(due + 1 / plan.rate, now)
            time.sleep(max(0.0, due - now))


class Clockwork(threading.Thread):
    """Notes how late this process is let run: a gap that the machine made is not Redis'."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.pauses: list[tuple[float, float]] = []

    def run(self) -> None:
        before = time.monotonic()
        while True:
            time.sleep(0.005)
            now = time.monotonic()
            if now - before > 0.03:
                self.pauses.append((before, now))
            before = now


class DiskWatch(threading.Thread):
    """Notes when the nodes' disk keeps an fsync waiting: Redis fsyncs its nodes.conf before it says that it has voted
    or taken over, and serves nobody meanwhile.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.stalls: list[tuple[float, float]] = []
        self._folder = folder

    def run(self) -> None:
        with tempfile.TemporaryFile(dir=self._folder) as file:
            while True:
                before = time.monotonic()
                os.pwrite(file.fileno(), b"written", 0)
                os.fsync(file.fileno())
                now = time.monotonic()
                if now - before > LONG_FSYNC:
                    self.stalls.append((before, now))
                time.sleep(DISK_SECONDS)


def main(config_file: Path) -> None:
    config = json.loads(config_file.read_text())
    access_file = Path(config["access_file"])
    stop = threading.Event()
    clockwork = Clockwork()
    clockwork.start()
    disk = DiskWatch(Path(config["disk"]))
    disk.start()
    seeds = lambda: Seeds(Access.read(access_file))  # noqa: E731
    writers = [
        Writer(plan, config["token"], SlotClient(access_file, seeds(), plan.timeout), stop)
        for plan in (WriterPlan(**given) for given in config["writers"])
    ]
    for writer in writers:
        writer.start()
    threading.Thread(target=_listen, args=(stop,), daemon=True).start()
    while not stop.wait(REPORT_SECONDS):
        last = [writer.result.acknowledged[-1][1] if writer.result.acknowledged else None for writer in writers]
        print(json.dumps(last), flush=True)
    for writer in writers:
        writer.join(20)
    noted = [asdict(writer.result) for writer in writers]
    result = {"writers": noted, "pauses": clockwork.pauses, "disk_stalls": disk.stalls}
    Path(config["result_file"]).write_text(json.dumps(result))


def _listen(stop: threading.Event) -> None:
    sys.stdin.readline()
    stop.set()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
