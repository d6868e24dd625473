"""The configuration and the scripts of a single Redis, with a real one."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import AuthenticationError

from tests.cluster.harness.redis_clients import RedisClient, redis_client
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import wait_until
from tests.unit.webtier.redis_cluster.agent.harness.servers import find_redis_server, only_its_programs
from tests.unit.webtier.redis_standalone.standalone_objects import CONFIG_MAP, auth_files, record


class RealRedis:
    """The component's own files and scripts, with paths and port of this machine."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        recording = record(settings)
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.files = {**recording.one(CONFIG_MAP, "sessions-conf").inputs["data"], **auth_files(recording)}
        for name, text in self.files.items():
            (folder / name).write_text(self._on_this_machine(text))

    def _on_this_machine(self, text: str) -> str:
        for path in ("/etc/webtier-redis/conf", "/etc/webtier-redis/auth", "/data"):
            text = text.replace(path, str(self._folder))
        return text.replace("6379", str(self._port)).replace("bind * -::*", "bind 127.0.0.1")

    def start(self) -> None:
        self.process = subprocess.Popen([find_redis_server(), self._folder / "redis.conf"], stdout=subprocess.DEVNULL)
        wait_until(lambda: self.ask("ready.sh")[0], "Redis is ready")

    def ask(self, script: str) -> tuple[bool, str]:
        command = ["/bin/sh", self._folder / script]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=only_its_programs())
        return done.returncode == 0, done.stdout.strip()

    def client(self, password: str | None = None) -> RedisClient:
        return redis_client("127.0.0.1", self._port, password or self.files["password"])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def real_redis(tmp_path: Path) -> Iterator[RealRedis]:
    redis = RealRedis(tmp_path, {"conf": {"appendfsync": "always"}})
    redis.start()
    yield redis
    redis.kill()


def test_redis_starts_asks_for_the_password_and_keeps_its_data(real_redis: RealRedis) -> None:
    with real_redis.client() as client:
        assert client.config_get("maxmemory") == {"maxmemory": str(int(0.7 * 256 * 2**20))}
        client.set("key", "value")
    with real_redis.client("a guess") as stranger, pytest.raises(AuthenticationError):
        stranger.get("key")
    real_redis.kill()
    assert not real_redis.ask("alive.sh")[0]
    ready, said = real_redis.ask("ready.sh")
    assert (ready, "Connection refused" in said) == (False, True)
    real_redis.start()
    with real_redis.client() as client:
        assert client.get("key") == "value"


def test_redis_with_another_password_than_the_clients_is_alive_but_not_ready(real_redis: RealRedis) -> None:
    with real_redis.client() as client:
        client.config_set("requirepass", "another")
    assert real_redis.ask("alive.sh") == (True, "")
    ready, said = real_redis.ask("ready.sh")
    assert not ready
    assert "WRONGPASS" in said


def test_redis_reads_further_keys_as_they_were_meant(tmp_path: Path) -> None:
    title = "a \\ \"title\" 'of' {listen-addr} naïve"
    extra = {
        "active-expire-effort": 2,
        "client-output-buffer-limit": ["pubsub", "64mb", "16mb", 60],
        "latency-tracking-info-percentiles": [50, 99.9],
        "lazyfree-lazy-eviction": True,
        "notify-keyspace-events": "",
        "oom-score-adj-values": "0 200 800",
        "proc-title-template": title,
    }
    redis = RealRedis(tmp_path, {"conf": {"extra": extra}})
    redis.start()
    try:
        with redis.client() as client:
            found = client.config_get("*")
    finally:
        redis.kill()
    assert {key: found[key] for key in extra} == {
        "active-expire-effort": "2",
        "client-output-buffer-limit": "normal 0 0 0 slave 268435456 67108864 60 pubsub 67108864 16777216 60",
        "latency-tracking-info-percentiles": "50 99.9",
        "lazyfree-lazy-eviction": "yes",
        "notify-keyspace-events": "",
        "oom-score-adj-values": "0 200 800",
        "proc-title-template": title,
    }
