"""The real redis_exporter, run as the sidecar runs it."""

import re
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from command_line.errors import UserError
from command_line.paths import Paths
from devcluster.binaries import REDIS_EXPORTER
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import wait_until
from webtier.redis_cluster.monitoring.exporter import METRICS_PORT

_SAMPLE = re.compile(r"(?P<name>[a-z_]+)(\{(?P<labels>.*)\})? (?P<value>\S+)")
_LABEL = re.compile(r'([a-z_]+)="([^"]*)"')


def find_exporter() -> Path:
    """The binary that the embedded cluster's image holds; the test is skipped where none was built."""
    try:
        file = REDIS_EXPORTER.file(Paths.from_environment())
    except UserError as error:
        pytest.skip(f"the exporter's place in the cache can't be told: {error}")
    if not file.exists():
        pytest.skip("redis_exporter is not in the cache: `make up` builds it")
    return file


@dataclass(frozen=True)
class Sample:
    """One line of what an exporter shows."""

    name: str
    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class ExporterProcess:
    """A running exporter at `url`."""

    url: str
    process: subprocess.Popen[bytes]

    def get(self, path: str) -> str:
        """What it answers. httpx.HTTPStatusError when that is an error."""
        return httpx.get(f"{self.url}{path}", timeout=30).raise_for_status().text

    def scrape(self) -> list[Sample]:
        """All samples of one scrape."""
        lines = (line for line in self.get("/metrics").splitlines() if not line.startswith("#"))
        matches = (_SAMPLE.fullmatch(line) for line in lines)
        return [
            Sample(match["name"], dict(_LABEL.findall(match["labels"] or "")), float(match["value"]))
            for match in matches
            if match is not None
        ]

    def value(self, metric: str) -> float:
        """Of a metric with one sample."""
        (found,) = (sample.value for sample in self.scrape() if sample.name == metric)
        return found


@contextmanager
def running_exporter(ip: str, arguments: Sequence[str], log: Path) -> Generator[ExporterProcess]:
    """An exporter that listens at an address of this machine, until the block ends."""
    listens = f"{ip}:{METRICS_PORT}"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [find_exporter(), *arguments, f"--web.listen-address={listens}"], stdout=output, stderr=output, env={}
        )
    exporter = ExporterProcess(f"http://{listens}", process)
    try:
        wait_until(lambda: _answers(exporter), "the exporter answers")
        yield exporter
    finally:
        process.kill()
        process.wait()


def _answers(exporter: ExporterProcess) -> bool:
    assert exporter.process.poll() is None, "the exporter has ended"
    try:
        return exporter.get("/health") == "ok"
    except httpx.TransportError:
        return False
