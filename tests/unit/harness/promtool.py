"""Prometheus' own checker of rules, and series as a Prometheus would have scraped them."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from command_line.paths import Paths

NAMESPACE = "shop"
CLUSTER = "redis"

Labels = Mapping[str, str]


def find_promtool() -> str:
    """Its path; the test is skipped where there is none."""
    cached = Paths.from_environment().cache / "tools" / "promtool"
    found = os.environ.get("PROMTOOL") or shutil.which("promtool") or (str(cached) if cached.exists() else None)
    if not found:
        pytest.skip("promtool is neither on PATH, nor named by PROMTOOL, nor in the cache (`make unit` puts it there)")
    return found


def run_promtool(*words: str | Path) -> None:
    """AssertionError with what it says, when it finds something wrong."""
    done = subprocess.run([find_promtool(), *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@dataclass
class ScrapedSeries:
    """Series with a value a minute, each by its metric and labels, for tests to break."""

    series: dict[tuple[str, frozenset[tuple[str, str]]], str] = field(
        default_factory=dict[tuple[str, frozenset[tuple[str, str]]], str], kw_only=True
    )

    def put(self, metric: str, values: str, labels: Labels) -> None:
        """A series in promtool's notation: `1x60` is 1 for an hour, `0+6x60` rises by 6 a minute."""
        self.series[metric, frozenset(labels.items())] = values

    def set(self, metric: str, values: str, **labels: str) -> None:
        """Gives other values to all series of a metric that have these labels."""
        for key in self._found(metric, labels):
            self.series[key] = values

    def lose(self, metric: str | None = None, **labels: str) -> None:
        """Takes the series of a metric, or of all, that have these labels."""
        for key in self._found(metric, labels):
            del self.series[key]

    def scraped_twice(self) -> None:
        """As by an operator and by annotations at once."""
        for (metric, labels), values in list(self.series.items()):
            self.put(metric, values, {**dict(labels), "job": "pods"})

    def input_series(self) -> list[Mapping[str, str]]:
        return [
            {"series": f"{metric}{{{_matchers(dict(labels))}}}", "values": values}
            for (metric, labels), values in self.series.items()
        ]

    def _found(self, metric: str | None, labels: Labels) -> list[tuple[str, frozenset[tuple[str, str]]]]:
        found = [key for key in self.series if metric in (None, key[0]) and labels.items() <= dict(key[1]).items()]
        assert found, (metric, labels)
        return found


@dataclass
class Scraped(ScrapedSeries):
    """A healthy Redis Cluster.

    Member m of shard s is on the node number (s + m) modulo 3 of a, b, c. `masters` names each shard's master by
    its member number.
    """

    shards: int = 3
    replicas: int = 1
    masters: Mapping[int, int] = field(default_factory=dict[int, int])
    namespace: str = NAMESPACE
    cluster: str = CLUSTER

    def __post_init__(self) -> None:
        for shard in range(self.shards):
            for member in range(self.replicas + 1):
                self._add_member(shard, member, is_master=member == self.masters.get(shard, 0))

    def pod(self, shard: int, member: int) -> str:
        return f"{self.cluster}-shard-{shard}-{member}"

    def add(self, metric: str, values: str, pod: str, **labels: str) -> None:
        """A series of a pod."""
        shard, member = map(int, pod.split("-")[-2:])
        node = "abc"[(shard + member) % 3]
        self.put(metric, values, {"namespace": self.namespace, "pod": pod, "node": node, "job": "metrics", **labels})

    def _add_member(self, shard: int, member: int, is_master: bool) -> None:
        pod, members = self.pod(shard, member), self.shards * (self.replicas + 1)
        for metric, value in (*_EACH_MEMBER, ("redis_cluster_known_nodes", members)):
            self.add(metric, f"{value}x60", pod)
        for metric in ("redis_evicted_keys_total", "redis_rejected_connections_total"):
            self.add(metric, "0x60", pod)
        # What clients of any Redis Cluster cause all the time.
        self.add("redis_errors_total", "0+60x60", pod, err="MOVED")
        self.add("redis_instance_info", "1x60", pod, role="master" if is_master else "slave")
        if not is_master:
            self.add("redis_master_link_up", "1x60", pod, master_host="10.0.0.1", master_port="6379")
            return
        for replica in range(self.replicas):
            where = {"slave_ip": f"10.0.{shard}.{replica}", "slave_port": "6379", "slave_state": "online"}
            self.add("redis_connected_slave_lag_seconds", "1x60", pod, **where)


_EACH_MEMBER = (
    ("up", 1),
    ("redis_up", 1),
    ("redis_cluster_state", 1),
    ("redis_cluster_slots_ok", 16384),
    ("redis_aof_last_write_status", 1),
    ("redis_aof_last_bgrewrite_status", 1),
    ("redis_rdb_last_bgsave_status", 1),
    ("redis_memory_used_bytes", 500_000_000),
    ("redis_memory_max_bytes", 1_000_000_000),
)


def check_rules(folder: Path, groups: Mapping[str, Any]) -> None:
    """Has promtool read the rules: the file's form, PromQL and the templates."""
    (folder / "rules.yaml").write_text(yaml.safe_dump(groups))
    run_promtool("check", "rules", folder / "rules.yaml")


def evaluate(folder: Path, rules: str, scraped: ScrapedSeries, **expected: Any) -> None:
    """Has promtool evaluate the rules over what was scraped. `expected` are the tests, as promtool wants them."""
    (folder / "rules.yaml").write_text(rules)
    document = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": scraped.input_series(), **expected}],
    }
    (folder / "tests.yaml").write_text(yaml.safe_dump(document))
    run_promtool("test", "rules", folder / "tests.yaml")


def firing(alerts: Mapping[str, int], minute: int) -> Mapping[str, Any]:
    """Expects exactly these alerts, and of each so many, after so many minutes."""
    samples = [{"labels": f'{{alertname="{name}"}}', "value": count} for name, count in alerts.items()]
    expression = 'count by (alertname) (ALERTS{alertstate="firing"})'
    return {"expr": expression, "eval_time": f"{minute}m", "exp_samples": samples}


def _matchers(labels: Labels) -> str:
    return ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
