"""How often a start that has to wait looks again, and that none waits that need not."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.remembering import Remembering
from tests.unit.webtier.redis_cluster.agent.redis.test_users import secret_folder
from tests.unit.webtier.redis_cluster.agent.start.test_start_decision import DOMAIN, make_data, node
from webtier.redis_cluster.agent.redis.client import Connector
from webtier.redis_cluster.agent.start import starter as module
from webtier.redis_cluster.agent.start.announce import Pod
from webtier.redis_cluster.agent.start.data_folder import DataFolder
from webtier.redis_cluster.agent.start.start_handshake import StartHandshake
from webtier.redis_cluster.agent.start.starter import Starter


@dataclass
class Volumes:
    """Of a pod of a cluster that was formed, whose start script asks. Nobody has an address."""

    folder: Path

    def __post_init__(self) -> None:
        self.looked: list[float] = []
        self.data, self.run, self.auth = (self.folder / name for name in ("data", "run", "auth"))
        for each in (self.data, self.run, self.auth):
            each.mkdir()
        (self.run / "asks").write_text("1\n")
        (self.folder / "formed").touch()
        self.console = Remembering()

    def starter(self, failover_after: float | None = None) -> Starter:
        pod = Pod("r-shard-0-0", DOMAIN, "10.9.0.9", formed=self.folder / "formed")
        connector = Connector(lambda: "", resolve=self._resolve)
        files, handshake = secret_folder(self.auth, ["password"]), StartHandshake(self.run)
        return Starter(pod, DataFolder(self.data), files, handshake, connector, self.console, failover_after)

    def _resolve(self, host: str) -> list[str]:
        if host == DOMAIN:
            self.looked.append(time.monotonic())
        return []


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    return Volumes(tmp_path)


def test_a_start_that_waits_asks_all_others_once_a_second(volumes: Volumes) -> None:
    starter = volumes.starter()
    began = time.monotonic()
    while len(volumes.looked) < 2:
        assert not starter.step()
    assert time.monotonic() - began >= module.LOOK_AGAIN
    assert volumes.console.said("Redis is not started: this node has neither data nor nodes.conf")


def test_a_start_that_need_not_wait_is_answered_at_once(volumes: Volumes) -> None:
    make_data(volumes.data, node("0-0"))
    assert volumes.starter().step()


def test_each_start_is_looked_at_at_once(volumes: Volumes) -> None:
    starter = volumes.starter()
    assert not starter.step()
    make_data(volumes.data, node("0-0"))
    (volumes.run / "asks").write_text("2\n")
    assert starter.step()


def test_an_accepted_loss_outlives_the_delay_of_a_restart(volumes: Volumes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that says so is gone by then."""
    replicas = ["r-shard-0-1", None]

    class Delay:
        @classmethod
        def of(cls, *_: object) -> Self:
            return cls()

        def promotable_replica(self) -> str | None:
            return replicas.pop(0)

    monkeypatch.setattr(module, "RestartDelay", Delay)
    DataFolder(volumes.data).accept_file.touch()
    starter = volumes.starter(failover_after=1.5)
    assert not starter.step()
    assert not DataFolder(volumes.data).accept_file.exists()
    assert starter.step()
