"""Reports of small changes, which most tests begin with."""

from dataclasses import replace
from typing import Any

from operations.preview.model.change import Change
from operations.preview.model.differences import Difference
from operations.preview.report.build import build
from operations.preview.report.document import Report, StackReport
from tests.unit.operations.preview.engine_log import change_of, changed, component, state, step

WEB = component("WebService", "user-v1")
REDIS = component("RedisCluster", "redis")
SETTING = Difference(("services", "user-v1", "replicas"), 3, 5)


def stack(change: Change, *settings: Difference, name: str = "prod") -> StackReport:
    return build(replace(change, stack=name), "its state", settings)


def report(*events: Any, **options: Any) -> Report:
    return Report((stack(change_of(*events, **options), SETTING),), commit="c0ffee", time="2026-11-26T12:00:00+00:00")


SCALED = changed("Deployment", "user-v1", {"spec": {"replicas": 3}}, {"spec": {"replicas": 5}}, WEB)
ROLLED = changed("Deployment", "user-v1", {"spec": {"template": {"a": 1}}}, {"spec": {"template": {"a": 2}}}, WEB)
LOST = step("delete", "StatefulSet", "redis-shard-2", parent=REDIS, old=state("StatefulSet", "redis-shard-2", REDIS))
